"""The DOM's interface of a WebSocket, as attributes, constants, events and slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.checked import close_event, instance, not_none
from support.fake_server import Accepted, say
from support.peer import Peer

from trio_ws_dom import (
    Blob,
    CloseEvent,
    ErrorEvent,
    Event,
    MessageEvent,
    WebSocket,
    open_websocket,
)
from trio_ws_dom.testing import FakeServer

if TYPE_CHECKING:
    from trio_ws_dom import EventTarget


def connect(server: FakeServer, nursery: trio.Nursery) -> WebSocket:
    """Return a socket by the bare constructor, still CONNECTING."""
    return WebSocket(server.url, nursery=nursery)


@pytest.mark.parametrize(
    ("name", "value"), [("CONNECTING", 0), ("OPEN", 1), ("CLOSING", 2), ("CLOSED", 3)]
)
async def test_states_are_constants(
    name: str, value: int, server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The four states are constants of the class and of each instance."""
    ws = connect(server, nursery)
    assert getattr(WebSocket, name) == getattr(ws, name) == value


async def test_attributes_while_connecting(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """They have the standard's values right after the constructor."""
    ws = connect(server, nursery)
    assert ws.url == "ws://peer.test/"
    assert (ws.readyState, ws.bufferedAmount) == (WebSocket.CONNECTING, 0)
    assert (ws.extensions, ws.protocol, ws.binaryType) == ("", "", "blob")
    assert (ws.onopen, ws.onmessage, ws.onerror, ws.onclose) == (None,) * 4
    assert (ws.status, ws.headers, ws.closeEvent, ws.failure) == (None,) * 4


async def test_url_is_serialized(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``url`` is absolute and normalized, http becomes ws, and credentials stay."""
    ws = WebSocket("HTTP://u:p@PEER.test:80/a/../b?q", nursery=nursery)
    assert ws.url == "ws://u:p@peer.test/b?q"
    assert (await server.request()).target == "/b?q"


async def test_read_only_attributes(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The attributes that IDL calls readonly cannot be set."""
    ws = connect(server, nursery)
    for name in ("url", "readyState", "bufferedAmount", "extensions", "protocol"):
        with pytest.raises(AttributeError):
            setattr(ws, name, "x")


async def test_attributes_once_open(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """They are the server's choices, and its whole answer."""
    ws = WebSocket(server.url, ["a", "b"], nursery=nursery)
    extensions = ("Sec-WebSocket-Extensions", "permessage-deflate")
    await server.accept(protocol="b", headers=[extensions, ("X-More", "yes")])
    await trio.testing.wait_all_tasks_blocked()
    assert (ws.readyState, ws.protocol) == (WebSocket.OPEN, "b")
    assert ws.extensions == "permessage-deflate"
    assert (ws.status, not_none(ws.headers)["x-more"]) == (101, "yes")


async def test_ready_state_in_events(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is OPEN in ``open`` and ``message``, and CLOSED in ``close``."""
    ws = connect(server, nursery)
    states: list[tuple[Any, int]] = []
    for name in ("open", "message", "close"):
        ws.addEventListener(name, lambda event: states.append((event.type, ws.readyState)))
    connection = await server.accept()
    await connection.send("hello")
    await connection.close()
    await ws.wait_closed()
    assert states == [("open", 1), ("message", 1), ("close", 3)]


async def test_open_is_a_plain_event(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``open`` is a plain Event, which the library made."""
    ws = connect(server, nursery)
    opens = ws.when("open")
    await server.accept()
    event = await opens.receive()
    assert type(event) is Event
    assert (event.type, event.target, event.isTrusted) == ("open", ws, True)
    assert (event.bubbles, event.cancelable) == (False, False)


async def test_message_event_of_text(accepted: Accepted, autojump_clock: Any) -> None:
    """``message`` is a MessageEvent with the text and the URL's origin."""
    ws, connection = await accepted()
    messages = ws.when("message")
    await connection.send("größe")
    event = await messages.receive()
    assert type(event) is MessageEvent
    assert (event.data, event.origin, event.target) == ("größe", "ws://peer.test", ws)
    assert (event.isTrusted, event.lastEventId, event.source, event.ports) == (True, "", None, ())
    assert (event.bubbles, event.cancelable) == (False, False)


async def test_message_event_from_the_fast_path(accepted: Accepted, autojump_clock: Any) -> None:
    """An event that one listener alone gets has the same attributes, during and after."""
    ws, connection = await accepted()
    seen: list[MessageEvent] = []
    during: list[tuple[int, EventTarget | None, list[EventTarget]]] = []

    def listener(event: MessageEvent) -> None:
        seen.append(event)
        during.append((event.eventPhase, event.currentTarget, event.composedPath()))

    ws.onmessage = listener
    await say(connection, "hello")
    (event,) = seen
    assert type(event) is MessageEvent
    assert (event.type, event.data, event.origin) == ("message", "hello", "ws://peer.test")
    assert (event.isTrusted, event.target, event.cancelable) == (True, ws, False)
    assert during == [(Event.AT_TARGET, ws, [ws])]
    assert (event.eventPhase, event.currentTarget) == (Event.NONE, None)


@pytest.mark.parametrize("listeners", [1, 2])
async def test_binary_type_chooses_blob_or_bytes(
    listeners: int, accepted: Accepted, autojump_clock: Any
) -> None:
    """A binary message's data is a Blob, or bytes where ``binaryType`` is "arraybuffer"."""
    ws, connection = await accepted()
    seen: list[Any] = []
    ws.onmessage = lambda event: seen.append(event.data)
    if listeners == 2:
        ws.addEventListener("message", lambda event: None)
    await say(connection, b"one", "text")
    ws.binaryType = "arraybuffer"
    await say(connection, b"two")
    assert isinstance(seen[0], Blob)
    assert (bytes(seen[0]), seen[0].type) == (b"one", "")
    assert seen[1:] == ["text", b"two"]


async def test_error_and_close_events(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``error`` is an ErrorEvent with the exception, ``close`` a CloseEvent, kept by the socket."""
    ws = connect(server, nursery)
    both = ws.when("error", "close")
    await server.refuse(403)
    error, end = await both.receive(), await both.receive()
    error, end = instance(ErrorEvent, error), instance(CloseEvent, end)
    assert error.error is ws.failure
    assert error.message == str(ws.failure)
    assert end is ws.closeEvent
    assert (end.code, end.reason, end.wasClean, end.isTrusted) == (1006, "", False, True)


async def test_close_event_of_a_clean_end(accepted: Accepted, autojump_clock: Any) -> None:
    """It has the peer's code and reason, and there is no failure."""
    ws, connection = await accepted()
    await connection.close(4000, "Grüße")
    event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (4000, "Grüße", True)
    assert (event.isTrusted, event.target, ws.failure) == (True, ws, None)


async def test_time_stamps_never_fall(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Events are stamped in the order in which they are dispatched."""
    ws = connect(server, nursery)
    events = ws.when("open", "message", "close")
    connection = await server.accept()
    await say(connection, "1", "2")
    await connection.close()
    stamps = [event.timeStamp async for event in events]
    assert len(stamps) == 4
    assert stamps == sorted(stamps)


async def test_slots_keep_their_place(accepted: Accepted, autojump_clock: Any) -> None:
    """A slot is called where it was first set, whatever is set to it later."""
    ws, connection = await accepted()
    calls: list[str] = []
    ws.onmessage = lambda event: calls.append("first")
    ws.addEventListener("message", lambda event: calls.append("listener"))
    ws.onmessage = lambda event: calls.append("second")
    await say(connection, "")
    assert calls == ["second", "listener"]


async def test_nothing_happens_between_two_checkpoints(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Listeners added before the first checkpoint after the constructor miss nothing."""
    ws = connect(server, nursery)
    ws.close()
    calls: list[str] = []
    ws.onerror = lambda event: calls.append("error")
    ws.onclose = lambda event: calls.append("close")
    assert calls == []
    await ws.wait_closed()
    assert calls == ["error", "close"]


async def test_repr_has_state_and_url(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It shows state and URL, without the credentials."""
    ws = WebSocket("ws://user:secret@peer.test/", nursery=nursery)
    assert repr(ws) == "<WebSocket ws://peer.test/ CONNECTING>"


async def test_closed_nursery_is_refused(autojump_clock: Any) -> None:
    """A nursery that is closed takes no socket and raises RuntimeError, as ``start_soon`` does."""
    async with trio.open_nursery() as nursery:
        pass
    with pytest.raises(RuntimeError):
        WebSocket("ws://peer.test/", nursery=nursery)


async def test_cancelled_nursery_fails_the_socket(server: FakeServer, autojump_clock: Any) -> None:
    """In a nursery that is cancelled the socket fails at once, with its events."""
    calls: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.cancel()
        ws = connect(server, nursery)
        ws.onerror = lambda event: calls.append("error")
        ws.onclose = lambda event: calls.append("close")
    assert calls == ["error", "close"]
    assert (ws.readyState, close_event(ws).code) == (WebSocket.CLOSED, 1006)


async def test_events_of_a_managed_socket(host: FakeServer, autojump_clock: Any) -> None:
    """In ``open_websocket`` the socket is OPEN on entry, and ``open`` was dispatched before."""
    async with open_websocket(host.url) as ws:
        assert ws.readyState == WebSocket.OPEN
        opens = ws.when("open")
    with pytest.raises(trio.EndOfChannel):
        await opens.receive()


async def test_the_addresses_of_both_ends_of_tcp(nursery: trio.Nursery) -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        port = listener.socket.getsockname()[1]
        ws = WebSocket(f"ws://127.0.0.1:{port}/", nursery=nursery)
        assert (ws.local_address, ws.remote_address) == (None, None)
        stream = await listener.accept()
        peer = Peer(stream)
        await peer.accept()
        while ws.readyState == WebSocket.CONNECTING:
            await trio.lowlevel.checkpoint()
        assert (ws.local_address, ws.remote_address) == (
            stream.socket.getpeername(),
            ("127.0.0.1", port),
        )
        nursery.start_soon(peer.finish)
        await ws.aclose()
        assert (ws.local_address, ws.remote_address) == (None, None)
