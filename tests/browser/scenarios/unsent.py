"""A server that closes while messages are queued, and then reads nothing, slowly, or everything."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    END,
    RESET,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Step,
    backlog,
    close,
    close_frame,
    new,
    send,
    slowly,
    tell,
    text,
    wait,
    write,
)
from ..stream_words import closed, opened, put_in, stream, task

PIECE = 512 * 1024
MANY = 40
"""Messages of PIECE bytes, which are more than any network takes at once (20 MiB in all)."""

QUEUED = (
    "closing: readyState is CLOSING when the peer closes",
    "closed: wasClean, code and reason",
)
PROGRESS = ("a message in progress",)
QUEUED_WRITE = "a write that is queued"
STREAM = ("stream: another end errors them", "stream: closed")
CLOSES = backlog(64 * 1024), write(close_frame(4567, "enough"))
NOTHING = END, wait("over"), RESET
SLOWLY = slowly(128 * 1024, 0.01), END


def _queued(
    name: str,
    count: int,
    size: int,
    *script: Step,
    last: Op | None = None,
    departs: tuple[str, ...] = (),
) -> Scenario:
    sends = [send(text("x", size)) for _ in range(count)]
    program = [new(open=[*sends, *([last] if last else [])], close=[tell("over")])]
    return Scenario(
        f"unsent-{name}", program, [[*ACCEPT, *CLOSES, *script]], QUEUED, departs=departs
    )


def _stream(name: str, size: int, *script: Step, departs: tuple[str, ...] = ()) -> Scenario:
    """Write one message in a task, and wait for the end in another one."""
    program = [
        stream(),
        task("writes", opened(), put_in(text("x", size))),
        task("waits", opened(), closed(), tell("over")),
    ]
    return Scenario(
        f"unsent-stream-{name}", program, [[*ACCEPT, *CLOSES, *script]], STREAM, departs=departs
    )


SCENARIOS = [
    _queued("reads-nothing", MANY, PIECE, *NOTHING),
    _queued("reads-nothing-and-stays", MANY, PIECE, wait("over"), RESET),
    _queued("reads-slowly", MANY, PIECE, *SLOWLY),
    _queued("reads-all-of-a-little", 70, 1000, UNTIL_CLOSE, END),
    _queued("reads-nothing-of-a-little", 70, 1000, *NOTHING),
    _queued("reads-all-of-one", 1, MANY * PIECE, UNTIL_CLOSE, END, departs=PROGRESS),
    _queued("after-our-close-reads-nothing", MANY, PIECE, *NOTHING, last=close(3000)),
    _stream("reads-nothing", MANY * PIECE, *NOTHING, departs=(QUEUED_WRITE,)),
    _stream("reads-all", MANY * PIECE, UNTIL_CLOSE, END, departs=(*PROGRESS, QUEUED_WRITE)),
    _stream("reads-all-of-a-little", 70_000, UNTIL_CLOSE, END),
]
