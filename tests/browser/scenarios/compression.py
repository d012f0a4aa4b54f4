"""What permessage-deflate negotiates, sends and receives."""

from __future__ import annotations

import zlib
from typing import Any

from ..scenario import (
    GOODBYE,
    REQUEST,
    Op,
    Scenario,
    answer,
    binary,
    close,
    frame,
    frames,
    get,
    new,
    send,
    text,
    text_frame,
    when,
    write,
)

DEFLATE = ("extensions: what the server agreed to", "handshake: permessage-deflate is offered")
AGREED = "Sec-WebSocket-Extensions: permessage-deflate"


def deflated(data: bytes, level: int = 6) -> bytes:
    """Compress as RFC 7692 does, by raw deflate, flushed, without the last four bytes."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def compressed(data: bytes, opcode: int = 1) -> bytes:
    return frame(opcode, deflated(data), rsv=4)


def _deflating(
    name: str,
    agreed: str,
    *steps: tuple[Any, ...],
    ops: list[Op] | None = None,
    covers: tuple[str, ...] = DEFLATE,
    ends: list[Any] | None = None,
    departs: tuple[str, ...] = (),
) -> Scenario:
    program = [new(open=[get(), *(ops or [])], message=[when("done", [close()])])]
    return Scenario(
        f"deflate-{name}",
        program,
        [[REQUEST, answer(agreed), *steps, *(GOODBYE if ends is None else ends)]],
        covers,
        departs=departs,
    )


DONE = write(text_frame("done"))


PRIMED = deflated(b"the first message")
SCENARIOS = [
    _deflating("agreed", AGREED, write(compressed(b"done"))),
    _deflating("long", AGREED, write(compressed(b"squeeze me " * 5000), compressed(b"done"))),
    _deflating("binary", AGREED, write(compressed(bytes(range(256)) * 100, 2)), DONE),
    _deflating(
        "not-used-for-one", AGREED, write(text_frame("plain"), compressed(b"squeezed")), DONE
    ),
    _deflating("empty", AGREED, write(frame(1, b"\x00", rsv=4)), DONE),
    _deflating(
        "fragments",
        AGREED,
        write(
            frame(1, PRIMED[:5], fin=False, rsv=4),
            frame(0, PRIMED[5:9], fin=False),
            (b""),
            frame(0, PRIMED[9:]),
        ),
        DONE,
    ),
    _deflating(
        "fragments-and-ping",
        AGREED,
        write(frame(1, PRIMED[:5], fin=False, rsv=4), b"\x89\x01p", frame(0, PRIMED[5:])),
        DONE,
    ),
    _deflating(
        "sends",
        AGREED,
        frames(3),
        DONE,
        ops=[
            send(text("squeeze me " * 100)),
            send(text("x")),
            send(binary("ArrayBuffer", b"\0", 70000)),
        ],
    ),
    _deflating(
        "sends-large", AGREED, frames(1), DONE, ops=[send(text("squeeze me ", 100000)), get()]
    ),
    _deflating(
        "rsv1-on-continuation",
        AGREED,
        write(frame(1, PRIMED[:5], fin=False, rsv=4), frame(0, PRIMED[5:], rsv=4)),
        ends=[],
    ),
    _deflating("rsv1-on-ping", AGREED, write(b"\xc9\x00"), ends=[]),
    _deflating("rsv2", AGREED, write(frame(1, PRIMED, rsv=6)), ends=[]),
    _deflating(
        "junk",
        AGREED,
        write(frame(1, b"\xff\xff\xff\xff", rsv=4)),
        ends=[],
        departs=("1007 for a bad payload",),
    ),
    _deflating(
        "junk-utf8",
        AGREED,
        write(compressed(b"\xff\xfe")),
        ends=[],
        departs=("1007 for a bad payload",),
    ),
    _deflating("cut", AGREED, write(frame(1, PRIMED[:4], rsv=4)), DONE),
    _deflating(
        "final-block", AGREED, write(frame(1, zlib.compress(b"final", 6, -15) + b"\0", rsv=4)), DONE
    ),
    _deflating(
        "server-no-context",
        f"{AGREED}; server_no_context_takeover",
        write(compressed(b"squeezed")),
        write(compressed(b"done")),
    ),
    _deflating(
        "client-no-context",
        f"{AGREED}; client_no_context_takeover",
        frames(2),
        DONE,
        ops=[send(text("same " * 50)), send(text("same " * 50))],
    ),
    _deflating(
        "server-bits", f"{AGREED}; server_max_window_bits=10", write(compressed(b"squeezed")), DONE
    ),
    _deflating(
        "client-bits",
        f"{AGREED}; client_max_window_bits=10",
        frames(1),
        DONE,
        ops=[send(text("same " * 5000))],
    ),
    _deflating(
        "client-bits-8",
        f"{AGREED}; client_max_window_bits=8",
        frames(1),
        DONE,
        ops=[send(text("same " * 50))],
    ),
    _deflating(
        "all-parameters",
        f"{AGREED}; server_no_context_takeover; client_no_context_takeover; "
        f"server_max_window_bits=12; client_max_window_bits=12",
        DONE,
    ),
    _deflating("quoted-parameter", f'{AGREED}; server_max_window_bits="12"', DONE),
    _deflating(
        "spaces",
        "Sec-WebSocket-Extensions:  permessage-deflate ;  server_no_context_takeover ",
        DONE,
    ),
    *(
        _deflating(
            f"bad-{n}", h, covers=("handshake: an extension that was not asked for fails",), ends=[]
        )
        for n, h in {
            "unknown-parameter": f"{AGREED}; x=1",
            "twice": f"{AGREED}, permessage-deflate",
            "two-headers": f"{AGREED}\r\n{AGREED}",
            "parameter-twice": f"{AGREED}; server_no_context_takeover; server_no_context_takeover",
            "server-bits-7": f"{AGREED}; server_max_window_bits=7",
            "server-bits-16": f"{AGREED}; server_max_window_bits=16",
            "server-bits-none": f"{AGREED}; server_max_window_bits",
            "server-bits-zero": f"{AGREED}; server_max_window_bits=010",
            "client-bits-none": f"{AGREED}; client_max_window_bits",
            "client-bits-7": f"{AGREED}; client_max_window_bits=7",
            "context-value": f"{AGREED}; server_no_context_takeover=1",
            "and-another": f"{AGREED}, x-foo",
            "other-case": "Sec-WebSocket-Extensions: Permessage-Deflate",
            "webkit": "Sec-WebSocket-Extensions: x-webkit-deflate-frame",
            "syntax": "Sec-WebSocket-Extensions: permessage-deflate;;",
        }.items()
    ),
]
