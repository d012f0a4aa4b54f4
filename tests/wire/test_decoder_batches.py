"""Batches, by how much one take() returns, and what comes after it when a rule is broken."""

from __future__ import annotations

import tracemalloc

import pytest
from support.decoding import (
    HELLO,
    KIB,
    MIB,
    Answer,
    close_frame,
    decode,
    decoder,
    deflate,
    feed,
)
from support.deflating import bomb
from support.frames import raw_frame

from trio_ws_dom._wire._decoder import FRAME_WORK, MAX_BATCH, MAX_WORK
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._frames import BINARY, FIN, PING, RSV1, TEXT, Ping

# Batches


@pytest.mark.parametrize("payload", [b"", b"x", b"x" * 200])
def test_a_batch_is_bounded_by_count(payload: bytes) -> None:
    tried = decoder()
    tried.feed(raw_frame(FIN | BINARY, payload) * (MAX_BATCH + 1))
    assert tried.take() == ([payload] * MAX_BATCH, None)
    assert tried.take() == ([payload], None)
    assert tried.take() == ([], None)


def test_a_batch_of_fast_messages_and_others_is_bounded_by_count() -> None:
    """This also holds where the plain path has the first, or every hundredth."""
    tried = decoder()
    plain = raw_frame(BINARY, b"a") + raw_frame(FIN, b"b")
    tried.feed((plain + HELLO * 99) * 30)
    assert [len(tried.take()[0]) for _ in range(4)] == [MAX_BATCH, MAX_BATCH, 3000 - 2048, 0]


def test_a_batch_is_bounded_by_bytes() -> None:
    """It ends with the message that reaches the bound."""
    tried = decoder()
    half = bytes(MAX_WORK // 4)
    tried.feed(raw_frame(FIN | BINARY, half) * 3)
    assert tried.take() == ([half, half], None)
    assert tried.take() == ([half], None)


def test_a_byte_below_the_bound_there_is_one_more() -> None:
    """The bound is where a batch ends, not what fits into it."""
    tried = decoder()
    least = MAX_WORK // 2 - FRAME_WORK  # the most that leaves no work for another frame
    sizes = (least - 1, 64 * KIB, 64 * KIB)  # none is for the fast path
    tried.feed(b"".join(raw_frame(FIN | BINARY, bytes(size)) for size in sizes))
    assert [[len(message) for message in tried.take()[0]] for _ in range(3)] == [
        [least - 1, 64 * KIB],
        [64 * KIB],
        [],
    ]


def test_a_batch_is_bounded_by_inflated_bytes() -> None:
    """1,000 messages of 100 KiB, in 150 bytes each, come three at a time."""
    tried = decoder(compression=True)
    tried.feed(raw_frame(FIN | RSV1 | BINARY, deflate(bytes(100 * KIB))) * 1000)
    assert {len(tried.take()[0]) for _ in range(10)} == {3}


def test_the_next_batch_has_all_its_room() -> None:
    """What one batch used is not missing in the next."""
    tried = decoder()
    tried.feed(raw_frame(FIN | BINARY, bytes(MAX_WORK // 2)) * 2)
    assert [len(tried.take()[0]) for _ in range(3)] == [1, 1, 0]


# Failures


@pytest.mark.parametrize(
    "broken",
    [b"\x83", raw_frame(FIN | TEXT, b"\xff"), raw_frame(FIN), b"\x81\x85", close_frame(b"x")],
)
def test_messages_before_a_broken_frame_come_first(broken: bytes) -> None:
    """Then comes the failure once, and nothing after it."""
    tried = decoder()
    tried.feed(HELLO * 2 + broken + HELLO)
    assert tried.take() == (["Hello"] * 2, None)
    with pytest.raises(ProtocolError):
        tried.take()
    assert tried.take() == ([], None)
    assert feed(tried, HELLO) == Answer([])


def test_a_control_frame_before_a_broken_one_comes_first() -> None:
    """It ends its batch, so that the next one has the failure."""
    assert decode(raw_frame(FIN | PING), b"\x83") == Answer([Ping(b"")], 1002)


def test_bytes_between_a_failure_and_its_report_are_dropped() -> None:
    """They do not change the failure."""
    tried = decoder()
    tried.feed(HELLO + b"\x83")
    assert tried.take() == (["Hello"], None)
    tried.feed(HELLO)
    with pytest.raises(ProtocolError):
        tried.take()
    assert tried.take() == ([], None)


def test_a_failure_holds_no_bytes() -> None:
    """It keeps neither the bytes after it, nor the message in progress, nor those that still
    come."""
    tried = decoder()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        assert feed(tried, raw_frame(BINARY, bytes(MIB)), b"\x83" + bytes(MIB)) == Answer([], 1002)
        for _ in range(10):
            tried.feed(bytes(MIB))
        assert tracemalloc.get_traced_memory()[0] - before < 64 * KIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_failure_that_is_kept_holds_no_message(opcode: int) -> None:
    """The program may keep the exception, and through its traceback all that it passed."""
    tried = decoder(MIB)
    tracemalloc.start()
    try:
        assert feed(tried, raw_frame(opcode, b"x" * MIB)) == Answer([])
        tried.feed(raw_frame(FIN, b"x"))
        with pytest.raises(ProtocolError) as caught:
            tried.take()
        assert tracemalloc.get_traced_memory()[0] < 64 * KIB
        assert caught.value.__traceback__ is not None
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_failure_that_is_kept_holds_nothing_that_was_inflated(opcode: int) -> None:
    """This is about a whole compressed message that is broken at its end."""
    tried = decoder(compression=True)
    tried.feed(raw_frame(FIN | RSV1 | opcode, bomb(8) + b"\xff" * 9))
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as caught:
            while True:
                assert tried.take() == ([], None)
        assert caught.value.code == 1007
        assert tracemalloc.get_traced_memory()[0] < 64 * KIB
    finally:
        tracemalloc.stop()


def test_a_failure_that_is_kept_holds_no_other_exception() -> None:
    """Python's own exception about text that is not UTF-8 has all of the text."""
    tried = decoder()
    tried.feed(raw_frame(FIN | TEXT, b"\xff" * 1000))
    with pytest.raises(ProtocolError) as caught:
        tried.take()
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_error_says_what_came() -> None:
    """It has a code for the peer and a message for the program."""
    exc = ProtocolError(1002, "expected a, got b")
    assert (exc.code, exc.message, str(exc)) == (1002, "expected a, got b", "expected a, got b")
    assert exc.args == (1002, "expected a, got b")
