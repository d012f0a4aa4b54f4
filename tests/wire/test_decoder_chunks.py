"""Any chunking has the same result, and the fast path and the plain path agree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.decoding import RSV2, Answer, bytewise, decode, decoder, deflate, feed
from support.deflating import bomb, final_blocks
from support.frames import raw_frame

from trio_ws_dom._wire._frames import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, TEXT
from trio_ws_dom._wire._messages import Message

FIRST = st.sampled_from(
    [FIN | TEXT] * 4
    + [FIN | BINARY] * 2
    + [TEXT, BINARY, CONTINUATION, FIN | CONTINUATION, FIN | PING, FIN | PONG, FIN | CLOSE]
    + [FIN | RSV1 | TEXT, RSV1 | BINARY, FIN | RSV1 | PING, FIN | RSV2 | TEXT, PING, FIN | 3]
)
PAYLOAD = st.one_of(
    st.text(max_size=40).map(str.encode),
    st.binary(max_size=40),
    st.text(max_size=20).map(str.encode).map(deflate),
    st.binary(max_size=20).map(final_blocks),
    st.sampled_from([bomb(1), bomb(1) + b"\xff", deflate(b"\xff" + bytes(70_000))]),
    st.sampled_from(
        [b"\x03\xe8", b"\x03\xe8bye", b"x" * 125, b"x" * 126, b"x" * 65_535, b"x" * 65_536]
    ),
)
STREAM = st.lists(st.builds(raw_frame, FIRST, PAYLOAD), max_size=8).map(b"".join)


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Generate a stream of frames, some of them wrong, and the same bytes in chunks."""
    data = draw(STREAM)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return data, [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@settings(deadline=None, derandomize=True)
@given(case=chunked(), compression=st.booleans(), limit=st.sampled_from([None, 0, 20, 125, 1000]))
def test_any_chunking_has_the_same_result(
    case: tuple[bytes, list[bytes]], compression: bool, limit: int | None
) -> None:
    """The messages, control frames and close code are the same, also byte by byte on the plain
    path.

    Only zlib may differ: it may notice that data after the limit is broken (1007) before it returns
    the data that exceeds the limit (1009).
    """

    def answer(chunks: list[bytes]) -> Answer:
        items, code = feed(decoder(limit, compression=compression), *chunks)
        return Answer(items, 1007 if compression and code == 1009 else code)

    data, chunks = case
    assert answer(chunks) == answer([data])
    if len(data) < 5000:
        assert answer(bytewise(data)) == answer([data])


def test_which_rule_was_broken_first_does_not_depend_on_the_chunking() -> None:
    """The wrong byte comes before the one too many, so it counts."""
    data = raw_frame(FIN | RSV1 | TEXT, deflate(b"\xff" + b"x" * 10))
    assert decode(data, limit=5, compression=True) == Answer([], 1007)


@settings(deadline=None, derandomize=True)
@given(payloads=st.lists(st.text(max_size=60) | st.binary(max_size=125), max_size=20))
def test_what_was_encoded_is_decoded(payloads: list[Message]) -> None:
    """They are whole messages, in order, by the fast path and by the plain one."""
    frames = [
        raw_frame(FIN | TEXT, p.encode()) if isinstance(p, str) else raw_frame(FIN | BINARY, p)
        for p in payloads
    ]
    assert decode(*frames) == Answer(list(payloads))
