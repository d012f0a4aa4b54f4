"""The opening handshake's request: RFC 6455 section 4.1."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.answers import ASKING, KEY, PLAIN, REQUEST

from trio_ws_dom._wire._http._handshake import ClientHandshake
from trio_ws_dom._wire._http._request import Request, check_header


def test_the_request_on_the_wire() -> None:
    """Method, target and headers are RFC 6455 section 4.1's, in a browser's order."""
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


def test_without_compression_and_protocols_no_header_speaks_of_them() -> None:
    """What is off is not on the wire."""
    sent = ClientHandshake(PLAIN).request_bytes().lower()
    assert b"extensions" not in sent
    assert b"protocol" not in sent


def test_the_request_may_be_asked_for_again() -> None:
    """It stays what it was."""
    handshake = ClientHandshake(REQUEST)
    assert handshake.request_bytes() == handshake.request_bytes()


def test_headers_are_sent_in_order_and_as_written() -> None:
    """Names keep their case, duplicates stay, values are latin-1."""
    headers = (("X-b", "\xfc"), ("Cookie", "a=1"), ("x-a", ""), ("X-b", "2"))
    sent = ClientHandshake(Request("h", "/", KEY, headers=headers)).request_bytes()
    assert sent.endswith(b"\r\nX-b: \xfc\r\nCookie: a=1\r\nx-a: \r\nX-b: 2\r\n\r\n")


def test_a_host_header_replaces_ours() -> None:
    """There is one Host in the request."""
    request = Request("example.com", "/", KEY, headers=(("hOST", "other"),))
    sent = ClientHandshake(request).request_bytes()
    assert re.findall(rb"(?i)host: (.*)\r", sent) == [b"other"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("", "x", "header name '' is not a token"),
        ("a b", "x", "header name 'a b' is not a token"),
        ("a:", "x", "header name 'a:' is not a token"),
        ("a\r\nb", "x", r"header name 'a\r\nb' is not a token"),
        ("a\n", "x", r"header name 'a\n' is not a token"),
        ("\xe4", "x", "header name '\xe4' is not a token"),
        ("Upgrade", "h2c", "header Upgrade is set by the handshake itself"),
        ("cONNECTION", "close", "header cONNECTION is set by"),
        ("Content-Length", "5", "header Content-Length is set by"),
        ("Transfer-Encoding", "chunked", "header Transfer-Encoding is set by"),
        ("Sec-WebSocket-Key", "x", "header Sec-WebSocket-Key is set by"),
        ("sec-websocket-protocol", "x", "header sec-websocket-protocol is set by"),
        ("X", "secret\r\nY: 1", r"header X has the character '\r' at position 6"),
        ("X", "secret\nY: 1", r"header X has the character '\n' at position 6"),
        ("X", "secret\x00", r"header X has the character '\x00' at position 6"),
        ("X", "secret\x0b", r"header X has the character '\x0b' at position 6"),
        ("X", "secret\x7f", r"header X has the character '\x7f' at position 6"),
        ("X", "secret\n", r"header X has the character '\n' at position 6"),
        ("X", " secret", "header X has whitespace around its value"),
        ("X", "secret\t", "header X has whitespace around its value"),
        ("X", "secret\u20ac\xff", "header X has a character that is not in latin-1"),
    ],
)
def test_headers_that_cannot_be_sent(name: str, value: str, message: str) -> None:
    """The error names the header and what is wrong, and does not show the value."""
    with pytest.raises(ValueError) as caught:
        check_header(name, value)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError) as caught:
        ClientHandshake(Request("h", "/", KEY, headers=(("Ok", "1"), (name, value))))
    assert message in str(caught.value)


@pytest.mark.parametrize("value", ["", "a \t b", "XX", "\xa0\x85", "\xff"])
def test_values_that_can_be_sent(value: str) -> None:
    """Whatever is latin-1, and no control character; space within; what Python strips, too."""
    check_header("X", value)


@given(st.text(max_size=5), st.text(max_size=5))
@example("X", "\x1f")
@example("X", "\x85\xa0")
@example("X", "a \t b")
def test_what_passes_the_check_is_sent(name: str, value: str) -> None:
    """h11 has nothing to add, and one header in is one header out."""
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
    ("request_", "message"),
    [
        (Request("", "/", KEY), "the host '' is not made of visible ASCII"),
        (Request("a b", "/", KEY), "the host 'a b' is not"),
        (Request("a\r\nX: y", "/", KEY), r"the host 'a\r\nX: y' is not"),
        (Request("\xe4", "/", KEY), "the host '\xe4' is not"),
        (Request("h", "", KEY), "the target '' is not"),
        (Request("h", "/ HTTP/1.1\r\n", KEY), r"the target '/ HTTP/1.1\r\n' is not"),
        (Request("h", "/\n", KEY), r"the target '/\n' is not"),
        (Request("h", "/\x7f", KEY), r"the target '/\x7f' is not"),
        (Request("h", "/", b"AAAA"), "the key is not the base64 of 16 bytes"),
        (Request("h", "/", KEY + b"\n"), "the key is not the base64"),
        (Request("h", "/", KEY[:-1]), "the key is not the base64"),
        (Request("h", "/", KEY, ("a", "")), "the subprotocol '' is not a token"),
        (Request("h", "/", KEY, ("a, b",)), "the subprotocol 'a, b' is not a token"),
        (Request("h", "/", KEY, ("a\n",)), r"the subprotocol 'a\n' is not a token"),
        (Request("h", "/", KEY, (), (("Host", "a"), ("host", "b"))), "header Host is given more"),
    ],
)
def test_requests_that_cannot_be_sent(request_: Request, message: str) -> None:
    """Nothing a caller passes can break out of its place."""
    with pytest.raises(ValueError) as caught:
        ClientHandshake(request_)
    assert str(caught.value).startswith(message)
