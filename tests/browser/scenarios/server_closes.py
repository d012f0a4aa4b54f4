"""The server's Close with every kind of code and reason, at every point, and TCP's end without
one."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    HANG_UP,
    REQUEST,
    RESET,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Script,
    answer,
    close,
    close_frame,
    frame,
    frames,
    get,
    new,
    ping_frame,
    send,
    tell,
    text,
    text_frame,
    wait,
    when,
    write,
)

LEGAL = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999)
DOUBTFUL = (0, 1, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
REFUSED = (0, 1, 999, 1004, 1016, 1100, 2000, 2999, 5000, 65535)
"""Doubtful codes that Chromium accepts and we refuse."""
ILLEGAL = ("a code that may not be sent",)
BAD_PAYLOAD = ("1007 for a bad payload",)
REASONS = {
    "unicode": "grün \U0001f600".encode(),
    "bytes-123": b"x" * 123,
    "nul": b"a\0b",
    "bom": "\ufeffa".encode(),
}
BAD_BODIES = {
    "one-byte": b"\x03",
    "reason-not-utf8": b"\x03\xe8\xff",
    "reason-cut": b"\x03\xe8\xe2\x82",
    "reason-surrogate": b"\x03\xe8\xed\xa0\x80",
    "reason-overlong": b"\x03\xe8\xc0\x80",
}
CLOSED = ("closed: wasClean, code and reason",)
FAILED = ("closed: error first if it failed", "closed: wasClean, code and reason")


def _closed(
    name: str,
    *steps: tuple[Any, ...],
    covers: tuple[str, ...] = CLOSED,
    ends: Script | None = None,
    departs: tuple[str, ...] = (),
) -> Scenario:
    program = [new(close=[get()])]
    script = [*ACCEPT, *steps, *([UNTIL_CLOSE, END] if ends is None else ends)]
    return Scenario(
        f"server-{name}", program, [script], covers, after=[close(), get()], departs=departs
    )


def _lost(
    name: str, script: Script, program: list[Op] | None = None, covers: tuple[str, ...] = CLOSED
) -> Scenario:
    return Scenario(f"lost-{name}", program or [new()], [script], covers, after=[get()])


HALF = text_frame("a whole message")[:7]

SCENARIOS = [
    _closed("close-no-code", write(close_frame())),
    *(_closed(f"close-{c}", write(close_frame(c, "why"))) for c in LEGAL),
    *(
        _closed(
            f"close-doubtful-{c}",
            write(close_frame(c, "why")),
            departs=ILLEGAL if c in REFUSED else (),
        )
        for c in DOUBTFUL
    ),
    *(_closed(f"close-reason-{n}", write(close_frame(1000, r))) for n, r in REASONS.items()),
    *(
        _closed(
            f"close-body-{n}",
            write(frame(8, b)),
            covers=FAILED,
            ends=[],
            departs=BAD_PAYLOAD if n.startswith("reason") else (),
        )
        for n, b in BAD_BODIES.items()
    ),
    Scenario(
        "server-close-with-the-101",
        [new(open=[get()], close=[get()])],
        [[REQUEST, answer(then=close_frame(1000, "at once")), UNTIL_CLOSE, END]],
        ("open: the state is OPEN, and then the event", *CLOSED),
        after=[get()],
    ),
    Scenario(
        "server-message-and-close-with-the-101",
        [new(open=[get()], message=[get()])],
        [[REQUEST, answer(then=text_frame("hello") + close_frame(3000, "bye")), UNTIL_CLOSE, END]],
        ("message: fires with type, origin and data", *CLOSED),
    ),
    Scenario(
        "server-messages-with-the-101",
        [new(message=[when("2", [close()])])],
        [[REQUEST, answer(then=text_frame("1") + text_frame("2")), *GOODBYE]],
        ("message: fires with type, origin and data",),
    ),
    _closed("close-with-a-message", write(text_frame("last words"), close_frame(1000, "bye"))),
    _closed(
        "close-with-many-messages",
        write(*(text_frame(f"m{i}") for i in range(50)), close_frame(1001, "bye")),
    ),
    _closed(
        "close-after-half-a-message", write(text_frame("half", fin=False), close_frame(1000, "bye"))
    ),
    _closed(
        "close-and-then-a-message",
        write(close_frame(1000, "bye"), text_frame("late")),
        departs=("bytes after a Close",),
    ),
    _closed(
        "close-twice",
        write(close_frame(1000, "bye"), close_frame(1001, "again")),
        departs=("bytes after a Close",),
    ),
    _closed("close-and-tcp-in-one", write(close_frame(1000, "bye")), ends=[END]),
    _closed("close-and-tcp-left", write(close_frame(1000, "bye")), ends=[]),
    Scenario(
        "server-close-state-in-listeners",
        [new(message=[get()], close=[get(), send(text("late")), close(3000)])],
        [[*ACCEPT, write(text_frame("x"), close_frame(4001, "bye")), UNTIL_CLOSE, END]],
        (
            "closing: readyState is CLOSING when the peer closes",
            "readyState: CLOSED at last",
            *CLOSED,
        ),
        after=[get()],
    ),
    Scenario(
        "server-close-after-echo",
        [new(open=[send(text("hi"))])],
        [[*ACCEPT, frames(1), write(close_frame(1000)), UNTIL_CLOSE, END]],
        CLOSED,
    ),
    Scenario(
        "server-ping-and-close",
        [new()],
        [[*ACCEPT, write(ping_frame(b"a")), frames(1), write(close_frame(1000)), UNTIL_CLOSE, END]],
        ("protocol: a ping is answered, and not seen by the program",),
    ),
    _lost("before-the-answer", [REQUEST, END]),
    _lost("before-the-answer-reset", [REQUEST, RESET]),
    _lost("before-the-request", [HANG_UP]),
    _lost("in-the-answer", [REQUEST, write(b"HTTP/1.1 101 Switch"), END]),
    _lost(
        "in-the-answer-headers",
        [REQUEST, write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"), END],
    ),
    _lost("after-the-answer", [*ACCEPT, END]),
    _lost("after-open", [*ACCEPT, wait("open"), END], [new(open=[tell("open")])]),
    _lost("after-open-reset", [*ACCEPT, wait("open"), RESET], [new(open=[tell("open")])]),
    _lost("after-a-message", [*ACCEPT, write(text_frame("x")), END]),
    _lost(
        "after-a-message-seen-reset",
        [*ACCEPT, write(text_frame("x")), wait("seen"), RESET],
        [new(message=[tell("seen")])],
    ),
    _lost("in-a-frame-head", [*ACCEPT, write(b"\x81"), END]),
    _lost("in-a-frame-length", [*ACCEPT, write(b"\x81\x7e\x01"), END]),
    _lost("in-a-payload", [*ACCEPT, write(HALF), END]),
    _lost(
        "in-a-payload-reset",
        [*ACCEPT, write(text_frame("x"), HALF), wait("seen"), RESET],
        [new(message=[tell("seen")])],
    ),
    _lost("between-fragments", [*ACCEPT, write(text_frame("half", fin=False)), END]),
    _lost("in-a-close", [*ACCEPT, write(close_frame(1000, "bye")[:3]), END]),
    _lost(
        "while-sending",
        [*ACCEPT, frames(1), RESET],
        [new(open=[send(text("x")), get()])],
    ),
    _lost(
        "then-closed-by-the-program",
        [*ACCEPT, wait("open"), END],
        [new(open=[tell("open")], close=[close(3000), get()])],
    ),
]
