"""The validation of a 101 (RFC 6455 section 4.1)."""

from __future__ import annotations

import pytest
from support.answers import (
    ACCEPT,
    ASKING,
    EXTENSIONS,
    GOOD,
    PLAIN,
    PROTOCOL,
    answer,
    failure,
    head,
    switch,
)

from trio_ws_dom._wire._deflate import DeflateParameters
from trio_ws_dom._wire._http._response import HandshakeFailure
from trio_ws_dom._wire._http._response_heads import MAX_INFORMATIONAL

# Agreement


def test_the_shortest_101_is_accepted() -> None:
    response = answer(switch())
    assert (response.status, response.protocol, response.extensions) == (101, "", "")
    assert (response.deflate, response.trailing) == (None, b"")


def test_all_headers_of_a_101_are_kept() -> None:
    response = answer(switch(("Set-Cookie", "a=1"), ("X", "\xfc\x80"), ("set-cookie", "b=2")))
    assert list(response.headers) == [*GOOD, "Set-Cookie", "X", "set-cookie"]
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert response.headers["x"] == "\xfc\x80"


@pytest.mark.parametrize("trailing", [b"\x81\x02hi", b"\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_bytes_after_the_response_are_kept(trailing: bytes) -> None:
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
def test_case_lists_and_whitespace_are_read_as_http_has_them(data: bytes) -> None:
    assert answer(data).status == 101


@pytest.mark.parametrize("protocol", ["chat", "chat.v2"])
def test_each_subprotocol_that_was_offered_is_accepted(protocol: str) -> None:
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
def test_deflate_has_the_servers_parameters(lines: list[str], expected: DeflateParameters) -> None:
    response = answer(switch(*((EXTENSIONS, line) for line in lines)))
    assert response.deflate == expected
    assert response.extensions == ", ".join(lines)


@pytest.mark.parametrize("count", [1, MAX_INFORMATIONAL])
def test_informational_responses_are_skipped(count: int) -> None:
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
        (switch(Connection="XupgradeX"), "Connection: upgrade, got 'XupgradeX'"),
        (switch(Connection="\xa0upgrade"), r"Connection: upgrade, got '\xa0upgrade'"),
        (switch(Sec_WebSocket_Accept=None), f"Sec-WebSocket-Accept: {ACCEPT}, got none"),
        (switch(Sec_WebSocket_Accept=""), f"Sec-WebSocket-Accept: {ACCEPT}, got ''"),
        (switch(Sec_WebSocket_Accept="x="), f"Sec-WebSocket-Accept: {ACCEPT}, got 'x='"),
        (switch(Sec_WebSocket_Accept=ACCEPT.swapcase()), f": {ACCEPT}, got 'S3PplmbIt"),
        (switch(("sec-websocket-accept", ACCEPT)), "Sec-WebSocket-Accept once, got it 2 times"),
        (switch((PROTOCOL, "chat")), "expected no subprotocol, as none was offered, got one"),
        (switch((PROTOCOL, "")), "expected no subprotocol, as none was offered, got one"),
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
        (switch(Upgrade="x" * 200), "got '" + "x" * 200 + "'"),
    ],
)
def test_each_fault_of_a_101_has_its_message(data: bytes, message: str) -> None:
    error = failure(data)
    assert message in str(error)
    assert (type(error), error.status) == (HandshakeFailure, 101)
    assert error.headers.keys()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([], "expected one of the 2 subprotocols that were offered, got none"),
        ([(PROTOCOL, "x")], "expected one of the 2 subprotocols that were offered, got another"),
        ([(PROTOCOL, "Chat")], "got another"),
        ([(PROTOCOL, "chat, chat.v2")], "got another"),
        ([(PROTOCOL, "")], "got another"),
        ([(PROTOCOL, "chat"), (PROTOCOL, "chat")], f"the header {PROTOCOL} once, got it 2 times"),
    ],
)
def test_a_subprotocol_that_was_not_offered_is_refused_without_showing_it(
    headers: list[tuple[str, str]], message: str
) -> None:
    error = failure(switch(*headers), ASKING)
    assert message in str(error)
    assert "chat" not in str(error).lower()  # tokens are sent as subprotocols
    assert error.headers["Upgrade"] == "websocket"


@pytest.mark.parametrize("line", ["permessage-deflate", "", "\xe4"])
def test_any_extension_is_refused_if_none_was_offered(line: str) -> None:
    error = failure(switch((EXTENSIONS, line), (EXTENSIONS, "x")), PLAIN)
    assert str(error) == f"expected no extension, got '{line}, x'"
    assert error.headers["Upgrade"] == "websocket"
