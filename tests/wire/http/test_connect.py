"""CONNECT, RFC 9110 section 9.3.6, as bytes."""

from __future__ import annotations

import pytest

from trio_ws_dom._wire._http._connect import Connect
from trio_ws_dom._wire._http._response import HandshakeFailure
from trio_ws_dom._wire._http._response_heads import (
    MAX_INFORMATIONAL,
    MAX_RESPONSE_HEAD,
)

TARGET = "chat.example:443"
OK = b"HTTP/1.1 200 Connection established\r\n\r\n"


def answer(data: bytes) -> bytes:
    """The tunnel's first bytes, if this answer, all of it at once, makes one."""
    first = Connect(TARGET).receive(data)
    assert first is not None
    return first


def failure(*pieces: bytes) -> HandshakeFailure:
    """What these pieces come to."""
    connect = Connect(TARGET)
    with pytest.raises(HandshakeFailure) as caught:
        for piece in pieces:
            assert connect.receive(piece) is None
    assert str(caught.value).isprintable()
    return caught.value


@pytest.mark.parametrize("target", ["chat.example:443", "127.0.0.1:80", "[::1]:8080"])
def test_connect_request(target: str) -> None:
    """Authority form, with its port, in the first line and in Host; and no more than that."""
    request = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"
    assert Connect(target).request_bytes() == request.encode()


def test_connect_request_with_credentials() -> None:
    """They are in Proxy-Authorization, which is the proxy's and goes no further."""
    lines = Connect(TARGET, "Basic dTpw").request_bytes().split(b"\r\n")
    assert lines[2:] == [b"Proxy-Authorization: Basic dTpw", b"", b""]


@pytest.mark.parametrize(
    "head",
    [
        OK,
        b"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n",
        b"HTTP/1.1 204 Fine\r\n\r\n",
        b"HTTP/1.1 299 Why\r\n\r\n",
        b"HTTP/1.1 200 OK\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_INFORMATIONAL + OK,
    ],
    ids=["1.1", "1.0", "204", "299", "LF", "length", "chunked", "100"],
)
def test_tunnel_opens(head: bytes) -> None:
    """By any 2xx; it has no body, whatever it says; what is behind its head is the tunnel's."""
    assert answer(head) == b""
    assert answer(head + b"first bytes\r\n\r\n") == b"first bytes\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 7, 30, 38])
def test_tunnel_opens_in_pieces(size: int) -> None:
    """The head may come in any pieces; the last brings the tunnel's first bytes along."""
    connect = Connect(TARGET)
    *pieces, last = [OK[i : i + size] for i in range(0, len(OK), size)]
    assert [connect.receive(piece) for piece in pieces] == [None] * len(pieces)
    assert connect.receive(last + b"!") == b"!"


@pytest.mark.parametrize("status", [300, 302, 403, 404, 407, 500, 502, 504])
def test_refused_tunnel(status: int) -> None:
    """Any other status; its body is not waited for, and the message says who was to be reached."""
    error = failure(b"HTTP/1.1 %d Oh no\r\nContent-Length: 900\r\n\r\n" % status)
    assert error.status == status
    assert str(error) == f"expected status 2xx to CONNECT {TARGET}, got {status} Oh no"


@pytest.mark.parametrize(
    "header",
    [
        'Proxy-Authenticate: Basic realm="office"',
        "Proxy-Status: office; error=dns_error",
        "X-Squid-Error: ERR_DNS_FAIL 0",
    ],
)
def test_refused_tunnel_gives_the_reason(header: str) -> None:
    """Where the proxy says why, or what it asks for, the message does too."""
    error = failure(f"HTTP/1.1 407 No\r\nX: y\r\n{header}\r\n\r\n".encode())
    assert str(error).endswith(f"got 407 No ({header})")
    assert error.headers["X"] == "y"


def test_refused_tunnel_gives_all_reasons() -> None:
    """Those of one header, then those of the next."""
    lines = b"Proxy-Status: x\r\nProxy-Authenticate: a\r\nproxy-authenticate: b\r\n\r\n"
    error = failure(b"HTTP/1.1 407 No\r\n" + lines)
    assert str(error).endswith("(Proxy-Authenticate: a, b, Proxy-Status: x)")


def test_refused_tunnel_with_many_reasons() -> None:
    """However many there are, the message is short."""
    lines = b"Proxy-Authenticate: Basic realm=x\r\n" * 100
    assert len(str(failure(b"HTTP/1.1 407 No\r\n" + lines + b"\r\n"))) < 400


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SSH-2.0-x\r\n", "expected an HTTP response, got b'SSH-2.0-x\\r\\n'"),
        (b"\x05\x00", "expected an HTTP response"),
        (b"HTTP/1.1 abc\r\n\r\n", "malformed HTTP response"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "malformed HTTP response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed"),
    ],
)
def test_junk_from_a_proxy(data: bytes, message: str) -> None:
    """What is not HTTP, or no answer to CONNECT, has no status."""
    error = failure(data)
    assert message in str(error)
    assert error.status == 0


@pytest.mark.parametrize("data", [b"", b"HT", OK[:-2]])
def test_proxy_ends_early(data: bytes) -> None:
    """The end of the connection before the end of the head."""
    connect = Connect(TARGET)
    if data:
        assert connect.receive(data) is None
    with pytest.raises(HandshakeFailure, match=f"end of the connection after {len(data)} bytes"):
        connect.receive(b"")


def test_giant_head_from_a_proxy() -> None:
    """A head that does not end is read to the limit, and no further."""
    start = b"HTTP/1.1 200 OK\r\nX: "
    rest = b"y" * (MAX_RESPONSE_HEAD - len(start))
    error = failure(start, rest, b"y")
    assert f"at most {MAX_RESPONSE_HEAD} bytes of headers" in str(error)


def test_too_many_informational_from_a_proxy() -> None:
    """And so has that of responses before the answer."""
    error = failure(b"HTTP/1.1 102 Wait\r\n\r\n" * (MAX_INFORMATIONAL + 1) + OK)
    assert "expected status 2xx after at most 5 others of 1xx" in str(error)
