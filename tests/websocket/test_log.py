"""The logger ``trio_ws_dom`` shows each connection's events, without secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from support.frames import CLOSE, TEXT, close, frame
from support.peer import Peer
from support.scope_harness import SHORT, ScopeHarness
from support.transports import MemoryTransport

from trio_ws_dom import HandshakeError, ProxyError, WebSocketError, open_websocket
from trio_ws_dom._net._log import describe_cause
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._http._response import HandshakeFailure

if TYPE_CHECKING:
    import trio

SECRET = "hunter2"
URL = f"ws://user:{SECRET}@peer.test/room?token={SECRET}"


@pytest.fixture
def harness(nursery: trio.Nursery) -> ScopeHarness:
    return ScopeHarness(MemoryTransport(), nursery)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "trio_ws_dom")
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines about the one connection, without its number and URL."""
    prefixes = {message.partition(": ")[0] for message in log.messages}
    (prefix,) = prefixes
    assert prefix.startswith("#")
    assert prefix.endswith(" ws://peer.test/room")
    return [message.partition(": ")[2] for message in log.messages]


async def test_the_log_of_a_connection_that_goes_well(
    harness: ScopeHarness, log: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:

    async def greet(peer: Peer) -> None:
        await peer.accept("Sec-WebSocket-Protocol: chat")
        await peer.finish()

    await harness.play(greet)
    async with open_websocket(URL, ["chat"], **harness.transport.options()):
        pass
    assert lines(log) == [
        "connecting",
        "dialled",
        "answered: status 101, a subprotocol, extensions ''",
        "open",
        "closing: a Close is queued",
        "closing: sent 1000 ''",
        "closing: Closes are exchanged",
        "closed: 1000 '', clean",
    ]
    assert {record.levelno for record in log.records} == {logging.DEBUG}


async def test_a_close_of_the_servers_is_logged_as_received(
    harness: ScopeHarness, log: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:

    async def leave(peer: Peer) -> None:
        await peer.accept(then=close(4401, "log in\n"))
        await peer.read_to_end()

    await harness.play(leave)
    async with open_websocket(URL, **harness.transport.options(**SHORT)) as ws:
        await ws.wait_closed()
    assert "closing: received 4401 'log in\\n'" in lines(log)
    assert lines(log)[-1] == "closed: 4401 'log in\\n', clean"


async def test_an_unclean_end_is_logged_with_its_cause(
    harness: ScopeHarness, log: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:

    async def hang(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_end()

    await harness.play(hang)
    async with open_websocket(URL, **harness.transport.options(**SHORT)):
        pass
    assert lines(log)[-1] == (
        "closed: 1006, not clean: TimeoutError: the server did not finish the closing handshake"
        " in time"
    )


async def test_a_refusal_is_logged_with_its_status_only(
    harness: ScopeHarness, log: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:

    async def redirect(peer: Peer) -> None:
        await peer.read_request()
        head = f"HTTP/1.1 302 Found\r\nLocation: /?token={SECRET}\r\nContent-Length: 0\r\n\r\n"
        await peer.send(head.encode())

    await harness.play(redirect)
    with pytest.raises(HandshakeError):
        async with open_websocket(URL, **harness.transport.options()):
            raise AssertionError("the block is never entered")
    assert lines(log)[2:] == [
        "failing: Refused, status 302",
        "closed: 1006, not clean: Refused, status 302",
    ]


async def test_payloads_credentials_and_query_are_not_logged(
    harness: ScopeHarness, log: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:

    async def break_a_rule(peer: Peer) -> None:
        await peer.accept()
        await peer.next()
        await peer.send(frame(TEXT, SECRET.encode()), frame(TEXT, b"\xff" + SECRET.encode()))
        await peer.read_to_end()

    await harness.play(break_a_rule)
    headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}"}
    async with open_websocket(URL, **harness.transport.options(headers=headers, **SHORT)) as ws:
        ws.send(SECRET)
        with pytest.raises(WebSocketError):
            async for _ in ws:
                pass
    assert "failing: ProtocolError, answered with 1007" in lines(log)
    assert SECRET not in log.text
    assert SECRET not in repr([record.__dict__ for record in log.records])
    assert "ff" not in log.text


async def test_messages_are_not_logged(
    harness: ScopeHarness, log: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:
    await harness.play()
    async with open_websocket(URL, **harness.transport.options()) as ws:
        before = len(log.records)
        for _ in range(100):
            ws.send("x")
        await ws.drain()
        assert len(log.records) == before
    assert [got.opcode for got in harness.peer.frames].count(CLOSE) == 1


async def test_nothing_is_logged_at_info(
    harness: ScopeHarness, caplog: pytest.LogCaptureFixture, autojump_clock: trio.abc.Clock
) -> None:
    caplog.set_level(logging.INFO, "trio_ws_dom")
    await harness.play()
    async with open_websocket(URL, **harness.transport.options()):
        pass
    assert caplog.records == []


def from_(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "description"),
    [
        (ProtocolError(1007, SECRET), "ProtocolError, answered with 1007"),
        (HandshakeFailure(SECRET, status=403), "HandshakeFailure, status 403"),
        (HandshakeFailure(SECRET), "HandshakeFailure, no HTTP response"),
        (ProxyError("proxy", SECRET, 407), "ProxyError, status 407"),
        (
            from_(ProxyError("proxy", SECRET), HandshakeFailure(SECRET)),
            "ProxyError, no HTTP response",
        ),
        (
            from_(ProxyError("proxy", SECRET), OSError(111, "connection refused")),
            "ProxyError: connection refused",
        ),
        (OSError(111, "connection refused"), "ConnectionRefusedError: connection refused"),
        (None, "no cause is known"),
        (ProxyError("proxy", "no route"), "ProxyError: proxy: no route"),
        (OSError("reset\x1b[2J"), r"OSError: reset\x1b[2J"),
    ],
)
def test_a_cause_is_described_without_what_a_peer_sent(
    cause: Exception | None, description: str
) -> None:
    assert describe_cause(cause) == description
