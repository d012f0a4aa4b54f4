"""Answers that are not valid, and frames that break the protocol, which fail the connection."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    OPENING,
    REQUEST,
    UNTIL_CLOSE,
    Op,
    Scenario,
    answer,
    binary_frame,
    close,
    close_frame,
    frame,
    frames,
    get,
    new,
    ping_frame,
    pong_frame,
    send,
    text,
    text_frame,
    when,
    write,
)

NO_ACCEPT = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
STATUS = {
    "200": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "204": "HTTP/1.1 204 No Content\r\n\r\n",
    "301": "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "302-ws": "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "307": "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "400": "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad",
    "401-unknown-scheme": "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Unknown\r\n\r\n",
    "403": "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "404": "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "426": "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n",
    "500": "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "503-endless": "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\nfoo",
    "200-with-upgrade": OPENING.replace("101 Switching Protocols", "200 OK") + "\r\n",
    "100-then-101": "HTTP/1.1 100 Continue\r\n\r\n" + OPENING + "\r\n",
    "103-then-101": "HTTP/1.1 103 Early Hints\r\n\r\n" + OPENING + "\r\n",
    "http-1.0": OPENING.replace("1.1", "1.0") + "\r\n",
    "http-2.0": OPENING.replace("1.1", "2.0") + "\r\n",
    "no-reason-phrase": OPENING.replace(" Switching Protocols", "") + "\r\n",
    "other-reason-phrase": OPENING.replace("Switching Protocols", "WebSocket Protocol Handshake")
    + "\r\n",
    "101-lines-end-with-newline": OPENING.replace("\r\n", "\n") + "\n",
}
ANSWERS = {
    "accept-missing": NO_ACCEPT,
    "accept-wrong": NO_ACCEPT + "Sec-WebSocket-Accept: c3VyZWx5IG5vdCBjb3JyZWN0ISE=\r\n",
    "accept-key-itself": NO_ACCEPT + "Sec-WebSocket-Accept: {key}\r\n",
    "accept-empty": NO_ACCEPT + "Sec-WebSocket-Accept:\r\n",
    "accept-twice": NO_ACCEPT
    + "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Accept: {accept}\r\n",
    "accept-spaces": NO_ACCEPT + "Sec-WebSocket-Accept:   {accept}  \r\n",
    "upgrade-missing": OPENING.replace("Upgrade: websocket\r\n", ""),
    "upgrade-other": OPENING.replace("Upgrade: websocket", "Upgrade: h2c"),
    "upgrade-upper": OPENING.replace("Upgrade: websocket", "UPGRADE: WebSocket"),
    "upgrade-two": OPENING.replace("Upgrade: websocket", "Upgrade: websocket, h2c"),
    "upgrade-twice": OPENING + "Upgrade: websocket\r\n",
    "connection-missing": OPENING.replace("Connection: Upgrade\r\n", ""),
    "connection-close": OPENING.replace("Connection: Upgrade", "Connection: close"),
    "connection-list": OPENING.replace("Connection: Upgrade", "Connection: keep-alive, upgrade"),
    "connection-twice": OPENING.replace(
        "Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"
    ),
    "extension-unasked": OPENING + "Sec-WebSocket-Extensions: x-foo\r\n",
    "extension-empty": OPENING + "Sec-WebSocket-Extensions:\r\n",
    "version-in-answer": OPENING + "Sec-WebSocket-Version: 13\r\n",
    "unknown-header": OPENING + "X-Foo: bar\r\n",
    "content-length": OPENING + "Content-Length: 5\r\n",
    "transfer-encoding": OPENING + "Transfer-Encoding: chunked\r\n",
    "header-folded": OPENING + "X-Foo: bar\r\n baz\r\n",
    "header-without-colon": OPENING + "nonsense\r\n",
    "header-not-ascii": OPENING + "X-Foo: \xff\xe4\r\n",
}
JUNK = {
    "text": b"hello there, this is no HTTP\r\n\r\n",
    "frames": text_frame("hello"),
    "empty-lines": b"\r\n\r\n\r\n\r\n",
    "bytes": bytes(range(128, 256)),
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "icy": b"ICY 200 OK\r\n\r\n",
    "http-0.9": b"<html>old</html>",
}
BROKEN = {
    "masked": text_frame("hi", mask=b"abcd"),
    "masked-empty": text_frame("", mask=b"abcd"),
    "masked-zero": text_frame("hi", mask=b"\0\0\0\0"),
    "masked-close": close_frame(1000, mask=b"abcd"),
    "masked-ping": ping_frame(b"x", mask=b"abcd"),
    "rsv1": text_frame("hi", rsv=4),
    "rsv2": text_frame("hi", rsv=2),
    "rsv3": text_frame("hi", rsv=1),
    "rsv-all": text_frame("hi", rsv=7),
    "rsv1-ping": ping_frame(b"hi", rsv=4),
    "rsv1-close": close_frame(1000, rsv=4),
    **{f"opcode-{o}": frame(o, b"hi") for o in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "continuation-first": frame(0, b"hi"),
    "continuation-first-open": frame(0, b"hi", fin=False),
    "continuation-after-message": text_frame("whole") + frame(0, b"hi"),
    "message-in-message": text_frame("half", fin=False) + text_frame("other"),
    "binary-in-text": text_frame("half", fin=False) + binary_frame(b"other"),
    "message-open-in-message": text_frame("half", fin=False) + text_frame("other", fin=False),
    "ping-fragmented": ping_frame(b"hi", fin=False),
    "pong-fragmented": pong_frame(b"hi", fin=False),
    "close-fragmented": close_frame(1000, fin=False),
    "ping-126": ping_frame(b"x" * 126),
    "pong-126": pong_frame(b"x" * 126),
    "close-126": close_frame(1000, "x" * 124),
    "ping-length-in-two-bytes": ping_frame(b"x", size=2),
    "length-2-not-minimal": text_frame("hi", size=2),
    "length-2-not-minimal-125": text_frame("x" * 125, size=2),
    "length-8-not-minimal": text_frame("hi", size=8),
    "length-8-not-minimal-65535": binary_frame(b"x" * 65535, size=8),
    "length-high-bit": b"\x82\x7f\x80\0\0\0\0\0\0\1x",
    "length-all-ones": b"\x82\x7f" + b"\xff" * 8,
    "text-not-utf8": text_frame(b"a\xffb"),
    "text-overlong": text_frame(b"\xc0\xaf"),
    "text-surrogate": text_frame(b"\xed\xa0\x80"),
    "text-too-high": text_frame(b"\xf4\x90\x80\x80"),
    "text-cut": text_frame(b"\xe2\x82"),
    "text-not-utf8-in-fragment": text_frame(b"a\xff", fin=False),
    "text-cut-at-the-end": text_frame(b"\xe2", fin=False) + frame(0, b"\x82"),
    "after-a-message": text_frame("good") + text_frame("bad", mask=b"abcd") + text_frame("never"),
}
GOOD = {
    "empty-text": text_frame(""),
    "empty-binary": binary_frame(b""),
    "text-125": text_frame("x" * 125),
    "text-126": text_frame("x" * 126),
    "text-65535": text_frame("x" * 65535),
    "text-65536": text_frame("x" * 65536),
    "binary-mebi": binary_frame(b"0123456789abcdef" * 65536),
    "two-fragments": text_frame("one ", fin=False) + frame(0, b"two"),
    "many-fragments": text_frame("", fin=False)
    + b"".join(frame(0, b"x", fin=False) for _ in range(300))
    + frame(0),
    "empty-fragments": text_frame("", fin=False)
    + frame(0, b"", fin=False)
    + frame(0, b"", fin=True),
    "binary-fragments": binary_frame(b"\x01", fin=False)
    + frame(0, b"\x02", fin=False)
    + frame(0, b"\x03"),
    "character-over-fragments": text_frame(b"\xe2", fin=False)
    + frame(0, b"\x82", fin=False)
    + frame(0, b"\xac"),
    "ping-between-fragments": text_frame("one ", fin=False) + ping_frame(b"mid") + frame(0, b"two"),
    "pong-unasked": pong_frame(b"unasked") + text_frame("x"),
    "ping-empty": ping_frame(),
    "ping-125": ping_frame(bytes(range(125))),
    "pings": ping_frame(b"1") + ping_frame(b"2") + ping_frame(b"3"),
    "text-nul": text_frame("a\0b"),
    "text-bom": text_frame("\ufeffa"),
    "text-noncharacters": text_frame("\ufffe\uffff\U0010ffff"),
    "text-wide": text_frame("\U0001f600" * 20),
    "binary-all": binary_frame(bytes(range(256))),
}
REFUSED = ("handshake: an answer that is no acceptance fails", "closed: error first if it failed")
FAILED = (
    "protocol: a broken rule fails the connection",
    "closed: error first if it failed",
    "closed: wasClean, code and reason",
)
FINE = ("message: fires with type, origin and data", "message: text")
PING = ("protocol: a ping is answered, and not seen by the program",)
PROGRAM: list[Op] = [new(open=[get()])]


HTTP_STRICT = (
    "status-100-then-101",
    "status-103-then-101",
    "status-http-1.0",
    "status-http-2.0",
    "header-without-colon",
)
BAD_PAYLOAD = ("1007 for a bad payload",)


def _refused(name: str, *steps: tuple[Any, ...]) -> Scenario:
    departs = ("HTTP by the book",) if name in HTTP_STRICT else ()
    covers = (
        (*REFUSED, "handshake: redirects are not followed")
        if name.startswith("status-30")
        else REFUSED
    )
    return Scenario(
        f"refused-{name}",
        [new(open=[close()])],
        [[REQUEST, *steps, *GOODBYE]],
        covers,
        after=[get()],
        departs=departs,
    )


def _good(name: str, data: bytes) -> Scenario:
    program = [
        ["note", "binary as ArrayBuffer"],
        new(message=[when("done", [close()])]),
        ["put", "ws", "binaryType", "arraybuffer"],
    ]
    covers = (
        PING
        if name.startswith("p")
        else ("message: binary by binaryType",)
        if name.startswith("b")
        else FINE
    )
    return Scenario(
        f"received-{name}", program, [[*ACCEPT, write(data, text_frame("done")), *GOODBYE]], covers
    )


SCENARIOS = [
    *(_refused(f"status-{n}", ("answer", a, b"")) for n, a in STATUS.items()),
    *(_refused(n, answer(opening=a)) for n, a in ANSWERS.items()),
    *(_refused(f"junk-{n}", write(j), END) for n, j in JUNK.items()),
    *(
        Scenario(
            f"broken-{n}",
            PROGRAM,
            [[*ACCEPT, write(b)]],
            FAILED,
            after=[get()],
            departs=BAD_PAYLOAD if n.startswith("text-") and "in-text" not in n else (),
        )
        for n, b in BROKEN.items()
    ),
    *(_good(n, d) for n, d in GOOD.items()),
    Scenario(
        "received-byte-by-byte",
        [new(message=[when("done", [close()])])],
        [
            [
                *ACCEPT,
                ("split", text_frame("slow") + text_frame("x" * 130) + text_frame("done"), 1),
                *GOODBYE,
            ]
        ],
        FINE,
    ),
    Scenario(
        "answer-byte-by-byte", [new(open=[close()])], [[REQUEST, (*answer(), 1), *GOODBYE]], FINE
    ),
    Scenario(
        "broken-while-closing",
        [new(open=[close(3000, "x")])],
        [[*ACCEPT, UNTIL_CLOSE, write(text_frame("bad", rsv=2))]],
        FAILED,
    ),
    *(
        Scenario(
            f"broken-{n}-after-a-message",
            PROGRAM,
            [[*ACCEPT, write(text_frame("good"), BROKEN[n])]],
            FAILED,
            after=[get()],
            departs=("messages before a malformed frame",),
        )
        for n in ("ping-fragmented", "close-126", "length-2-not-minimal")
    ),
    Scenario(
        "broken-not-inflated-after-a-message",
        PROGRAM,
        [
            [
                REQUEST,
                answer("Sec-WebSocket-Extensions: permessage-deflate"),
                write(text_frame("good"), BROKEN["rsv1"]),
            ]
        ],
        FAILED,
        after=[get()],
        departs=("messages before a malformed frame",),
    ),
    Scenario("broken-with-the-101", [new()], [[REQUEST, answer(then=b"\x83\x00")]], FAILED),
    Scenario(
        "broken-with-data-queued",
        [new(open=[send(text("queued"))])],
        [[*ACCEPT, frames(1), write(b"\x83\x00")]],
        FAILED,
    ),
]
