"""Chunks and messages of a WebSocketStream, in both directions."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    GOODBYE,
    REQUEST,
    Scenario,
    answer,
    binary,
    binary_frame,
    frame,
    frames,
    ping_frame,
    say,
    text,
    text_frame,
    wait,
    write,
)
from ..stream_words import closed, hear, opened, put_in, read, stop, stream, task
from .failures import GOOD

COME = ("stream: chunks from messages",)
GO = ("stream: messages from chunks",)
WRITTEN: dict[str, Any] = {
    "text": text("hello"),
    "text-empty": text(""),
    "text-wide": text("\U0001f600€ä"),
    "text-surrogate": text("a\ud800b"),
    "text-surrogate-pair": text("\ud83d\ude00"),
    "text-126": text("x", 126),
    "text-65536": text("x", 65536),
    "buffer": binary("ArrayBuffer", b"abc"),
    "buffer-empty": binary("ArrayBuffer", b""),
    "buffer-mebi": binary("ArrayBuffer", bytes(range(256)), 4096),
    "view": binary("Uint8Array", b"abcdef"),
    "view-part": binary("Uint8Array", b"abcdef", **{"from": 1, "to": 3}),
    "view-wide": binary("Uint16Array", b"abcdef"),
    "view-data": binary("DataView", b"abc"),
}
OTHER_TYPES: dict[str, Any] = {
    "number": {"raw": 1},
    "nothing": {"raw": None},
    "boolean": {"raw": True},
    "list": {"raw": ["a", "b"]},
    "blob": binary("Blob", b"abc"),
}


def _written(name: str, payload: Any, departs: tuple[str, ...] = ()) -> Scenario:
    return Scenario(
        f"stream-written-{name}",
        [stream(), task("t", opened(), put_in(payload), stop(), closed())],
        [[*ACCEPT, *GOODBYE]],
        GO,
        departs=departs,
    )


def _read(name: str, data: bytes, count: int = 1) -> Scenario:
    reads = [read() for _ in range(count)]
    return Scenario(
        f"stream-read-{name}",
        [stream(), task("t", opened(), *reads, stop(), closed())],
        [[*ACCEPT, write(data), *GOODBYE]],
        COME,
    )


SCENARIOS = [
    *(_written(name, payload) for name, payload in WRITTEN.items()),
    *(_written(name, value, ("a value of another type",)) for name, value in OTHER_TYPES.items()),
    *(_read(name, data) for name, data in GOOD.items() if not name.startswith("p")),
    _read("several", text_frame("a") + binary_frame(b"b") + text_frame("c"), 3),
    _read("ping-between", text_frame("a") + ping_frame(b"x") + text_frame("c"), 2),
    _read("fragments-far-apart", text_frame("a", fin=False) + ping_frame() + frame(0, b"b"), 1),
    Scenario(
        "stream-read-byte-by-byte",
        [stream(), task("t", opened(), read(), read(), stop(), closed())],
        [[*ACCEPT, ("split", text_frame("slow") + binary_frame(b"x" * 130), 1), *GOODBYE]],
        COME,
    ),
    Scenario(
        "stream-read-compressed",
        [stream(), task("t", opened(), read(), read(), stop(), closed())],
        [
            [
                REQUEST,
                answer("Sec-WebSocket-Extensions: permessage-deflate"),
                write(frame(1, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=4), frame(1, b"plain")),
                *GOODBYE,
            ]
        ],
        COME,
    ),
    Scenario(
        "stream-written-in-order",
        [
            stream(),
            task("t", opened(), *(put_in(text(f"{n}")) for n in range(20)), stop(), closed()),
        ],
        [[*ACCEPT, *GOODBYE]],
        GO,
    ),
    Scenario(
        "stream-written-compressed",
        [
            stream(),
            task("t", opened(), put_in(text("x", 500)), put_in(text("x")), stop(), closed()),
        ],
        [[REQUEST, answer("Sec-WebSocket-Extensions: permessage-deflate"), *GOODBYE]],
        GO,
    ),
    Scenario(
        "stream-echo",
        [
            stream(),
            task(
                "t",
                opened(),
                *(op for n in range(5) for op in (put_in(text(f"ask {n}")), read())),
                stop(),
                closed(),
            ),
        ],
        [
            [
                *ACCEPT,
                *(s for n in range(5) for s in (frames(1), write(text_frame(f"answer {n}")))),
                *GOODBYE,
            ]
        ],
        (*COME, *GO),
    ),
    Scenario(
        "stream-read-later",
        [
            stream(),
            task("t", opened(), hear("sent"), *(read() for _ in range(4)), stop(), closed()),
        ],
        [[*ACCEPT, write(*(text_frame(f"{n}") for n in range(4))), say("sent"), *GOODBYE]],
        COME,
    ),
    Scenario(
        "stream-read-waits",
        [stream(), task("t", opened(), read(), ["tell", "seen"], read(), stop(), closed())],
        [[*ACCEPT, write(text_frame("1")), wait("seen"), write(text_frame("2")), *GOODBYE]],
        COME,
    ),
    Scenario(
        "stream-both-ways-at-once",
        [
            stream(),
            task("r", opened(), read(), read(), ["tell", "read"]),
            task(
                "w", opened(), put_in(text("a")), put_in(text("b")), hear("over"), stop(), closed()
            ),
        ],
        [
            [
                *ACCEPT,
                write(text_frame("c")),
                frames(2),
                write(text_frame("d")),
                wait("read"),
                say("over"),
                *GOODBYE,
            ]
        ],
        (*COME, *GO),
    ),
]
