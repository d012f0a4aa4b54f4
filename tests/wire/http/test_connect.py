"""CONNECT (RFC 9110 section 9.3.6) as bytes."""

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
    """Return the tunnel's first bytes, from an answer that comes all at once."""
    first = Connect(TARGET).receive(data)
    assert first is not None
    return first


def failure(*pieces: bytes) -> HandshakeFailure:
    """Return the result of these pieces."""
    connect = Connect(TARGET)
    with pytest.raises(HandshakeFailure) as caught:
        for piece in pieces:
            assert connect.receive(piece) is None
    assert str(caught.value).isprintable()
    return caught.value


@pytest.mark.parametrize("target", ["chat.example:443", "127.0.0.1:80", "[::1]:8080"])
def test_a_connect_has_target_and_host_only(target: str) -> None:
    request = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"
    assert Connect(target).request_bytes() == request.encode()


def test_credentials_are_in_proxy_authorization() -> None:
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
def test_any_2xx_opens_the_tunnel_without_a_body(head: bytes) -> None:
    assert answer(head) == b""
    assert answer(head + b"first bytes\r\n\r\n") == b"first bytes\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 7, 30, 38])
def test_a_head_in_pieces_opens_the_tunnel(size: int) -> None:
    connect = Connect(TARGET)
    *pieces, last = [OK[i : i + size] for i in range(0, len(OK), size)]
    assert [connect.receive(piece) for piece in pieces] == [None] * len(pieces)
    assert connect.receive(last + b"!") == b"!"


@pytest.mark.parametrize("status", [300, 302, 403, 404, 407, 500, 502, 504])
def test_any_other_status_is_a_refusal_that_names_the_target(status: int) -> None:
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
def test_a_refusal_has_the_proxys_reason(header: str) -> None:
    error = failure(f"HTTP/1.1 407 No\r\nX: y\r\n{header}\r\n\r\n".encode())
    assert str(error).endswith(f"got 407 No ({header})")
    assert error.headers["X"] == "y"


def test_a_refusal_has_all_reasons_in_order() -> None:
    lines = b"Proxy-Status: x\r\nProxy-Authenticate: a\r\nproxy-authenticate: b\r\n\r\n"
    error = failure(b"HTTP/1.1 407 No\r\n" + lines)
    assert str(error).endswith("(Proxy-Authenticate: a, b, Proxy-Status: x)")


def test_many_reasons_are_abbreviated() -> None:
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
def test_bytes_that_are_no_http_have_no_status(data: bytes, message: str) -> None:
    error = failure(data)
    assert message in str(error)
    assert error.status == 0


@pytest.mark.parametrize("data", [b"", b"HT", OK[:-2]])
def test_the_end_before_the_head_is_complete_is_a_failure(data: bytes) -> None:
    connect = Connect(TARGET)
    if data:
        assert connect.receive(data) is None
    with pytest.raises(HandshakeFailure, match=f"end of the connection after {len(data)} bytes"):
        connect.receive(b"")


def test_a_head_without_end_fails_at_the_limit() -> None:
    start = b"HTTP/1.1 200 OK\r\nX: "
    rest = b"y" * (MAX_RESPONSE_HEAD - len(start))
    error = failure(start, rest, b"y")
    assert f"at most {MAX_RESPONSE_HEAD} bytes of headers" in str(error)


def test_too_many_informational_responses_are_a_failure() -> None:
    error = failure(b"HTTP/1.1 102 Wait\r\n\r\n" * (MAX_INFORMATIONAL + 1) + OK)
    assert "expected status 2xx after at most 5 others of 1xx" in str(error)
