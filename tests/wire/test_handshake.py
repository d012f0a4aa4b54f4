"""The client's opening handshake, RFC 6455 section 4.1."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from email.message import Message

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.server import ServerProtocol
from wsproto import ConnectionType, WSConnection
from wsproto import events as wsproto_events
from wsproto.extensions import PerMessageDeflate

from trio_ws_dom._wire._deflate import DeflateParameters
from trio_ws_dom._wire._handshake import (
    MAX_INFORMATIONAL,
    MAX_REFUSAL_BODY,
    MAX_RESPONSE_HEAD,
    MAX_RESPONSE_HEADERS,
    ClientHandshake,
    Refused,
)
from trio_ws_dom._wire._request import Request, check_header
from trio_ws_dom._wire._response import HandshakeFailure, Response

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 section 1.3, and what it makes of it:
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

REQUEST = Request("example.com", "/chat?x=1", KEY)
ASKING = Request("example.com", "/", KEY, protocols=("chat.v2", "chat"))
PLAIN = Request("example.com", "/", KEY, compression=False)

GOOD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": ACCEPT,
}
EXTENSIONS = "Sec-WebSocket-Extensions"
PROTOCOL = "Sec-WebSocket-Protocol"


def head(status: str, headers: Iterable[tuple[str, str]] = (), version: str = "1.1") -> bytes:
    """A response's head."""
    lines = [f"HTTP/{version} {status}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def switch(*more: tuple[str, str], version: str = "1.1", **changed: str | None) -> bytes:
    """A 101; a change to None leaves the header out, ``_`` stands for ``-``."""
    changes = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = [(n, v) for n, v in (GOOD | changes).items() if v is not None]
    return head("101 Switching Protocols", [*headers, *more], version)


def answer(data: bytes, request: Request = REQUEST) -> Response:
    """The verdict on this answer, all of it at once."""
    handshake = ClientHandshake(request)
    response = handshake.receive(data)
    if response is None:
        response = handshake.receive(b"")
    assert response is not None
    return response


def failure(data: bytes, request: Request = REQUEST) -> HandshakeFailure:
    """The failure that this answer, and the connection's end, comes to."""
    with pytest.raises(HandshakeFailure) as caught:
        answer(data, request)
    return caught.value


def refusal(data: bytes) -> Refused:
    """The same, if it is a refusal."""
    refused = failure(data)
    assert isinstance(refused, Refused)
    return refused


# The request


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
        (Request("h", "/", KEY, (), (("Host", "a"), ("host", "b"))), "Host is given more than"),
    ],
)
def test_requests_that_cannot_be_sent(request_: Request, message: str) -> None:
    """Nothing a caller passes can break out of its place."""
    with pytest.raises(ValueError) as caught:
        ClientHandshake(request_)
    assert message in str(caught.value)


# Agreement


def test_a_plain_agreement() -> None:
    """The least a server can say."""
    response = answer(switch())
    assert (response.status, response.protocol, response.extensions) == (101, "", "")
    assert (response.deflate, response.trailing) == (None, b"")


def test_the_responses_headers() -> None:
    """All are there, in order, with duplicates, whatever bytes they hold."""
    response = answer(switch(("Set-Cookie", "a=1"), ("X", "\xfc\x80"), ("set-cookie", "b=2")))
    assert list(response.headers) == [*GOOD, "Set-Cookie", "X", "set-cookie"]
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert response.headers["x"] == "\xfc\x80"


@pytest.mark.parametrize("trailing", [b"\x81\x02hi", b"\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_bytes_behind_the_response_are_kept(trailing: bytes) -> None:
    """The first frames may come with it."""
    assert answer(switch() + trailing).trailing == trailing


@pytest.mark.parametrize(
    "data",
    [
        switch(Upgrade="WebSocket"),
        switch(Connection="keep-alive, UPGRADE"),
        switch(("Connection", "upgrade"), Connection="keep-alive"),
        switch(Connection="Upgrade,"),
        switch(Sec_WebSocket_Accept=f"  {ACCEPT}\t"),
        switch(version="1.2"),
        switch().replace(b"\r\n", b"\n"),
        switch().replace(b" Switching Protocols", b""),
        switch().replace(b"Upgrade: websocket", b"Upgrade:\r\n websocket"),
    ],
)
def test_other_ways_to_agree(data: bytes) -> None:
    """Case, lists, whitespace and line ends are taken as HTTP has them."""
    assert answer(data).status == 101


@pytest.mark.parametrize("protocol", ["chat", "chat.v2"])
def test_a_protocol_asked_for(protocol: str) -> None:
    """Any of those asked for will do."""
    assert answer(switch((PROTOCOL, protocol)), ASKING).protocol == protocol


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["permessage-deflate"], DeflateParameters()),
        (
            ["permessage-deflate; server_max_window_bits=10; client_no_context_takeover"],
            DeflateParameters(client_no_context_takeover=True, server_max_window_bits=10),
        ),
        (
            ['permessage-deflate; client_max_window_bits="9"'],
            DeflateParameters(client_max_window_bits=9),
        ),
    ],
)
def test_deflate_is_agreed_on(lines: list[str], expected: DeflateParameters) -> None:
    """The parameters are the server's, and its header is shown as it came."""
    response = answer(switch(*((EXTENSIONS, line) for line in lines)))
    assert response.deflate == expected
    assert response.extensions == ", ".join(lines)


@pytest.mark.parametrize("count", [1, MAX_INFORMATIONAL])
def test_informational_responses_are_skipped(count: int) -> None:
    """A 1xx before the 101 is not the answer (RFC 9110 section 15.2)."""
    hint = head("103 Early Hints", [("Link", "</x>")])
    assert answer(hint * count + switch()).status == 101


# Disagreement


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (switch(version="1.0"), "expected status 101 by HTTP/1.1, got it by HTTP/1.0"),
        (switch(version="2.0"), "expected status 101 by HTTP/1.1, got it by HTTP/2.0"),
        (switch(Upgrade=None), "expected the header Upgrade: websocket, got none"),
        (switch(Upgrade="h2c"), "expected the header Upgrade: websocket, got 'h2c'"),
        (switch(Upgrade="websocket, h2c"), "Upgrade: websocket, got 'websocket, h2c'"),
        (switch(("Upgrade", "websocket")), "expected the header Upgrade once, got it 2 times"),
        (switch(Connection=None), "expected the header Connection: upgrade, got none"),
        (switch(Connection="close"), "expected the header Connection: upgrade, got 'close'"),
        (switch(("Connection", "x"), Connection="y"), "Connection: upgrade, got 'y, x'"),
        (switch(Connection="upgraded"), "Connection: upgrade, got 'upgraded'"),
        (switch(Sec_WebSocket_Accept=None), f"Sec-WebSocket-Accept: {ACCEPT}, got none"),
        (switch(Sec_WebSocket_Accept=""), f"Sec-WebSocket-Accept: {ACCEPT}, got ''"),
        (switch(Sec_WebSocket_Accept="x="), f"Sec-WebSocket-Accept: {ACCEPT}, got 'x='"),
        (switch(Sec_WebSocket_Accept=ACCEPT.swapcase()), f": {ACCEPT}, got 'S3PplmbIt"),
        (switch(("sec-websocket-accept", ACCEPT)), "Sec-WebSocket-Accept once, got it 2 times"),
        (switch((PROTOCOL, "chat")), "expected no subprotocol, got 'chat'"),
        (switch((PROTOCOL, "")), "expected no subprotocol, got ''"),
        (switch((EXTENSIONS, "foo")), "expected no extension but permessage-deflate, got 'foo'"),
        (switch((EXTENSIONS, "Permessage-Deflate")), "got 'Permessage-Deflate'"),
        (switch((EXTENSIONS, "permessage-deflate, foo")), "but permessage-deflate, got 'foo'"),
        (
            switch((EXTENSIONS, "permessage-deflate"), (EXTENSIONS, "permessage-deflate; x")),
            "expected permessage-deflate once, got it 2 times",
        ),
        (switch((EXTENSIONS, "")), "malformed header Sec-WebSocket-Extensions: expected an ext"),
        (switch((EXTENSIONS, "\xe4")), "malformed header Sec-WebSocket-Extensions: expected an"),
        (
            switch((EXTENSIONS, "permessage-deflate; server_max_window_bits=16")),
            "bad answer to our offer of permessage-deflate: parameter server_max_window_bits must",
        ),
        (switch(Upgrade="\xe4\x1b[2J"), r"got '" + "\xe4" + r"\x1b[2J'"),
        (switch(Upgrade="x" * 1000), "got '" + "x" * 200 + "...'"),
    ],
)
def test_a_101_that_is_not_right(data: bytes, message: str) -> None:
    """Each fault has a message of its own, and the answer's head goes with it."""
    error = failure(data)
    assert message in str(error)
    assert (type(error), error.status) == (HandshakeFailure, 101)
    assert error.headers.keys()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([], "expected one of the subprotocols chat.v2, chat, got none"),
        ([(PROTOCOL, "x")], "expected one of the subprotocols chat.v2, chat, got 'x'"),
        ([(PROTOCOL, "Chat")], "chat.v2, chat, got 'Chat'"),
        ([(PROTOCOL, "chat, chat.v2")], "chat.v2, chat, got 'chat, chat.v2'"),
        ([(PROTOCOL, "")], "chat.v2, chat, got ''"),
        ([(PROTOCOL, "chat"), (PROTOCOL, "chat")], f"the header {PROTOCOL} once, got it 2 times"),
    ],
)
def test_a_protocol_that_is_not_right(headers: list[tuple[str, str]], message: str) -> None:
    """The server picks one of those asked for, as it was written, or the handshake fails."""
    assert message in str(failure(switch(*headers), ASKING))


@pytest.mark.parametrize("line", ["permessage-deflate", "", "\xe4"])
def test_any_extension_fails_where_none_was_offered(line: str) -> None:
    """With compression off the header must not be there."""
    error = failure(switch((EXTENSIONS, line)), PLAIN)
    assert str(error) == f"expected no extension, got '{line}'"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", r"expected an HTTP response, got b'SSH-2.0-OpenSSH_9.6\r\n'"),
        (b"\x15\x03\x01\x00\x02\x02P", r"HTTP response, got b'\x15\x03\x01\x00\x02\x02P'"),
        (b"x" * 100, "got b'" + "x" * 32 + "'"),
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
def test_no_http_response(data: bytes, message: str) -> None:
    """What is no HTTP, or not all of it, says so; there is no status then."""
    error = failure(data)
    assert message in str(error)
    assert (type(error), error.status, error.headers.keys()) == (HandshakeFailure, 0, [])


def test_junk_needs_no_end() -> None:
    """A server that talks some other protocol, and waits, is found out at once."""
    handshake = ClientHandshake(REQUEST)
    with pytest.raises(HandshakeFailure, match="expected an HTTP response"):
        handshake.receive(b"220 mail.example ESMTP\r\n")


def test_what_h11_found_is_the_cause() -> None:
    """The translated exception is there to be looked at."""
    assert isinstance(failure(b"HTTP/2 101\r\n\r\n").__cause__, h11.RemoteProtocolError)


def test_a_message_of_h11s_is_cut_short() -> None:
    """It quotes the peer, who may have written much."""
    assert len(str(failure(head("200 OK", [("a b", "x" * 10_000)])))) < 300


# Limits


def padded(size: int) -> bytes:
    """A 101 whose head has this many bytes."""
    return switch(("X", "x" * (size - len(switch(("X", ""))))))


def test_the_longest_head() -> None:
    """A byte more is too much, also when the blank line never comes."""
    assert answer(padded(MAX_RESPONSE_HEAD) + b"more").status == 101
    expected = "expected a response with at most 65536 bytes of headers, got more"
    for data in (padded(MAX_RESPONSE_HEAD + 1), padded(MAX_RESPONSE_HEAD * 2)[:-4]):
        assert str(failure(data)) == expected


def test_a_head_without_end_fails_without_waiting() -> None:
    """The limit does not wait for the connection's end."""
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(padded(MAX_RESPONSE_HEAD + 1)[:-1]) is None
    with pytest.raises(HandshakeFailure, match="at most 65536 bytes"):
        handshake.receive(b"xx")


def test_the_most_headers() -> None:
    """One more is too many."""
    more = [("X", "1")] * (MAX_RESPONSE_HEADERS - len(GOOD))
    assert answer(switch(*more)).status == 101
    expected = "expected a response with at most 128 headers, got 129"
    assert str(failure(switch(*more, ("X", "1")))) == expected


def test_too_many_informational_responses() -> None:
    """A server that only ever promises an answer is not waited for."""
    error = failure(head("103 Early Hints") * (MAX_INFORMATIONAL + 1) + switch())
    assert str(error) == (
        "expected status 101 after at most 5 others of 1xx, got one more: 103 Early Hints"
    )


# Refusals


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        ("403 Forbidden", [], "expected status 101, got 403 Forbidden"),
        ("401 Unauthorized", [("WWW-Authenticate", "Basic")], "got 401 Unauthorized"),
        ("200 OK", [("Location", "/x")], "expected status 101, got 200 OK"),
        ("500", [], "expected status 101, got 500"),
        ("502 B\xe4d\x1b[2J", [], "expected status 101, got 502 B\xe4d\\x1b[2J"),
        ("999 " + "x" * 1000, [], "got 999 " + "x" * 200 + "..."),
        (
            "302 Found",
            [("Location", "https://a.example/?\xe4")],
            "got 302 Found, pointing to 'https://a.example/?\xe4' (redirects are not followed)",
        ),
        ("304 Not Modified", [], "expected status 101, got 304 Not Modified"),
        (
            "426 Upgrade Required",
            [("Upgrade", "h2c"), ("Sec-WebSocket-Version", "8, 7")],
            "got 426 Upgrade Required (asking for Upgrade: h2c, Sec-WebSocket-Version: 8, 7)",
        ),
        ("426 Upgrade Required", [], "got 426 Upgrade Required (asking for nothing)"),
    ],
)
def test_what_a_refusal_says(status: str, headers: list[tuple[str, str]], message: str) -> None:
    """The message ends with the status, and where it helps, with what the server wants."""
    refused = refusal(head(status, headers))
    assert str(refused).endswith(message)
    assert refused.status == int(status[:3])
    assert refused.headers.items() == headers


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(
    ("headers", "wire", "body", "complete"),
    [
        ([], b"No.", b"No.", True),
        ([("Content-Length", "3")], b"No.HTTP/1.1", b"No.", True),
        ([("Content-Length", "0")], b"", b"", True),
        ([("Content-Length", "4")], b"No.", b"No.", False),
        ([("Transfer-Encoding", "chunked")], b"2;x\r\nNo\r\n1\r\n.\r\n0\r\n\r\n", b"No.", True),
        ([("Transfer-Encoding", "chunked")], b"2\r\nNo\r\n1\r\n.\r\n", b"No.", False),
        ([("Transfer-Encoding", "chunked")], b"2\r\nNo\r\nx", b"No", False),
        ([("Transfer-Encoding", "chunked")], b"2\r\nNo..", b"No", False),
    ],
)
def test_a_refusals_body(
    headers: list[tuple[str, str]], wire: bytes, body: bytes, complete: bool, version: str
) -> None:
    """It is read by HTTP's rules, as far as it comes."""
    refused = refusal(head("403 Forbidden", headers, version) + wire)
    assert (refused.body, refused.body_complete) == (body, complete)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_refusal_without_body_does_not_wait(status: str) -> None:
    """Some statuses have none, whatever the headers say."""
    with pytest.raises(Refused) as caught:
        ClientHandshake(REQUEST).receive(head(status, [("Content-Length", "5")]))
    assert (caught.value.body, caught.value.body_complete) == (b"", True)


def test_a_complete_refusal_does_not_wait_for_the_end() -> None:
    """The body's length says where it ends."""
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("403 No", [("Content-Length", "3")]) + b"No") is None
    with pytest.raises(Refused):
        handshake.receive(b".")


@pytest.mark.parametrize("more", [0, 1, 100_000])
def test_a_long_refusal_is_cut(more: int) -> None:
    """Its start is kept, and the rest not waited for."""
    size = MAX_REFUSAL_BODY + more
    refused = refusal(head("500 Oh", [("Content-Length", str(size))]) + b"x" * size)
    assert refused.body == b"x" * MAX_REFUSAL_BODY
    assert refused.body_complete is (more == 0)


def test_a_refusal_without_end_is_cut() -> None:
    """A body that goes on for ever is not waited for."""
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("500 Oh") + b"x" * MAX_REFUSAL_BODY) is None
    with pytest.raises(Refused) as caught:
        handshake.receive(b"x")
    assert (len(caught.value.body), caught.value.body_complete) == (MAX_REFUSAL_BODY, False)


def test_a_refusal_that_is_all_wrapping_is_cut() -> None:
    """Bytes on the wire count, too: chunks' headers can be long and many."""
    chunk = b"1;" + b"x" * 1000 + b"\r\n.\r\n"
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("500 Oh", [("Transfer-Encoding", "chunked")])) is None
    with pytest.raises(Refused) as caught:
        for _ in range(MAX_RESPONSE_HEAD // len(chunk) + 1):
            handshake.receive(chunk)
    assert caught.value.body == b"." * (MAX_RESPONSE_HEAD // len(chunk))


def test_a_refusal_so_far() -> None:
    """A caller who will wait no longer gets what there is."""
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("403 No", [("Content-Length", "9"), ("X", "1")])[:-1]) is None
    assert handshake.refusal_so_far() is None
    assert handshake.receive(b"\nPlea") is None
    assert handshake.receive(b"se") is None
    refused = handshake.refusal_so_far()
    assert refused is not None
    assert str(refused) == "expected status 101, got 403 No"
    assert (refused.status, refused.body, refused.body_complete) == (403, b"Please", False)
    assert refused.headers["X"] == "1"


# Any chunking


def outcome(pieces: Iterable[bytes], request: Request = REQUEST) -> object:
    """The verdict on an answer in these pieces, and the rest of them behind it."""
    handshake = ClientHandshake(request)
    pieces = iter([*(piece for piece in pieces if piece), b""])
    try:
        for piece in pieces:
            response = handshake.receive(piece)
            if response is not None:
                trailing = response.trailing + b"".join(pieces)
                return response.headers.items(), response.deflate, trailing
    except Refused as exc:
        return str(exc), exc.headers.items(), exc.body, exc.body_complete
    except HandshakeFailure as exc:
        # a message shows as much of what is no HTTP as has come with its first byte
        return str(exc).partition(" response, got b")[0], exc.status
    raise AssertionError("the end of the connection ends the handshake")


ANSWERS = [
    switch((EXTENSIONS, "permessage-deflate")) + b"\x81\x00",
    head("100 Continue") + head("103 Early Hints") + switch().replace(b"\r\n", b"\n") + b"\n\n",
    head("103 Early Hints", [("Link", "x" * 200)]) + switch(),
    head("103 Early Hints") * 6,
    switch(Upgrade=None),
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n",
    b"x" * 40,
    b"HTTP/9 1\r\n\r\n",
    head("100 Continue") + b"\x00" * 40,
    head("302 Found", [("Location", "/x")]) + b"body\r\n\r\n",
    head("403 No", [("Content-Length", "3")]) + b"No.HTTP/1.1 200 OK\r\n\r\n",
    head("403 No", [("Transfer-Encoding", "chunked")])
    + b"2;x\r\nNo\r\n1\r\n.\r\n0\r\na: b\r\n\r\n",
    head("403 No", [("Transfer-Encoding", "chunked")]) + b"2\r\nNo\r\n1\r\n..",
]


@pytest.mark.parametrize("data", ANSWERS)
def test_any_split_gives_the_same(data: bytes) -> None:
    """Each way to cut an answer in two, and byte by byte, comes to the same."""
    expected = outcome([data])
    assert outcome(data[i : i + 1] for i in range(len(data))) == expected
    assert all(outcome([data[:i], data[i:]]) == expected for i in range(len(data)))


@pytest.mark.parametrize(
    "data",
    [
        padded(MAX_RESPONSE_HEAD) + b"x",
        padded(MAX_RESPONSE_HEAD + 1),
        head("200 OK", [("a b", "x" * MAX_RESPONSE_HEAD)]),
        head("200 OK") + b"x" * (MAX_REFUSAL_BODY + 1),
        head("200 OK") + b"x" * MAX_REFUSAL_BODY,
        head("200 OK", [("Transfer-Encoding", "chunked")])
        + (b"1;" + b"x" * 70_000 + b"\r\n.\r\n0\r\n\r\n"),
    ],
    ids=["longest head", "too long", "too long and wrong", "cut body", "longest body", "wrapping"],
)
@pytest.mark.parametrize("step", [1000, 4096, 16384, 65535])
def test_limits_do_not_depend_on_chunks(data: bytes, step: int) -> None:
    """A limit is on what came, not on how."""
    assert outcome(data[i : i + step] for i in range(0, len(data), step)) == outcome([data])


@given(st.data())
def test_nothing_but_a_failure_is_raised(draw: st.DataObject) -> None:
    """Whatever a server sends, and in whatever pieces, the verdict is the same and no crash."""
    data = bytearray(draw.draw(st.sampled_from(ANSWERS)))
    for _ in range(draw.draw(st.integers(0, 3))):
        position = draw.draw(st.integers(0, len(data)))
        data[position : position + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
    cut = draw.draw(st.integers(0, len(data)))
    assert outcome([bytes(data[:cut]), bytes(data[cut:])]) == outcome([bytes(data)])


# Other implementations


@pytest.mark.parametrize("compression", [True, False])
def test_the_websockets_library_agrees(compression: bool) -> None:
    """Its server takes our request, and its answer is taken."""
    request = Request("example.com:80", "/x?y", KEY, ("a", "chat"), (("X", "1"),), compression)
    handshake = ClientHandshake(request)
    server = ServerProtocol(
        subprotocols=["chat"],  # type: ignore[list-item]  # a NewType of str
        extensions=[ServerPerMessageDeflateFactory(client_max_window_bits=12)],
    )
    server.receive_data(handshake.request_bytes())
    [event] = server.events_received()
    server.send_response(server.accept(event))  # type: ignore[arg-type]  # it is a Request
    response = handshake.receive(b"".join(server.data_to_send()))
    assert response is not None
    assert response.protocol == "chat"
    expected = DeflateParameters(client_max_window_bits=12) if compression else None
    assert response.deflate == expected


@pytest.mark.parametrize("compression", [True, False])
def test_wsproto_agrees(compression: bool) -> None:
    """Its server takes our request, and its answer is taken."""
    request = Request("example.com:80", "/x?y", KEY, ("a", "chat"), (("X", "1"),), compression)
    handshake = ClientHandshake(request)
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(handshake.request_bytes())
    [event] = server.events()
    assert isinstance(event, wsproto_events.Request)
    assert (event.host, event.target, event.subprotocols) == (
        "example.com:80",
        "/x?y",
        ["a", "chat"],
    )
    accept = wsproto_events.AcceptConnection("chat", [PerMessageDeflate()])
    response = handshake.receive(server.send(accept))
    assert response is not None
    assert response.protocol == "chat"
    assert response.deflate == (DeflateParameters() if compression else None)


@given(st.binary(min_size=16, max_size=16))
def test_the_accept_token(nonce: bytes) -> None:
    """It is SHA-1 over the key and RFC 6455's GUID, in base64."""
    key = base64.b64encode(nonce)
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    accept = base64.b64encode(digest).decode()
    assert answer(switch(Sec_WebSocket_Accept=accept), Request("h", "/", key)).status == 101


def test_a_failure_without_response() -> None:
    """It has no status and no headers, as Fetch's network error."""
    error = HandshakeFailure("it failed")
    assert (str(error), error.status, isinstance(error.headers, Message)) == ("it failed", 0, True)
