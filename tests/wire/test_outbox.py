"""The outbox, by what is written when, and what is counted."""

from __future__ import annotations

import pytest
from support.frames import BINARY, CLOSE, PING, PONG, TEXT
from support.peer import Frame, Peer
from trio.testing import memory_stream_pair

from trio_ws_dom._net._masks import new_masks
from trio_ws_dom._wire._frames import FIN, LONG, Close
from trio_ws_dom._wire._outbox import BATCH, MAX_PENDING_PONGS, Outbox


def put(outbox: Outbox, payload: bytes, opcode: int = TEXT) -> None:
    outbox.put(FIN | opcode, payload, len(payload))


def frames(data: bytes) -> list[Frame]:
    """Return the frames in what would be written, all of which must be whole."""
    peer = Peer(memory_stream_pair()[0])
    peer._buffer = bytes(data)
    found = list(iter(peer._parse, None))
    assert peer._buffer == b""
    return found


def write_all(outbox: Outbox) -> list[Frame]:
    """Write until nothing remains."""
    written: list[Frame] = []
    while outbox.fill():
        written += frames(bytes(outbox.head))
        outbox.sent(len(outbox.head))
    return written


def test_empty_outbox_has_nothing_to_write() -> None:
    """Nothing is to be written."""
    outbox = Outbox(new_masks)
    assert not outbox
    assert not outbox.fill()
    assert outbox.amount == 0


def test_one_write_for_many_frames() -> None:
    """What was queued in the meantime is sent in one piece, in order."""
    outbox = Outbox(new_masks)
    put(outbox, b"one")
    put(outbox, b"two", BINARY)
    assert outbox
    assert outbox.fill()
    assert frames(bytes(outbox.head)) == [Frame(TEXT, b"one"), Frame(BINARY, b"two")]


def test_a_write_has_a_size() -> None:
    """A burst is sent in pieces of a batch's size each, not in one that doubles the memory."""
    outbox = Outbox(new_masks)
    for number in range(10):
        put(outbox, bytes([number]) * (BATCH // 4))
    outbox.fill()
    assert len(outbox.head) < 2 * BATCH
    assert [got.payload[0] for got in write_all(outbox)] == list(range(10))


def test_each_frame_has_a_mask_of_its_own() -> None:
    """Two frames of one payload differ on the wire, also beyond one pool of randomness."""
    outbox = Outbox(new_masks)
    seen: set[bytes] = set()
    for _ in range(600):
        put(outbox, b"")
        outbox.fill()
        seen.add(bytes(outbox.head))
        outbox.sent(len(outbox.head))
    assert len(seen) > 590


def test_amount_falls_when_all_of_a_write_has_left() -> None:
    """It rises with each frame, by the caller's number, and falls with the write."""
    outbox = Outbox(new_masks)
    outbox.put(FIN | TEXT, b"12345678", 1000)
    put(outbox, b"12")
    assert outbox.amount == 1002
    outbox.fill()
    assert outbox.sent(3) is None
    assert outbox.amount == 1002
    outbox.sent(len(outbox.head))
    assert outbox.amount == 0


def test_the_rest_of_a_write_goes_on() -> None:
    """After a partial write the rest comes first, and new frames wait for it."""
    outbox = Outbox(new_masks)
    put(outbox, b"hello")
    outbox.fill()
    data = bytes(outbox.head)
    outbox.sent(4)
    put(outbox, b"more")
    assert outbox.fill()
    assert bytes(outbox.head) == data[4:]
    outbox.sent(len(outbox.head))
    assert write_all(outbox) == [Frame(TEXT, b"more")]


def test_close_is_last() -> None:
    """It is sent with the last of the data, not before, and ``sent`` shows when it was."""
    outbox = Outbox(new_masks)
    put(outbox, b"x" * BATCH)
    outbox.put_close(Close(1000))
    put(outbox, b"latest")
    outbox.fill()
    assert [got.opcode for got in frames(bytes(outbox.head))] == [TEXT]
    assert outbox.sent(len(outbox.head)) is None
    outbox.fill()
    assert frames(bytes(outbox.head))[-1] == Frame(CLOSE, b"\x03\xe8")
    assert outbox.sent(1) is None
    assert outbox.sent(len(outbox.head)) == Close(1000)
    assert not outbox


def test_close_that_has_not_left_can_be_replaced() -> None:
    """A failure while a Close is queued sends its own code, after which nothing may follow."""
    outbox = Outbox(new_masks)
    outbox.put_close(Close(1000))
    outbox.put_close(Close(1002))
    assert write_all(outbox) == [Frame(CLOSE, b"\x03\xea")]
    outbox.put_close(Close(1009))
    outbox.put_pong(b"late")
    assert not outbox


def test_pongs_go_first() -> None:
    """A long queue does not delay the answer to a Ping, and Pongs keep their order."""
    outbox = Outbox(new_masks)
    put(outbox, b"data")
    outbox.put_pong(b"1")
    outbox.put_pong(b"2")
    assert outbox
    assert write_all(outbox) == [Frame(PONG, b"1"), Frame(PONG, b"2"), Frame(TEXT, b"data")]


@pytest.mark.parametrize("count", [MAX_PENDING_PONGS + more for more in (-1, 0, 1, 1000)])
def test_pongs_are_bounded(count: int) -> None:
    """Of a flood of Pings the latest are answered (RFC 6455 section 5.5.3)."""
    outbox = Outbox(new_masks)
    pongs = [Frame(PONG, b"%d" % number) for number in range(count)]
    for pong in pongs:
        outbox.put_pong(pong.payload)
    assert write_all(outbox) == pongs[-MAX_PENDING_PONGS:]


def test_ping_overtakes_queued_data() -> None:
    """A Ping goes ahead of queued data, but not into the middle of a write."""
    outbox = Outbox(new_masks)
    put(outbox, b"being written")
    outbox.fill()
    put(outbox, b"queued")
    outbox.put_pong(b"answer")
    outbox.put_ping(b"ping")
    kinds = [got.opcode for got in write_all(outbox)]
    assert kinds[0] == TEXT
    assert sorted(kinds[1:3]) == [PING, PONG]
    assert kinds[3:] == [TEXT]


def test_ping_alone_is_written_once() -> None:
    """It is written, once."""
    outbox = Outbox(new_masks)
    outbox.put_ping(b"1")
    assert outbox
    assert write_all(outbox) == [Frame(PING, b"1")]
    assert not outbox


def test_one_ping_waits() -> None:
    """A later one replaces one that was not handed to the writer."""
    outbox = Outbox(new_masks)
    for payload in (b"1", b"2", b"3"):
        outbox.put_ping(payload)
    outbox.fill()
    outbox.put_ping(b"4")
    assert write_all(outbox) == [Frame(PING, b"3"), Frame(PING, b"4")]


def test_ping_waits_for_the_writer() -> None:
    """A Ping waits until the writer has taken it."""
    outbox = Outbox(new_masks)
    waits = [outbox.ping_waits]
    outbox.put_ping(b"1")
    waits.append(outbox.ping_waits)
    outbox.fill()
    waits.append(outbox.ping_waits)
    assert waits == [False, True, False]


def test_no_ping_after_the_close() -> None:
    """One that is queued is sent before the Close, and none is sent after it."""
    outbox = Outbox(new_masks)
    outbox.put_close(Close(1000))
    outbox.put_ping(b"1")
    assert [got.opcode for got in write_all(outbox)] == [PING, CLOSE]
    outbox.put_ping(b"2")
    assert not outbox


def writes(outbox: Outbox) -> list[bytes]:
    """Return each write, until nothing remains."""
    written: list[bytes] = []
    while outbox.fill():
        written.append(bytes(outbox.head))
        outbox.sent(len(outbox.head))
    return written


@pytest.mark.parametrize("size", [LONG, LONG + 1, 2 * LONG, 5 * LONG + 3])
def test_a_long_frame_leaves_in_blocks(size: int) -> None:
    """None of the writes is much longer than a block, and together they are the frame."""
    outbox = Outbox(new_masks)
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    put(outbox, b"before")
    put(outbox, payload, BINARY)
    put(outbox, b"latest")
    assert outbox
    written = writes(outbox)
    assert max(map(len, written)) < LONG + 64
    assert frames(b"".join(written)) == [
        Frame(TEXT, b"before"),
        Frame(BINARY, payload),
        Frame(TEXT, b"latest"),
    ]
    assert not outbox


def test_a_long_frame_counts_as_it_leaves() -> None:
    """It counts by its blocks, also where it is compressed and counts for more than it has."""
    outbox = Outbox(new_masks)
    outbox.put(FIN | BINARY, bytes(4 * LONG), 1001)
    amounts: list[int] = []
    while outbox.fill():
        outbox.sent(1)
        amounts.append(outbox.amount)
        outbox.sent(len(outbox.head))
    assert amounts == [1001, 751, 501, 251]
    assert outbox.amount == 0


def test_nothing_comes_between_the_blocks_of_a_frame() -> None:
    """Control frames wait for its end, earlier ones go ahead, and the Close comes after it.

    RFC 6455 section 5.4 allows them between the frames of a message only.
    """
    outbox = Outbox(new_masks)
    payload = bytes(3 * LONG)
    outbox.put_pong(b"ahead")
    put(outbox, payload, BINARY)
    outbox.fill()
    written = bytes(outbox.head)
    outbox.sent(len(outbox.head))
    assert frames(written) == [Frame(PONG, b"ahead")]
    outbox.fill()
    outbox.put_pong(b"1")
    outbox.put_ping(b"2")
    outbox.put_close(Close(1000))
    assert frames(b"".join(writes(outbox))) == [
        Frame(BINARY, payload),
        Frame(PING, b"2"),
        Frame(PONG, b"1"),
        Frame(CLOSE, b"\x03\xe8"),
    ]


def test_of_a_long_frame_that_has_begun_there_is_more_to_write() -> None:
    """There is between two blocks, with nothing else queued."""
    outbox = Outbox(new_masks)
    put(outbox, bytes(LONG + 1), BINARY)
    outbox.fill()
    outbox.sent(len(outbox.head))
    assert outbox
    outbox.fill()
    outbox.sent(len(outbox.head))
    assert not outbox
