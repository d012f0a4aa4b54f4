"""close() in each state, and its effect on the wire."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    ECHO_CLOSE,
    END,
    GOODBYE,
    REQUEST,
    UNTIL_CLOSE,
    Scenario,
    close,
    close_frame,
    get,
    heard,
    new,
    ping_frame,
    say,
    tell,
    text_frame,
    wait,
    write,
)
from .closing import ARGUMENTS, at_open

SCENARIOS = [
    Scenario(
        "close-connecting",
        [new(), close(), get()],
        [],
        (
            "close: CONNECTING fails the connection",
            "closed: error first if it failed",
            "close: nothing is dispatched inside",
        ),
        after=[get()],
    ),
    Scenario(
        "close-connecting-with-code",
        [new(), close(3001, "no"), close(3002), get()],
        [],
        ("close: CONNECTING fails the connection",),
        after=[get()],
    ),
    Scenario(
        "close-connecting-bad-code",
        [new(open=[close()]), close(1001), close(1000, "x" * 124), get()],
        [[*ACCEPT, *GOODBYE]],
        ARGUMENTS,
    ),
    Scenario(
        "close-connecting-after-the-request",
        [new(), heard("asked", [close(), get()])],
        [[REQUEST, say("asked")]],
        ("close: CONNECTING fails the connection",),
        after=[get()],
    ),
    Scenario(
        "close-connecting-half-an-answer",
        [new(), heard("asked", [close(), get()])],
        [
            [
                REQUEST,
                write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"),
                say("asked"),
            ]
        ],
        ("close: CONNECTING fails the connection",),
        after=[get()],
    ),
    Scenario(
        "close-connecting-inside-error",
        [new("ws://127.0.0.1:{closed}/", error=[close(), get()], close=[close(4000), get()])],
        [],
        ("close: CLOSING and CLOSED change nothing",),
        after=[close(), get()],
    ),
    at_open(
        "twice",
        [close(3000, "first"), close(3001, "second"), get()],
        ("close: CLOSING and CLOSED change nothing",),
    ),
    at_open(
        "twice-second-bad",
        [close(3000), close(1001), close(1000, "x" * 124), get()],
        (*ARGUMENTS, "close: CLOSING and CLOSED change nothing"),
    ),
    Scenario(
        "close-closed",
        [new(open=[close()], close=[close(), close(3000), close(999), get()])],
        [[*ACCEPT, *GOODBYE]],
        ("close: CLOSING and CLOSED change nothing",),
        after=[close(), close(12), get()],
    ),
    Scenario(
        "close-inside-message",
        [new(message=[close(3000, "enough"), get()])],
        [[*ACCEPT, write(text_frame("1"), text_frame("2"), text_frame("3")), *GOODBYE]],
        ("message: only while OPEN", "close: starts the closing handshake"),
    ),
    Scenario(
        "close-then-messages-come",
        [new(open=[close(), tell("closed")])],
        [[*ACCEPT, UNTIL_CLOSE, write(text_frame("late"), text_frame("later")), ECHO_CLOSE, END]],
        ("message: only while OPEN",),
    ),
    Scenario(
        "close-then-ping-comes",
        [new(open=[close()])],
        [[*ACCEPT, UNTIL_CLOSE, write(ping_frame(b"late")), ECHO_CLOSE, END]],
        ("message: only while OPEN",),
    ),
    Scenario(
        "close-crossing",
        [new(open=[heard("closing", [close(3000, "mine"), get(), tell("mine")])])],
        [
            [
                *ACCEPT,
                say("closing"),
                wait("mine"),
                write(close_frame(4000, "yours")),
                UNTIL_CLOSE,
                END,
            ]
        ],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-with-another-code",
        [new(open=[close(3000, "mine")])],
        [[*ACCEPT, UNTIL_CLOSE, write(close_frame(4000, "yours")), END]],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-without-code",
        [new(open=[close(3000, "mine")])],
        [[*ACCEPT, UNTIL_CLOSE, write(close_frame()), END]],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-with-1001",
        [new(open=[close()])],
        [[*ACCEPT, UNTIL_CLOSE, write(close_frame(1001, "away")), END]],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-by-end",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, END]],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-by-reset",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, ("reset",)]],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-by-junk",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, write(b"\x83\x00")]],
        ("closed: error first if it failed",),
    ),
    Scenario(
        "close-answered-and-tcp-left",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, ECHO_CLOSE]],
        ("closed: wasClean, code and reason",),
    ),
    Scenario(
        "close-answered-twice",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, write(close_frame(3000, "x"), close_frame(3001)), END]],
        ("closed: wasClean, code and reason",),
        departs=("bytes after a Close",),
    ),
    Scenario(
        "close-answered-and-a-message",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, write(close_frame(3000, "x"), text_frame("late")), END]],
        ("message: only while OPEN",),
        departs=("bytes after a Close",),
    ),
    Scenario(
        "close-answered-in-half-a-message",
        [new(open=[close(3000)])],
        [[*ACCEPT, UNTIL_CLOSE, write(text_frame("half", fin=False), close_frame(3000)), END]],
        ("message: only while OPEN",),
    ),
]
