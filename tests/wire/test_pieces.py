"""Long messages in parts, as :class:`Decoder` returns them with a ``piece_size``."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import BINARY, TEXT, close, frame

from trio_ws_dom._wire._decoder import MAX_WORK, Decoder
from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._frames import Close, Ping
from trio_ws_dom._wire._parts import PARTS, BinaryPart, TextPart, as_part

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from trio_ws_dom._wire._messages import Message

PING = frame(9, b"ping")
PIECE = 100


def decoder(piece_size: int | None = PIECE, limit: int | None = None) -> Decoder:
    return Decoder(
        max_message_size=limit, inflater=Inflater(DeflateParameters()), piece_size=piece_size
    )


def take_all(decoder: Decoder, *chunks: bytes) -> tuple[list[Message], int | None]:
    """Return all messages and parts of these chunks, and the code with which they fail, if any."""
    items: list[Message] = []
    try:
        for chunk in chunks:
            decoder.feed(chunk)
            while True:
                items += decoder.take()[0]
                if decoder.hungry:
                    break
    except ProtocolError as exc:
        return items, exc.code
    return items, None


def wholes(items: list[Message]) -> list[Message]:
    """Return whole messages, without the parts of one that has no end."""
    found: list[Message] = []
    parts: list[Message] = []
    for item in items:
        parts.append(item)
        if not isinstance(item, PARTS):
            found.append(parts[0][:0].join(parts))  # type: ignore[arg-type]  # one kind: see below
            parts = []
    return found


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def stored(data: bytes) -> bytes:
    """Return data as a block that is not compressed."""
    return (
        b"\0" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data
    )


@st.composite
def messages(draw: DrawFn) -> bytes:
    """Generate a message in fragments, plain or compressed, maybe with an invalid byte."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    data = draw(st.text(max_size=300)).encode() * draw(st.integers(0, 3))
    data += draw(st.sampled_from([b"", b"", b"", b"", b"\xff", b"\xe2\x82"]))
    rsv = draw(st.sampled_from([0, 4]))
    data = deflated(data) if rsv else data
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    between = draw(st.sampled_from([b"", PING]))
    return between.join(
        frame(0 if i else opcode, part, fin=i == len(parts) - 1, rsv=0 if i else rsv)
        for i, part in enumerate(parts)
    )


@st.composite
def chunked(draw: DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@settings(max_examples=300)
@given(st.data(), st.lists(messages(), max_size=4).map(b"".join), st.sampled_from([1, 7, 100]))
def test_parts_make_the_message(data: st.DataObject, sent: bytes, size: int) -> None:
    """However the bytes come, joined parts are the messages that come whole, and fail the same."""
    limit = data.draw(st.sampled_from([None, 500]))
    expected = take_all(decoder(None, limit), sent)
    items, code = take_all(decoder(size, limit), *data.draw(chunked(sent)))
    assert (wholes(items), code) == expected


@given(st.data(), messages())
def test_parts_are_of_one_kind_and_not_empty(data: st.DataObject, sent: bytes) -> None:
    """A part's class shows the kind of its message, and there is none without contents."""
    items, _ = take_all(decoder(1), *data.draw(chunked(sent)))
    assert len({str if isinstance(item, str) else bytes for item in items}) <= 1
    assert all(items[:-1])


def test_a_large_frame_in_parts() -> None:
    """What has come of a frame is returned once it is enough, and no sooner."""
    made, sent = decoder(), frame(BINARY, b"x" * 250)
    sizes = [4 + 99, 1, 99, 1, 50]
    items: list[list[str | bytes]] = []
    for size in sizes:
        items.append(take_all(made, sent[:size])[0])
        sent = sent[size:]
    assert items == [[], [b"x" * 100], [], [b"x" * 100], [b"x" * 50]]
    assert [type(item[0]) for item in items if item] == [BinaryPart, BinaryPart, bytes]


def test_a_message_that_is_there_is_whole() -> None:
    """It is whole however large, as parts are for what is unfinished."""
    items, _ = take_all(decoder(), frame(BINARY, b"x" * 5000) + frame(TEXT, b"y" * 5000))
    assert [type(item) for item in items] == [bytes, str]


def test_a_fragment_does_not_wait_for_the_next() -> None:
    """Bytes that end with a fragment return it, small as it is, but not half of one."""
    made = decoder()
    assert take_all(made, frame(TEXT, b"one", fin=False))[0] == [TextPart("one")]
    assert take_all(made, frame(0, b"two", fin=False)[:4]) == ([], None)
    assert take_all(made, b"o" + PING) == ([TextPart("two")], None)
    assert take_all(made, frame(0, b"", fin=False)) == ([], None)
    items, _ = take_all(made, frame(0, b"three"))
    assert (items, type(items[0])) == (["three"], str)


def test_fragments_that_come_together_are_joined() -> None:
    """Parts are made where there is nothing more to read, and where there is enough."""
    sent = frame(BINARY, b"x" * 40, fin=False) + frame(0, b"x" * 40, fin=False) * 4
    assert [len(item) for item in take_all(decoder(), sent)[0]] == [120, 80]


def test_a_control_frame_after_a_part() -> None:
    """A part before a control frame is returned before it, as with a Close it would be lost."""
    made = decoder()
    made.feed(frame(BINARY, b"one", fin=False) + PING + frame(0, b"two", fin=False) + close(1000))
    assert made.take() == ([BinaryPart(b"one")], Ping(b"ping"))
    assert made.take() == ([BinaryPart(b"two")], Close(1000))


def test_parts_end_with_a_whole_character() -> None:
    """A character that was cut is in the next part."""
    made, euro = decoder(4), "€".encode()
    items = [
        take_all(made, frame(TEXT, b"abc" + euro[:1], fin=False))[0],
        take_all(made, frame(0, euro[1:2], fin=False))[0],
        take_all(made, frame(0, euro[2:], fin=False))[0],
        take_all(made, frame(0))[0],
    ]
    assert items == [["abc"], [], ["€"], [""]]


def test_a_wrong_byte_fails_at_once() -> None:
    """It does not wait for the message's end, which may never come."""
    made = decoder()
    assert take_all(made, frame(TEXT, b"fine", fin=False)) == (["fine"], None)
    assert take_all(made, frame(0, b"x\xff" + b"y" * 50, fin=False)) == ([], 1007)


@pytest.mark.parametrize("rsv", [0, 4])
def test_the_limit_is_the_whole_messages(rsv: int) -> None:
    """Returned parts count."""
    made, payload = decoder(limit=250), stored(b"x" * 300) if rsv else b"x" * 300
    start = len(payload) - 300  # of the x
    first, second, third = payload[: start + 100], payload[-200:-100], payload[-100:]
    assert take_all(made, frame(BINARY, first, fin=False, rsv=rsv)) == ([b"x" * 100], None)
    assert take_all(made, frame(0, second, fin=False)) == ([b"x" * 100], None)
    assert take_all(made, frame(0, third)) == ([], 1009)


def test_inflated_parts_are_bounded() -> None:
    """A small frame that inflates to much is inflated in steps, as parts are taken."""
    made, size = decoder(64 * 1024), 64 << 20
    made.feed(frame(BINARY, deflated(bytes(size)), rsv=4))
    largest, came = 0, 0
    while True:
        batch = made.take()[0]
        largest = max(largest, sum(map(len, batch)))
        came += sum(map(len, batch))
        if made.hungry:
            break
    assert came == size
    assert largest <= MAX_WORK + 64 * 1024


def test_a_batch_of_parts_is_bounded() -> None:
    """Much that has come already is returned in bounded batches."""
    made = decoder(64 * 1024)
    made.feed(frame(BINARY, b"x" * 65536, fin=False) + frame(0, b"x" * 65536, fin=False) * 15)
    batches: list[int] = []
    while not batches or not made.hungry:
        batches.append(sum(map(len, made.take()[0])))
    assert (max(batches), sum(batches)) == (MAX_WORK // 2, 16 * 65536)


def test_nothing_after_a_close() -> None:
    """A Close in the middle of a message ends it, and what was returned stays its start."""
    made = decoder()
    items, code = take_all(made, frame(TEXT, b"one", fin=False), close(1000))
    assert (items, [type(item) for item in items], code) == (["one"], [TextPart], None)
    assert take_all(made, frame(0, b"two")) == ([], None)


def test_what_there_is_of_a_message() -> None:
    """It is a part, of either kind."""
    assert (as_part("one"), type(as_part("one"))) == ("one", TextPart)
    assert (as_part(b"one"), type(as_part(b"one"))) == (b"one", BinaryPart)


def test_a_single_character_before_a_close() -> None:
    """However little it is, it is returned."""
    items, code = take_all(decoder(), frame(TEXT, b"x", fin=False) + close(1000))
    assert (items, code) == (["x"], None)
