# ruff: noqa: PT017  # no pytest here, so a target reports by an assertion
"""Fuzz the opening handshake.

The first four bytes choose the request and the chunks, the rest is the server's answer, and then
the connection ends. Whatever it is, only HandshakeFailure is raised, there is a verdict at last,
and it is the same for any chunking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.harness import atheris, chunks, run

with atheris.instrument_imports(include=["trio_ws_dom"]):
    from trio_ws_dom._wire._http._handshake import MAX_REFUSAL_BODY, ClientHandshake, Refused
    from trio_ws_dom._wire._http._request import Request
    from trio_ws_dom._wire._http._response import HandshakeFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 section 1.3
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def handshake(mode: int) -> ClientHandshake:
    return ClientHandshake(
        Request(
            host="example.com",
            target="/",
            key=KEY,
            protocols=("chat", "v2") if mode & 1 else (),
            compression=bool(mode & 2),
        )
    )


def answer(tried: ClientHandshake, data: Iterable[bytes]) -> tuple[object, ...]:
    """Return the verdict, as values that can be compared."""
    pieces = [*data, b""]
    for i, chunk in enumerate(pieces):
        try:
            response = tried.receive(chunk)
        except Refused as exc:
            assert len(exc.body) <= MAX_REFUSAL_BODY
            return Refused, str(exc), exc.status, exc.headers.items(), exc.body, exc.body_complete
        except HandshakeFailure as exc:
            assert str(exc).isprintable()
            # it quotes as much of what is not HTTP as came with its first byte
            said = str(exc).partition(" response, got b")[0]
            return HandshakeFailure, said, exc.status, exc.headers.items()
        if response is not None:
            trailing = response.trailing + b"".join(pieces[i + 1 :])
            accepted = (response.protocol, response.extensions, response.deflate, trailing)
            return (response.status, response.headers.items(), *accepted)
    raise AssertionError("no verdict at the connection's end")


def target(data: bytes) -> None:
    mode, size, other, _ = data[:4].ljust(4, b"\0")
    stream = data[4:]
    expected = answer(handshake(mode), chunks(stream, size))
    assert answer(handshake(mode), chunks(stream, other)) == expected


def switch(*headers: bytes) -> bytes:
    lines = (
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: keep-alive, Upgrade",
        b"Sec-WebSocket-Accept: " + ACCEPT,
        *headers,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


def seeds() -> Iterator[bytes]:
    """Return one of each thing that a server may answer, and of some that it may not."""
    extension = b"Sec-WebSocket-Extensions: permessage-deflate"
    answers = [
        switch(),
        switch() + b"\x81\x05Hello",
        switch(b"Sec-WebSocket-Protocol: chat"),
        switch(extension),
        switch(extension + b"; server_no_context_takeover; client_no_context_takeover"),
        switch(extension + b'; server_max_window_bits="9"; client_max_window_bits=15'),
        switch(extension + b", x; y=z"),
        switch(b"Sec-WebSocket-Accept: x"),
        switch().replace(b"\r\n", b"\n"),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + switch(),
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\n\r\nuntil the end",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 5000,
        b"HTTP/1.1 101 x\r\nfolded: a\r\n b\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"",
    ]
    for mode in range(4):
        for size in (1, 9):
            for data in answers:
                yield bytes((mode, 0, size, 0)) + data


if __name__ == "__main__":
    run(target, seeds())
