"""send() and bufferedAmount."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    UNTIL_CLOSE,
    Op,
    Scenario,
    binary,
    close,
    close_frame,
    frames,
    get,
    new,
    send,
    text,
    text_frame,
    when,
)

SIZES = (0, 1, 125, 126, 127, 65535, 65536, 1 << 20)
VIEWS = (
    "Int8Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
    "DataView",
)
TEXTS = {
    "ascii": "Hello Server!",
    "two-bytes": "äöü",
    "three-bytes": "€",
    "four-bytes": "\U0001f600",
    "surrogate-pair": "\ud83d\ude00",
    "surrogate-high": "a\ud83d",
    "surrogate-low": "\ude00b",
    "surrogates-swapped": "\ude00\ud83d",
    "surrogates-many": "\ud800\ud800\udc00",
    "nul": "a\0b",
    "bom": "\ufeffa",
    "noncharacter": "\ufffe\uffff",
    "line-ends": "a\r\nb\nc",
}
TEXT = ("send: text", "bufferedAmount: rises by the bytes")
SCALARS = ("send: text is made Unicode scalar values", *TEXT)
BUFFER = ("send: a buffer", "bufferedAmount: rises by the bytes")
VIEW = ("send: a view", "bufferedAmount: rises by the bytes")
BLOB = ("send: a Blob", "bufferedAmount: rises by the bytes")


def _sent(name: str, ops: list[Op], messages: int, covers: tuple[str, ...]) -> Scenario:
    """Send at ``open``, and close when the server has everything."""
    program = [new(open=ops, message=[when("got it", [get(), close(1000)])])]
    return Scenario(
        f"send-{name}",
        program,
        [[*ACCEPT, frames(messages), ("write", text_frame("got it")), *GOODBYE]],
        covers,
    )


STATES = [
    Scenario(
        "send-connecting",
        [
            new(open=[close()]),
            send(text("x")),
            send(binary("ArrayBuffer", b"x")),
            send(text("\ud800")),
            get(),
        ],
        [[*ACCEPT, *GOODBYE]],
        ("send: CONNECTING is an error", "readyState: CONNECTING at first"),
    ),
    Scenario(
        "send-closing",
        [
            new(
                open=[
                    close(1000),
                    send(text("ä")),
                    send(binary("ArrayBuffer", b"abc")),
                    send(binary("Uint8Array", b"abcd")),
                    send(binary("Blob", b"abcde")),
                    get(),
                ]
            )
        ],
        [[*ACCEPT, *GOODBYE]],
        (
            "send: after OPEN nothing is sent, and it counts",
            "readyState: CLOSING after close()",
            "bufferedAmount: is not reset",
        ),
        after=[get()],
    ),
    Scenario(
        "send-closed",
        [new(open=[close(1000)], close=[send(text("ä")), send(text("")), get()])],
        [[*ACCEPT, *GOODBYE]],
        (
            "send: after OPEN nothing is sent, and it counts",
            "readyState: CLOSED at last",
            "bufferedAmount: is not reset",
        ),
        after=[send(text("x", 1000)), send(binary("ArrayBuffer", b"x", 70000)), get()],
    ),
    Scenario(
        "send-after-failure",
        [new("ws://127.0.0.1:{closed}/", error=[send(text("a"))], close=[send(text("bc"))])],
        [],
        ("send: after OPEN nothing is sent, and it counts",),
        after=[get()],
    ),
    Scenario(
        "send-closing-while-connecting",
        [new(), close(), send(text("abc")), get()],
        [],
        (
            "send: after OPEN nothing is sent, and it counts",
            "close: CONNECTING fails the connection",
        ),
        after=[get()],
    ),
    Scenario(
        "send-after-the-server-closed",
        [new(close=[send(text("late"))])],
        [[*ACCEPT, ("write", close_frame(1000)), UNTIL_CLOSE, END]],
        ("send: after OPEN nothing is sent, and it counts",),
        after=[get()],
    ),
]

BUFFERED = [
    _sent(
        "buffered-in-one-stretch",
        [send(text("a", n)) for n in (1, 10, 100, 1000)] + [get()],
        4,
        ("bufferedAmount: does not fall within one stretch",),
    ),
    _sent(
        "buffered-mixed",
        [
            send(text("€")),
            send(binary("ArrayBuffer", b"ab")),
            send(binary("Blob", b"cde")),
            send(text("\ud800")),
            get(),
        ],
        4,
        ("bufferedAmount: rises by the bytes",),
    ),
    _sent(
        "buffered-order-of-kinds",
        [
            send(binary("Blob", b"1")),
            send(text("2")),
            send(binary("Blob", b"3")),
            send(binary("ArrayBuffer", b"4")),
        ],
        4,
        (*BLOB, *BUFFER),
    ),
    Scenario(
        "send-buffered-falls",
        [
            new(
                open=[send(text("x", 1000))],
                message=[get(), when("more", [send(text("y", 100))]), when("end", [close()])],
            )
        ],
        [
            [
                *ACCEPT,
                frames(1),
                ("write", text_frame("more")),
                frames(1),
                ("write", text_frame("end")),
                *GOODBYE,
            ]
        ],
        ("bufferedAmount: falls when sent",),
        after=[get()],
    ),
    Scenario(
        "send-then-close-in-one-stretch",
        [
            new(
                open=[
                    send(text("x", 70000)),
                    send(binary("Blob", b"y", 10)),
                    send(text("z")),
                    close(3000, "all"),
                ]
            )
        ],
        [[*ACCEPT, *GOODBYE]],
        ("close: what is queued goes first",),
        after=[get()],
    ),
    Scenario(
        "send-megabytes-then-close",
        [new(open=[send(binary("ArrayBuffer", b"0123456789abcdef", 1 << 17)), close()])],
        [[*ACCEPT, *GOODBYE]],
        ("close: what is queued goes first",),
        after=[get()],
    ),
]

MUTATED = [
    _sent(
        "mutated-view",
        [
            ["buffer", "b", b"before".hex()],
            send({"ref": "b"}),
            ["poke", "b", 0, 0x58],
            send({"ref": "b"}),
        ],
        2,
        ("send: a view", "send: later changes are not sent"),
    ),
]

SCENARIOS = [
    *(
        _sent(f"text-{n}", [send(text(t))], 1, SCALARS if "surrogate" in n else TEXT)
        for n, t in TEXTS.items()
    ),
    *(_sent(f"text-size-{n}", [send(text("a", n))], 1, TEXT) for n in SIZES),
    *(_sent(f"text-wide-{n}", [send(text("€", n))], 1, TEXT) for n in (41, 42, 43, 21845, 21846)),
    *(
        _sent(f"buffer-size-{n}", [send(binary("ArrayBuffer", b"\xa5", n))], 1, BUFFER)
        for n in SIZES
    ),
    *(_sent(f"view-size-{n}", [send(binary("Uint8Array", b"\xa5", n))], 1, VIEW) for n in SIZES),
    *(_sent(f"blob-size-{n}", [send(binary("Blob", b"\xa5", n))], 1, BLOB) for n in SIZES),
    *(_sent(f"view-{v}", [send(binary(v, bytes(range(16))))], 1, VIEW) for v in VIEWS),
    _sent(
        "view-part", [send(binary("Uint8Array", bytes(range(16)), **{"from": 3, "to": 9}))], 1, VIEW
    ),
    _sent(
        "view-part-wide",
        [send(binary("Uint16Array", bytes(range(16)), **{"from": 4, "to": 12}))],
        1,
        VIEW,
    ),
    _sent("all-bytes", [send(binary("ArrayBuffer", bytes(range(256))))], 1, BUFFER),
    _sent("hundred", [send(text(f"message {i}")) for i in range(100)], 100, TEXT),
    *STATES,
    *BUFFERED,
    *MUTATED,
    Scenario(
        "send-inside-message",
        [
            new(
                open=[send(text("0"))],
                message=[when("0", [send(text("1"))]), when("1", [send(text("2")), close()])],
            )
        ],
        [
            [
                *ACCEPT,
                frames(1),
                ("write", text_frame("0")),
                frames(1),
                ("write", text_frame("1")),
                *GOODBYE,
            ]
        ],
        TEXT,
    ),
    Scenario(
        "send-pongs-between",
        [new(open=[send(text("a"))], message=[send(text("b")), close()])],
        [
            [
                *ACCEPT,
                frames(1),
                ("write", b"\x89\x02hi"),
                frames(1),
                ("write", text_frame("x")),
                *GOODBYE,
            ]
        ],
        ("protocol: a ping is answered, and not seen by the program",),
    ),
]
