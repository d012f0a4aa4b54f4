"""A WebSocketStream that the server closes, cleanly or not."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    END,
    RESET,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Step,
    close_frame,
    frame,
    say,
    text,
    text_frame,
    write,
)
from ..stream_words import (
    abort_writable,
    cancel_readable,
    closed,
    hear,
    opened,
    put_in,
    read,
    stop,
    stream,
    task,
)
from .failures import BAD_PAYLOAD, BROKEN

CLEAN = ("stream: a clean end closes the sides", "stream: closed")
UNCLEAN = ("stream: another end errors them", "stream: closed")
UNREAD = ("messages unread at the end",)
CLOSES = {
    "1000": close_frame(1000),
    "1001": close_frame(1001, "away"),
    "1011": close_frame(1011, "gründlich"),
    "4401": close_frame(4401, "log in"),
    "none": close_frame(),
}
BREAKS = ("masked", "rsv2", "opcode-3", "continuation-first", "text-not-utf8", "ping-126")
HALF = text_frame("half", fin=False)
A, B = text_frame("a"), text_frame("b")


def _end(
    name: str,
    *script: Step,
    steps: tuple[Op, ...] = (read(), read(), read(), closed()),
    covers: tuple[str, ...] = CLEAN,
    departs: tuple[str, ...] = (),
) -> Scenario:
    program = [stream(), task("t", opened(), *steps)]
    return Scenario(f"stream-end-{name}", program, [[*ACCEPT, *script]], covers, departs=departs)


def _closes(*data: bytes) -> tuple[Step, ...]:
    return write(*data), UNTIL_CLOSE, END


AFTER = (closed(), stop(), stop({"closeCode": 1}), abort_writable(), cancel_readable(), read())

SCENARIOS = [
    *(_end(f"clean-{name}", *_closes(A, B, data)) for name, data in CLOSES.items()),
    *(
        _end(f"clean-{name}-alone", *_closes(data), steps=(closed(), read(), read()))
        for name, data in CLOSES.items()
    ),
    _end("clean-in-a-message", *_closes(A, HALF, close_frame(1000))),
    _end("clean-while-reading", *_closes(close_frame(3000)), steps=(read(), read(), closed())),
    _end(
        "clean-then-all",
        *_closes(close_frame(3000)),
        steps=AFTER,
        departs=("trio's channels",),
    ),
    _end(
        "clean-then-written",
        *_closes(close_frame(3000, "bye")),
        steps=(read(), put_in(text("x")), closed(), put_in(text("y"))),
        departs=("trio's channels",),
    ),
    _end(
        "clean-unread",
        *_closes(A, B, text_frame("c"), close_frame(3000)),
        steps=(closed(), read(), read(), read(), read()),
        departs=UNREAD,
    ),
    _end("clean-and-no-end-of-tcp", write(close_frame(1000)), UNTIL_CLOSE),
    _end("lost", write(A, B), END, covers=UNCLEAN),
    _end("lost-at-once", END, steps=(closed(), read()), covers=UNCLEAN),
    _end("lost-while-reading", END, steps=(read(), read(), closed()), covers=UNCLEAN),
    _end("lost-in-a-message", write(A, HALF), END, covers=UNCLEAN),
    _end("lost-in-a-frame", write(A, B[:2]), END, covers=UNCLEAN),
    _end("lost-then-all", END, steps=AFTER, covers=UNCLEAN, departs=("trio's channels",)),
    _end("reset", RESET, steps=(closed(), read(), put_in(text("x"))), covers=UNCLEAN),
    _end(
        "lost-then-written",
        END,
        steps=(read(), put_in(text("x")), closed(), put_in(text("y"))),
        covers=UNCLEAN,
    ),
    _end(
        "lost-unread",
        write(A, B),
        END,
        steps=(closed(), read(), read(), read()),
        covers=UNCLEAN,
        departs=UNREAD,
    ),
    *(
        _end(
            f"broken-{name}",
            write(BROKEN[name]),
            steps=(read(), closed(), put_in(text("x"))),
            covers=UNCLEAN,
            departs=BAD_PAYLOAD if name == "text-not-utf8" else (),
        )
        for name in BREAKS
    ),
    _end(
        "broken-after-messages",
        write(A),
        say("sent"),
        write(text_frame("x", rsv=2)),
        steps=(read(), hear("sent"), read(), closed()),
        covers=UNCLEAN,
    ),
    _end(
        "broken-in-a-message",
        write(HALF, frame(0, b"\xff")),
        steps=(read(), closed()),
        covers=UNCLEAN,
        departs=BAD_PAYLOAD,
    ),
    _end(
        "broken-unread",
        write(A, B, text_frame("x", rsv=2)),
        steps=(closed(), read(), read(), read()),
        covers=UNCLEAN,
        departs=UNREAD,
    ),
]
