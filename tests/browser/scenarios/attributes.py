"""binaryType, the constants, the read-only attributes, extensions, and several sockets at once."""

from __future__ import annotations

import zlib

from ..scenario import (
    ACCEPT,
    COUNT,
    END,
    GOODBYE,
    REQUEST,
    UNTIL_CLOSE,
    Op,
    Scenario,
    add,
    answer,
    binary,
    binary_frame,
    close,
    close_frame,
    frame,
    frames,
    get,
    heard,
    new,
    put,
    say,
    send,
    tell,
    text,
    text_frame,
    wait,
    when,
    write,
)

TYPES = (
    "binaryType: blob at first",
    "binaryType: what it is when the message comes counts",
    "message: binary by binaryType",
)
DEFLATE = ("extensions: what the server agreed to", "handshake: permessage-deflate is offered")
AGREED = "Sec-WebSocket-Extensions: permessage-deflate"


def deflated(data: bytes, level: int = 6) -> bytes:
    """RFC 7692: raw deflate, flushed, less the last four bytes."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def compressed(data: bytes, opcode: int = 1) -> bytes:
    return frame(opcode, deflated(data), rsv=4)


def _deflating(
    name: str,
    agreed: str,
    *steps: tuple,
    ops: list[Op] | None = None,
    covers: tuple[str, ...] = DEFLATE,
    ends: list | None = None,
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


def _two(
    name: str,
    server: list,
    *ops: Op,
    covers: tuple[str, ...] = ("handshake: one CONNECTING for each host and port",),
) -> Scenario:
    return Scenario(f"many-{name}", list(ops), server, covers)


DONE = write(text_frame("done"))
BINARY_TYPE = [
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

PRIMED = deflated(b"the first message")
COMPRESSION = [
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

LATE = [[REQUEST, COUNT, answer(), *GOODBYE], [*ACCEPT, *GOODBYE]]
SEVERAL = [
    _two(
        "two-one-after-the-other",
        LATE,
        new(name="a", open=[close(name="a")]),
        new(name="b", open=[close(name="b")]),
    ),
    _two(
        "two-first-fails",
        [
            [REQUEST, COUNT, ("answer", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", b"")],
            [*ACCEPT, *GOODBYE],
        ],
        new(name="a"),
        new(name="b", open=[close(name="b")]),
    ),
    _two(
        "two-first-closed-while-connecting",
        [[REQUEST, COUNT, say("asked")], [*ACCEPT, *GOODBYE]],
        new(name="a"),
        new(name="b", open=[close(name="b")]),
        heard("asked", [close(name="a")]),
    ),
    _two(
        "second-closed-while-waiting",
        [[REQUEST, COUNT, say("asked"), wait("closed"), answer(), *GOODBYE]],
        new(name="a", open=[close(name="a")]),
        new(name="b", close=[tell("closed")]),
        heard("asked", [close(name="b")]),
    ),
    _two(
        "twenty-five",
        [[*ACCEPT, *GOODBYE]] * 25,
        *(new(name=f"s{i}", open=[close(name=f"s{i}")]) for i in range(25)),
    ),
    _two(
        "talk-to-each-other",
        [
            [*ACCEPT, frames(1), write(text_frame("from a")), *GOODBYE],
            [*ACCEPT, frames(1), write(text_frame("from b")), *GOODBYE],
        ],
        new(
            name="a",
            message=[close(name="a")],
            open=[
                new(
                    name="b",
                    open=[send(text("b"), name="b")],
                    message=[close(name="b"), send(text("a"), name="a")],
                )
            ],
        ),
        covers=("events: each socket its own",),
    ),
    _two(
        "new-inside-close",
        [[*ACCEPT, *GOODBYE], [*ACCEPT, *GOODBYE]],
        new(name="a", open=[close(name="a")], close=[new(name="b", open=[close(name="b")])]),
        covers=("events: each socket its own",),
    ),
]

SCENARIOS = [*BINARY_TYPE, *COMPRESSION, *SEVERAL]
