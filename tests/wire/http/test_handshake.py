"""The client's opening handshake, with refusals, any chunking, and other implementations."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import EXTENSIONS, KEY, REQUEST, answer, head, padded, refusal, switch
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.server import ServerProtocol
from wsproto import ConnectionType, WSConnection
from wsproto import events as wsproto_events
from wsproto.extensions import PerMessageDeflate

from trio_ws_dom._wire._deflate import DeflateParameters
from trio_ws_dom._wire._http._handshake import (
    MAX_REFUSAL_BODY,
    MAX_REFUSAL_WIRE,
    ClientHandshake,
    Refused,
)
from trio_ws_dom._wire._http._request import Request
from trio_ws_dom._wire._http._response import HandshakeFailure
from trio_ws_dom._wire._http._response_heads import MAX_RESPONSE_HEAD

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
            "got 302 Found, pointing to 'https://a.example/' (redirects are not followed)",
        ),
        ("300 Choose", [("Location", "/x")], "pointing to '/x' (redirects are not followed)"),
        ("304 Not Modified", [], "expected status 101, got 304 Not Modified"),
        ("400 Bad", [("Location", "/x")], "expected status 101, got 400 Bad"),
        (
            "426 Upgrade Required",
            [("Upgrade", "h2c"), ("Sec-WebSocket-Version", "8, 7")],
            "got 426 Upgrade Required (asking for Upgrade: h2c, Sec-WebSocket-Version: 8, 7)",
        ),
        ("426 Upgrade Required", [], "got 426 Upgrade Required (asking for nothing)"),
    ],
)
def test_a_refusals_message_has_status_and_remedy(
    status: str, headers: list[tuple[str, str]], message: str
) -> None:
    refused = refusal(head(status, headers))
    assert str(refused).endswith(message)
    assert refused.status == int(status[:3])
    assert refused.headers.items() == headers


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://me:hunter2@peer.test:8443/x?hunter2#hunter2", "https://peer.test:8443/x"),
        ("//me:hunter2@peer.test/", "//peer.test/"),
        ("https:me@hunter2@peer.test/", "https:peer.test/"),
        ("\\\\me:hunter2@peer.test\\", "\\\\peer.test\\"),
        ("wss://peer.test/@home", "wss://peer.test/@home"),
        ("/@home", "/@home"),
        ("me@home", "me@home"),
    ],
)
def test_a_redirect_is_shown_without_secrets(location: str, shown: str) -> None:
    refused = refusal(head("302 Found", [("Location", location)]))
    assert f"pointing to '{shown}' (redirects" in str(refused)


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
def test_a_refusals_body_is_read_by_the_rules_of_http(
    headers: list[tuple[str, str]], wire: bytes, body: bytes, complete: bool, version: str
) -> None:
    refused = refusal(head("403 Forbidden", headers, version) + wire)
    assert (refused.body, refused.body_complete) == (body, complete)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_refusal_without_body_is_complete_with_its_head(status: str) -> None:
    with pytest.raises(Refused) as caught:
        ClientHandshake(REQUEST).receive(head(status, [("Content-Length", "5")]))
    assert (caught.value.body, caught.value.body_complete) == (b"", True)


def test_a_refusal_is_complete_with_its_content_length() -> None:
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("403 No", [("Content-Length", "3")]) + b"No") is None
    with pytest.raises(Refused):
        handshake.receive(b".")


@pytest.mark.parametrize("more", [0, 1, 100_000])
def test_only_the_start_of_a_long_refusal_is_kept(more: int) -> None:
    size = MAX_REFUSAL_BODY + more
    refused = refusal(head("500 Oh", [("Content-Length", str(size))]) + b"x" * size)
    assert refused.body == b"x" * MAX_REFUSAL_BODY
    assert refused.body_complete is (more == 0)


def test_a_refusal_without_end_ends_at_the_limit() -> None:
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("500 Oh") + b"x" * MAX_REFUSAL_BODY) is None
    with pytest.raises(Refused) as caught:
        handshake.receive(b"x")
    assert (len(caught.value.body), caught.value.body_complete) == (MAX_REFUSAL_BODY, False)


def test_chunk_headers_count_for_the_limit_of_a_refusal() -> None:
    chunk = b"1;" + b"x" * 1000 + b"\r\n.\r\n"
    handshake = ClientHandshake(REQUEST)
    assert handshake.receive(head("500 Oh", [("Transfer-Encoding", "chunked")])) is None
    with pytest.raises(Refused) as caught:
        for _ in range(MAX_REFUSAL_WIRE // len(chunk) + 1):
            handshake.receive(chunk)
    assert caught.value.body == b"." * (MAX_REFUSAL_WIRE // len(chunk))


def test_a_refusal_so_far_has_what_has_arrived() -> None:
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
    """Return the result of an answer in these pieces, and the bytes after it."""
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
        # a message quotes as much of what is not HTTP as has come with its first byte
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
def test_any_chunking_of_an_answer_has_the_same_result(data: bytes) -> None:
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
        head("403 No", [("Transfer-Encoding", "chunked")])
        + b"2;%s\r\nNo\r\n0\r\n\r\n" % (b"x" * 20_000),
        head("200 OK") + b"x" * MAX_REFUSAL_BODY,
        head("200 OK", [("Transfer-Encoding", "chunked")])
        + (b"1;" + b"x" * 70_000 + b"\r\n.\r\n0\r\n\r\n"),
    ],
    ids=["longest", "too long", "too long and wrong", "cut", "chunk", "longest body", "wrapping"],
)
@pytest.mark.parametrize("step", [1000, 4096, 16384, 65535])
def test_limits_do_not_depend_on_chunks(data: bytes, step: int) -> None:
    assert outcome(data[i : i + step] for i in range(0, len(data), step)) == outcome([data])


@given(st.data())
def test_nothing_but_a_failure_is_raised(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from(ANSWERS)))
    for _ in range(draw.draw(st.integers(0, 3))):
        position = draw.draw(st.integers(0, len(data)))
        data[position : position + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
    cut = draw.draw(st.integers(0, len(data)))
    assert outcome([bytes(data[:cut]), bytes(data[cut:])]) == outcome([bytes(data)])


# Other implementations


@pytest.mark.parametrize("compression", [True, False])
def test_the_websockets_library_accepts_our_request(compression: bool) -> None:
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
def test_wsproto_accepts_our_request(compression: bool) -> None:
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
def test_the_accept_token_is_the_rfcs(nonce: bytes) -> None:
    key = base64.b64encode(nonce)
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    accept = base64.b64encode(digest).decode()
    assert answer(switch(Sec_WebSocket_Accept=accept), Request("h", "/", key)).status == 101


def test_a_failure_without_response_has_no_status_and_headers() -> None:
    error = HandshakeFailure("it failed")
    assert (str(error), error.status, isinstance(error.headers, Message)) == ("it failed", 0, True)
