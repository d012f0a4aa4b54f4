"""Heads of responses, with junk and the limits."""

from __future__ import annotations

import pytest
from support.answers import GOOD, REQUEST, answer, failure, head, padded, switch

from trio_ws_dom._wire._http._handshake import ClientHandshake
from trio_ws_dom._wire._http._response import HandshakeFailure
from trio_ws_dom._wire._http._response_heads import (
    MAX_INFORMATIONAL,
    MAX_RESPONSE_HEAD,
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", r"expected an HTTP response, got b'SSH-2.0-OpenSSH_9.6\r\n'"),
        (b"\x15\x03\x01\x00\x02\x02P", r"HTTP response, got b'\x15\x03\x01\x00\x02\x02P'"),
        (b"x" * 100, "got b'" + "x" * 32 + "'"),
        (b"x" * 40 + b"\n", "got b'" + "x" * 32 + "'"),
        (b"\nx\n", r"got b'\n'"),
        (b"http/1.1 101 OK\r\n\r\n", r"got b'http/1.1 101 OK\r\n'"),
        (b"\r\n" + switch(), r"expected an HTTP response, got b'\r\n'"),
        (head("100 Continue") + b"\n", r"expected an HTTP response, got b'\n'"),
        (b"H\n", r"expected an HTTP response, got b'H\n'"),
        (b"HTTP/x 101\r\n\r\n", "malformed HTTP response: illegal status line"),
        (b"HTTP/2 101\r\n\r\n", "malformed HTTP response: illegal status line"),
        (head("099 What"), "malformed HTTP response: InformationalResponse status_code"),
        (head("200 OK", [("Content-Length", "x")]), "malformed HTTP response: bad Content-Length"),
        (head("200 OK", [("a b", "x")]), "malformed HTTP response: illegal header line"),
        (switch(("Transfer-Encoding", "gzip")), "malformed HTTP response: Only Transfer-Encoding"),
        (b"", "expected an HTTP response, got the end of the connection after 0 bytes"),
        (b"HTT", "expected an HTTP response, got the end of the connection after 3 bytes"),
        (switch()[:-1], f"the end of the connection after {len(switch()) - 1} bytes"),
        (head("100 Continue") + b"HTTP/1.1 ", "the end of the connection after 34 bytes"),
    ],
)
def test_bytes_that_are_no_http_response_have_no_status(data: bytes, message: str) -> None:
    error = failure(data)
    assert message in str(error)
    assert (type(error), error.status, error.headers.keys()) == (HandshakeFailure, 0, [])


def test_another_protocol_is_found_with_its_first_line() -> None:
    handshake = ClientHandshake(REQUEST)
    with pytest.raises(HandshakeFailure, match="expected an HTTP response"):
        handshake.receive(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize("line", [b"Set-Cookie : a=secret", b"Set-Cookie\x00: secret"])
def test_a_malformed_header_is_not_shown(line: bytes) -> None:
    """It is not in h11's exception, either, which would be printed as the cause."""
    error = failure(switch()[:-2] + line + b"\r\n\r\n")
    assert str(error) == "malformed HTTP response: illegal header line"
    assert error.__cause__ is error.__context__ is None


# Limits


def test_a_head_of_64_kib_is_the_longest() -> None:
    assert answer(padded(MAX_RESPONSE_HEAD) + b"more").status == 101
    expected = "expected a response with at most 65536 bytes of headers, got more"
    for data in (padded(MAX_RESPONSE_HEAD + 1), padded(MAX_RESPONSE_HEAD * 2)[:-4]):
        assert str(failure(data)) == expected


def test_a_head_without_end_fails_at_the_limit() -> None:
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(padded(MAX_RESPONSE_HEAD + 1)[:-1]) is None
    with pytest.raises(HandshakeFailure, match="at most 65536 bytes"):
        handshake.receive(b"xx")


def test_the_number_of_headers_has_no_limit_of_its_own() -> None:
    line = len(b"X: 1\r\n")
    more = [("X", "1")] * ((MAX_RESPONSE_HEAD - len(switch())) // line)
    assert len(answer(switch(*more)).headers) == len(GOOD) + len(more)
    assert "at most 65536 bytes" in str(failure(switch(*more, ("X", "1"))))


def test_too_many_informational_responses_are_a_failure() -> None:
    error = failure(head("103 Early Hints") * (MAX_INFORMATIONAL + 1) + switch())
    assert str(error) == (
        "expected status 101 after at most 5 others of 1xx, got one more: 103 Early Hints"
    )


# A server that expects TLS

HINT = "; a server that expects TLS has wss: URLs"
NGINX = b"<title>400 The plain HTTP request was sent to HTTPS port</title>"
APACHE = b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"
GO = b"Client sent an HTTP request to an HTTPS server.\n"


def plain_failure(data: bytes, tls_scheme: str = "wss:") -> HandshakeFailure:
    handshake = ClientHandshake(REQUEST, tls_scheme)
    with pytest.raises(HandshakeFailure) as caught:
        handshake.receive(data)
        handshake.receive(b"")
    return caught.value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x16", "expected an HTTP response, got a TLS alert"),
        (b"", "expected an HTTP response, got the end of the connection after 0 bytes"),
        *(
            (head("400 Bad Request") + body, "expected status 101, got 400 Bad Request")
            for body in (NGINX, APACHE, GO)
        ),
    ],
    ids=["alert", "end", "nginx", "Apache", "Go"],
)
def test_server_that_expects_tls_is_hinted_at(data: bytes, message: str) -> None:
    assert str(plain_failure(data)) == message + HINT
    assert HINT not in str(plain_failure(data, ""))


@pytest.mark.parametrize(
    "data",
    [b"H", head("400 Bad Request") + b"no HTTP version", head("403 Forbidden") + NGINX],
)
def test_other_answers_have_no_hint_at_tls(data: bytes) -> None:
    assert HINT not in str(plain_failure(data))
