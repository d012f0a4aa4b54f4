"""A WebSocketStream that the program closes, by ``close()`` or by one of its sides."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    ECHO_CLOSE,
    END,
    GOODBYE,
    REQUEST,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Step,
    close_frame,
    heard,
    say,
    text,
    text_frame,
    wait,
    write,
)
from ..stream_words import (
    abort_writable,
    cancel_readable,
    close_writable,
    closed,
    opened,
    put_in,
    read,
    stop,
    stream,
    task,
)

CLOSE = ("stream: close() and its arguments", "stream: closed")
SIDES = ("stream: abort and cancel", "stream: closed")
ENDED = ("stream: a clean end closes the sides",)
CHANNELS = ("trio's channels",)
TAKEN: dict[str, dict[str, Any] | None] = {
    "nothing": None,
    "empty": {},
    "code-1000": {"closeCode": 1000},
    "code-3000": {"closeCode": 3000},
    "code-4999": {"closeCode": 4999},
    "code-fraction": {"closeCode": 3000.4},
    "reason": {"reason": "why"},
    "reason-empty": {"reason": ""},
    "both": {"closeCode": 4001, "reason": "gründlich \U0001f600"},
    "reason-123": {"reason": "x" * 123},
    "reason-surrogate": {"closeCode": 3000, "reason": "a\ud800b"},
}
REFUSED: list[dict[str, Any]] = [
    *({"closeCode": c} for c in (0, 1, 999, 1001, 1005, 1006, 1015, 2999, 5000, 65536, -1)),
    {"reason": "x" * 124},
    {"reason": "€" * 42},
    {"closeCode": 3000, "reason": "x" * 124},
    {"closeCode": 1001, "reason": "x" * 124},
]
REASONS: dict[str, dict[str, Any] | None] = {
    "nothing": None,
    "an-error": {"error": "TypeError"},
    "a-string": {"value": "why"},
    "members": {"value": {"closeCode": 4000, "reason": "why"}},
    "websocketerror": {"websocket": {}},
    "websocketerror-code": {"websocket": {"closeCode": 4000}},
    "websocketerror-reason": {"websocket": {"reason": "why"}},
    "websocketerror-both": {"websocket": {"closeCode": 1000, "reason": "gründlich"}},
}
ERRORS: list[dict[str, Any]] = [
    {},
    {"closeCode": 1000},
    {"closeCode": 4999},
    {"reason": "why"},
    {"reason": ""},
    {"closeCode": 3000, "reason": "ä\ud800"},
    {"closeCode": 1001},
    {"closeCode": 1006},
    {"closeCode": 5000},
    {"reason": "x" * 124},
    {"closeCode": 1, "reason": "x" * 124},
]


def _closing(
    name: str,
    *steps: Op,
    covers: tuple[str, ...] = CLOSE,
    departs: tuple[str, ...] = (),
    script: tuple[Step, ...] = (*ACCEPT, *GOODBYE),
) -> Scenario:
    program = [stream(), task("t", opened(), *steps)]
    return Scenario(f"stream-{name}", program, [list(script)], covers, departs=departs)


def _reads_while(name: str, *ops: Op, departs: tuple[str, ...] = ()) -> Scenario:
    """Read in one task while these steps are done."""
    reading = task("r", opened(), ["tell", "open"], read(), read(), closed())
    program = [stream(), reading, heard("open", list(ops))]
    script: list[Step] = [*ACCEPT, wait("open"), say("open"), *GOODBYE]
    return Scenario(f"stream-reading-{name}", program, [script], ENDED, departs=departs)


WRITABLE = [
    _closing(
        "writable-closed",
        close_writable(),
        closed(),
        read(),
        covers=("stream: closing the writable",),
        departs=("closing the writable sends 1000",),
    ),
    _closing(
        "writable-closed-after-messages",
        put_in(text("a")),
        put_in(text("b")),
        close_writable(),
        closed(),
        covers=("stream: closing the writable",),
        departs=("closing the writable sends 1000",),
    ),
    _closing(
        "writable-closed-waits",
        close_writable(),
        closed(),
        covers=("stream: closing the writable",),
        departs=("closing the writable sends 1000",),
        script=(*ACCEPT, UNTIL_CLOSE, write(text_frame("late")), ECHO_CLOSE, END),
    ),
    _closing(
        "writable-closed-again",
        close_writable(),
        close_writable(),
        put_in(text("x")),
        closed(),
        covers=("stream: closing the writable",),
        departs=CHANNELS,
    ),
]
STATES = [
    Scenario(
        "stream-close-connecting",
        [stream(), stop({"closeCode": 3001, "reason": "no"}), task("t", opened(), closed())],
        [],
        CLOSE,
    ),
    Scenario(
        "stream-close-connecting-refused",
        [stream(), *map(stop, REFUSED[:2]), task("t", opened(), stop(), closed())],
        [[*ACCEPT, *GOODBYE]],
        CLOSE,
    ),
    Scenario(
        "stream-close-after-the-request",
        [stream(), task("t", opened(), closed()), heard("asked", [stop(), stop()])],
        [[REQUEST, say("asked")]],
        CLOSE,
    ),
    _closing("close-refused", *map(stop, REFUSED), stop(), closed()),
    _closing("close-twice", stop({"closeCode": 3000}), stop({"closeCode": 3001}), closed()),
    _closing("close-closed", stop(), closed(), stop({"closeCode": 3000}), *map(stop, REFUSED[:2])),
    _closing("close-after-messages", put_in(text("a")), put_in(text("b")), stop(), closed()),
    _closing(
        "close-answered-otherwise",
        stop({"closeCode": 3000, "reason": "mine"}),
        closed(),
        script=(*ACCEPT, UNTIL_CLOSE, write(close_frame(4000, "yours")), END),
    ),
    _closing("close-unanswered", stop(), closed(), script=(*ACCEPT, UNTIL_CLOSE, END)),
]

SCENARIOS = [
    *(_closing(f"close-{name}", stop(info), closed(), read()) for name, info in TAKEN.items()),
    *(
        _closing(f"{side}-{name}", op(reason), closed(), covers=SIDES)
        for name, reason in REASONS.items()
        for side, op in (("abort", abort_writable), ("cancel", cancel_readable))
    ),
    Scenario(
        "stream-websocketerror",
        [["makeerror", "made", init] for init in ERRORS],
        [],
        ("WebSocketError: the constructor",),
    ),
    *WRITABLE,
    *STATES,
    _closing("aborted-then-read", abort_writable(), closed(), read(), covers=ENDED),
    _closing(
        "aborted-then-written",
        abort_writable({"websocket": {"closeCode": 4000}}),
        closed(),
        put_in(text("x")),
        covers=ENDED,
        departs=CHANNELS,
    ),
    _closing(
        "cancelled-then-read",
        cancel_readable(),
        read(),
        closed(),
        read(),
        covers=ENDED,
        departs=CHANNELS,
    ),
    _closing(
        "cancelled-then-written",
        cancel_readable(),
        closed(),
        put_in(text("x")),
        covers=ENDED,
        departs=CHANNELS,
    ),
    _closing(
        "closing-then-written",
        stop(),
        put_in(text("x")),
        closed(),
        put_in(text("y")),
        covers=ENDED,
        departs=CHANNELS,
    ),
    _closing(
        "closed-then-all",
        stop({"closeCode": 4000}),
        closed(),
        abort_writable(),
        cancel_readable(),
        closed(),
        covers=ENDED,
    ),
    _closing(
        "close-then-read",
        read(),
        stop(),
        read(),
        read(),
        closed(),
        covers=ENDED,
        script=(*ACCEPT, write(text_frame("one"), text_frame("two")), *GOODBYE),
    ),
    _closing(
        "close-then-messages-come",
        stop(),
        read(),
        read(),
        closed(),
        covers=ENDED,
        script=(*ACCEPT, UNTIL_CLOSE, write(text_frame("late")), ECHO_CLOSE, END),
    ),
    _reads_while("closed", stop({"closeCode": 4000, "reason": "now"})),
    _reads_while("aborted", task("a", abort_writable({"websocket": {"closeCode": 4000}}))),
    _reads_while(
        "writable-closed",
        task("c", close_writable()),
        departs=("closing the writable sends 1000",),
    ),
    _reads_while("cancelled", task("c", cancel_readable()), departs=CHANNELS),
]
