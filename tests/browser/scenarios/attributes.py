"""Scenarios of binaryType, the constants, and the read-only attributes."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    REQUEST,
    UNTIL_CLOSE,
    Scenario,
    add,
    answer,
    binary_frame,
    close,
    close_frame,
    get,
    heard,
    new,
    put,
    say,
    tell,
    text_frame,
    wait,
    when,
    write,
)
from .compression import AGREED

TYPES = (
    "binaryType: blob at first",
    "binaryType: what it is when the message comes counts",
    "message: binary by binaryType",
)


SCENARIOS = [
    Scenario(
        "binary-type-switched",
        [new(message=[put("binaryType", "arraybuffer")])],
        [
            [
                *ACCEPT,
                write(
                    binary_frame(b"one"),
                    binary_frame(b"two"),
                    text_frame("three"),
                    binary_frame(b"four"),
                    close_frame(1000),
                ),
                UNTIL_CLOSE,
                END,
            ]
        ],
        TYPES,
    ),
    Scenario(
        "binary-type-switched-back",
        [
            new(
                message=[
                    when("blob", [put("binaryType", "blob")]),
                    when("buffer", [put("binaryType", "arraybuffer")]),
                ]
            )
        ],
        [
            [
                *ACCEPT,
                write(
                    *(
                        x
                        for word in ("buffer", "blob", "buffer")
                        for x in (text_frame(word), binary_frame(word.encode()))
                    ),
                    close_frame(1000),
                ),
                UNTIL_CLOSE,
                END,
            ]
        ],
        TYPES,
    ),
    Scenario(
        "binary-type-values",
        [
            new(open=[close()]),
            *(
                put("binaryType", v)
                for v in ("arraybuffer", "junk", "", "Blob", "ARRAYBUFFER", "arraybuffer ", "blob")
            ),
            get(),
        ],
        [[*ACCEPT, *GOODBYE]],
        ("binaryType: other values are ignored",),
        after=[put("binaryType", "arraybuffer"), get()],
    ),
    Scenario(
        "binary-type-values-of-other-types",
        [new(open=[close()]), *(put("binaryType", v) for v in (None, 5, True))],
        [[*ACCEPT, *GOODBYE]],
        ("binaryType: other values are ignored",),
    ),
    Scenario(
        "binary-type-set-while-connecting",
        [new(message=[close()]), put("binaryType", "arraybuffer")],
        [[*ACCEPT, write(binary_frame(b"x")), *GOODBYE]],
        TYPES,
    ),
    Scenario(
        "binary-type-blob-empty",
        [new(message=[close()])],
        [[*ACCEPT, write(binary_frame(b"")), *GOODBYE]],
        TYPES,
    ),
    Scenario(
        "binary-type-set-in-listener-for-the-next-listener",
        [
            new(handlers=False),
            add("message", "a", [put("binaryType", "arraybuffer")]),
            add("message", "b", [close()]),
            add("close", "c"),
        ],
        [[*ACCEPT, write(binary_frame(b"x")), *GOODBYE]],
        TYPES,
    ),
    Scenario(
        "constants",
        [["constants", None], new(open=[close()]), ["constants", "ws"]],
        [[*ACCEPT, *GOODBYE]],
        ("constants: on class and instance",),
    ),
    Scenario(
        "read-only",
        [
            new(open=[close()]),
            *(
                put(a, v)
                for a, v in (
                    ("url", "x"),
                    ("readyState", 3),
                    ("bufferedAmount", 5),
                    ("extensions", "x"),
                    ("protocol", "x"),
                )
            ),
        ],
        [[*ACCEPT, *GOODBYE]],
        ("url: serialised", "readyState: CONNECTING at first"),
    ),
    Scenario(
        "read-only-constants",
        [new(open=[close()]), put("OPEN", 5), put("CLOSED", 5)],
        [[*ACCEPT, *GOODBYE]],
        ("constants: on class and instance",),
    ),
    Scenario(
        "states",
        [
            new(open=[get()], message=[get(), close(), get()], close=[get()], protocols=["p"]),
            get(),
            heard("asked", [get(), tell("looked")]),
        ],
        [
            [
                REQUEST,
                say("asked"),
                wait("looked"),
                answer("Sec-WebSocket-Protocol: p", AGREED),
                write(text_frame("x")),
                *GOODBYE,
            ]
        ],
        (
            "constructor: returns before anything happens",
            "extensions: empty until the connection stands",
            "protocol: empty until the connection stands",
            "open: the state is OPEN, and then the event",
            "readyState: CONNECTING at first",
            "readyState: OPEN",
            "readyState: CLOSING after close()",
            "readyState: CLOSED at last",
        ),
        after=[get()],
    ),
    Scenario(
        "origin-of-messages-idn",
        [new("ws://bücher.example:{port}/path?q", message=[close()])],
        [[*ACCEPT, write(text_frame("x")), *GOODBYE]],
        ("message: fires with type, origin and data",),
    ),
    Scenario(
        "origin-of-messages-userinfo",
        [new("ws://u:p@127.0.0.1:{port}/path?q", message=[close()])],
        [[*ACCEPT, write(text_frame("x")), *GOODBYE]],
        ("message: fires with type, origin and data",),
        departs=("credentials at once",),
    ),
    Scenario(
        "origin-of-messages-ipv6",
        [new("ws://[::1]:{port}/", message=[close()])],
        [[*ACCEPT, write(text_frame("x")), *GOODBYE]],
        ("message: fires with type, origin and data",),
        host="::1",
    ),
]
