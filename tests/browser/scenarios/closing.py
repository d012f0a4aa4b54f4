"""close(): its arguments, its states, and what it does to the wire."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    ECHO_CLOSE,
    END,
    GOODBYE,
    REQUEST,
    UNTIL_CLOSE,
    Op,
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

REFUSED_CODES = (
    0,
    1,
    500,
    999,
    1001,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    1015,
    1016,
    1100,
    2000,
    2999,
    5000,
    65535,
    65536,
    100000,
    -1,
    -1000,
)
TAKEN_CODES = (1000, 3000, 3001, 3999, 4000, 4001, 4999)
TAKEN_REASONS = {
    "empty": "",
    "short": "because",
    "bytes-123": "x" * 123,
    "bytes-123-wide": "€" * 41,
    "unicode": "gründlich \U0001f600",
    "surrogate": "a\ud800b",
    "surrogate-pair": "\ud83d\ude00",
    "nul": "a\0b",
}
REFUSED_REASONS = {
    "bytes-124": "x" * 124,
    "bytes-124-wide": "€" * 41 + "x",
    "surrogates-126": "\ud800" * 42,
    "long": "x" * 1000,
}

SCALARS = ("close: the reason goes out", "close: the reason is made Unicode scalar values")
ARGUMENTS = ("close: the code's range", "close: the reason's length")


def _at_open(
    name: str, ops: list[Op], covers: tuple[str, ...], departs: tuple[str, ...] = ()
) -> Scenario:
    return Scenario(
        f"close-{name}",
        [new(open=ops)],
        [[*ACCEPT, *GOODBYE]],
        covers,
        after=[get()],
        departs=departs,
    )


REFUSALS = [close(c) for c in REFUSED_CODES]
LONG = [close(1000, r) for r in REFUSED_REASONS.values()]
ODD = [close(1000.4), close(3000.5), close(2999.5)]

STATES = [
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
    _at_open(
        "twice",
        [close(3000, "first"), close(3001, "second"), get()],
        ("close: CLOSING and CLOSED change nothing",),
    ),
    _at_open(
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

SCENARIOS = [
    _at_open(
        "none",
        [close(), get()],
        (
            "close: no code, no body",
            "closed: wasClean, code and reason",
            "close: starts the closing handshake",
        ),
    ),
    *(
        _at_open(
            f"code-{c}",
            [close(c), get()],
            ("close: the code goes out", "closed: wasClean, code and reason"),
        )
        for c in TAKEN_CODES
    ),
    *(
        _at_open(
            f"reason-{n}",
            [close(1000, r), get()],
            SCALARS if "surrogate" in n else ("close: the reason goes out",),
        )
        for n, r in TAKEN_REASONS.items()
    ),
    _at_open("codes-refused", [*REFUSALS, get(), close()], ARGUMENTS),
    _at_open("reasons-refused", [*LONG, get(), close()], ARGUMENTS),
    _at_open("code-float", [close(3000.4)], ARGUMENTS),
    _at_open("code-float-refused", [close(2999.4), close(5000.4), close()], ARGUMENTS),
    _at_open(
        "reason-without-code",
        [close(None, "why"), get(), close()],
        ("close: no code, no body",),
        ("a reason without a code",),
    ),
    _at_open(
        "reason-without-code-too-long",
        [close(None, "x" * 124), close()],
        ARGUMENTS,
        ("a reason without a code",),
    ),
    _at_open("code-and-reason-bad", [close(1001, "x" * 124), close()], ARGUMENTS),
    *STATES,
]
