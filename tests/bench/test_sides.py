"""The benchmark's own parts, as the server's echo and Pings, transports, and many at once."""

from __future__ import annotations

import trio
from support.frames import CLOSE, PING, TEXT, close, frame

from bench.clients.running import AT_ONCE, side_by_side
from bench.clients.transports import Dripping
from bench.frames import header, short_frames
from bench.server import Echo
from bench.work import Work

MASK = b"mask"


def test_short_frames_are_taken_out() -> None:
    """Whole frames are unmasked, and the beginning of the next one stays."""
    data = bytearray(
        frame(PING, b"ping", mask=MASK)
        + frame(CLOSE, mask=MASK)
        + frame(PING, b"cut", mask=MASK)[:-1]
    )
    assert short_frames(data) == [(9, b"ping"), (8, b"")]
    assert data == frame(PING, b"cut", mask=MASK)[:-1]


class Once:
    """A stream that has these bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def receive_some(self, max_bytes: int) -> bytes:
        data, self.data = self.data, b""
        return data


async def test_dripping_gives_everything_in_small_reads() -> None:
    """They have the given size, except the rest, and then comes the end."""
    stream = Dripping(Once(b"abcde"), 2)  # type: ignore[arg-type]  # all of it that is used
    reads = [await stream.receive_some(100) for _ in range(4)]
    assert reads == [b"ab", b"cd", b"e", b""]


def test_an_echo_is_unmasked_and_whole() -> None:
    """A part of the next message waits for the rest of it."""
    sent = frame(TEXT, b"hello", mask=MASK)
    echo = Echo(Work("echo", 5), sent + sent[:3])
    assert echo.answers() == header(1, 5) + b"hello"
    echo.buffer += sent[3:]
    assert echo.answers() == header(1, 5) + b"hello"


def test_an_echo_ends_with_the_close() -> None:
    """The Close is answered after the messages before it."""
    echo = Echo(Work("echo", 2), frame(TEXT, b"hi", mask=MASK) + close(1000, mask=MASK))
    assert (echo.answers(), echo.closed) == (header(1, 2) + b"hi" + close(1000), True)


async def test_side_by_side_is_so_often_and_no_more_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    """A given number of tasks share the repetitions."""
    running, most, done = 0, 0, 0

    async def does() -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await trio.sleep(1)
        running -= 1
        done += 1

    await side_by_side(AT_ONCE * 2 + 1, does)
    assert (done, most) == (AT_ONCE * 2 + 1, AT_ONCE)
