"""The opening handshake's request (RFC 6455 section 4.1)."""

from __future__ import annotations

import re

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.answers import ASKING, KEY, PLAIN, REQUEST

from trio_ws_dom._wire._http._handshake import ClientHandshake
from trio_ws_dom._wire._http._request import Request, check_header, check_headers


def test_a_request_has_the_headers_of_the_rfc_in_a_browsers_order() -> None:
    assert ClientHandshake(ASKING).request_bytes().split(b"\r\n") == [
        b"GET / HTTP/1.1",
        b"Host: example.com",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: " + KEY,
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Protocol: chat.v2, chat",
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        b"",
        b"",
    ]


def test_without_compression_and_protocols_their_headers_are_not_sent() -> None:
    sent = ClientHandshake(PLAIN).request_bytes().lower()
    assert b"extensions" not in sent
    assert b"protocol" not in sent


def test_request_bytes_are_the_same_each_time() -> None:
    handshake = ClientHandshake(REQUEST)
    assert handshake.request_bytes() == handshake.request_bytes()


def test_headers_are_sent_in_order_and_as_written() -> None:
    headers = (("X-b", "\xfc"), ("Cookie", "a=1"), ("x-a", ""), ("X-b", "2"))
    sent = ClientHandshake(Request("h", "/", KEY, headers=headers)).request_bytes()
    assert sent.endswith(b"\r\nX-b: \xfc\r\nCookie: a=1\r\nx-a: \r\nX-b: 2\r\n\r\n")


def test_a_host_header_replaces_ours() -> None:
    request = Request("example.com", "/", KEY, headers=(("hOST", "other"),))
    sent = ClientHandshake(request).request_bytes()
    assert re.findall(rb"(?i)host: (.*)\r", sent) == [b"other"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("", "x", "expected a header's name as a token (RFC 9110), got an empty one"),
        ("secret a", "x", "as a token (RFC 9110), got the character ' ' at position 6"),
        ("secret: x", "x", "got the character ':' at position 6"),
        ("secret\r\nb", "x", r"got the character '\r' at position 6"),
        ("secret\n", "x", r"got the character '\n' at position 6"),
        ("\xe4secret", "x", "got the character '\xe4' at position 0"),
        ("Upgrade", "h2c", "expected no header Upgrade, which the handshake sets itself, got one"),
        ("cONNECTION", "close", "expected no header cONNECTION"),
        ("Content-Length", "5", "expected no header Content-Length"),
        ("Transfer-Encoding", "chunked", "expected no header Transfer-Encoding"),
        ("Sec-WebSocket-Key", "x", "expected no header Sec-WebSocket-Key"),
        ("sec-websocket-protocol", "x", "expected no header sec-websocket-protocol"),
        ("X", "secret\r\nY: 1", r"text for the header X, got the character '\r' at position 6"),
        ("X", "secret\nY: 1", r"got the character '\n' at position 6"),
        ("X", "secret\x00", r"got the character '\x00' at position 6"),
        ("X", "secret\x0b", r"got the character '\x0b' at position 6"),
        ("X", "secret\x7f", r"got the character '\x7f' at position 6"),
        ("X", "secret\n", r"got the character '\n' at position 6"),
        ("X", " secret", "for the header X, got space around it: strip it"),
        ("X", "secret\t", "got space around it"),
        ("X", "secret\u20ac\xff", "of latin-1 text for the header X, got another character"),
    ],
)
def test_an_error_about_a_header_has_no_secret(name: str, value: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_header(name, value)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_header_host_is_given_once() -> None:
    with pytest.raises(ValueError, match="expected the header Host once, got it 2 times"):
        check_headers([("Host", "a"), ("host", "b")])


@pytest.mark.parametrize("value", ["", "a \t b", "XX", "\xa0\x85", "\xff"])
def test_values_of_latin_1_without_control_characters_pass(value: str) -> None:
    check_header("X", value)


@given(st.text(max_size=5), st.text(max_size=5))
@example("X", "\x1f")
@example("X", "\x85\xa0")
@example("X", "a \t b")
def test_h11_sends_whatever_passes_the_check(name: str, value: str) -> None:
    try:
        check_header(name, value)
    except ValueError:
        return
    sent = ClientHandshake(Request("h", "/", KEY, headers=((name, value),))).request_bytes()
    assert sent.count(b"\r\n") == ClientHandshake(REQUEST).request_bytes().count(b"\r\n") + (
        name.lower() != "host"
    )
    assert f"\r\n{name}: {value}\r\n".encode("latin-1").lower() in sent.lower()


@pytest.mark.parametrize(
    "request_",
    [
        Request("a\r\nX: y", "/", KEY),
        Request("h", "/ HTTP/1.1\r\n", KEY),
        Request("h", "/\n", KEY),
        Request("h", "/", KEY, ("a\r\nX: y",)),
        Request("h", "/", KEY, headers=(("X", "1\r\nY: 2"),)),
    ],
)
def test_h11_refuses_what_was_not_checked(request_: Request) -> None:
    """A mistake of ours cannot put a line into a request."""
    with pytest.raises(h11.LocalProtocolError):
        ClientHandshake(request_)


def test_a_requests_repr_has_no_secret() -> None:
    request = Request("h", "/?secret", KEY, ("secret",), (("Authorization", "secret"),))
    assert "secret" not in repr(request)
