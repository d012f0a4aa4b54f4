"""The server's end of one connection: wsproto's protocol, played by a test."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, final

import trio
import wsproto
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import LOCAL_ONLY_CLOSE_REASONS, CloseReason
from wsproto.utilities import LocalProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wsproto.events import Event

_READ_SIZE: Final = 64 * 1024
_GONE: Final = (trio.ClosedResourceError, trio.BrokenResourceError)  # memory streams raise either


@final
class FakeRequest:
    """An opening handshake that waits for its answer.

    Attributes:
      target: path and query, such as ``/room?name=ada``.
      host: the Host header's value.
      headers: all others, names in lower case; what came repeatedly is joined by ", ".
      protocols: the subprotocols that were offered.
    """

    def __init__(
        self, stream: trio.abc.Stream, protocol: wsproto.WSConnection, request: Request
    ) -> None:
        self.target: str = request.target
        self.host: str = request.host
        self.headers: dict[str, str] = {}
        for name, value in request.extra_headers:
            key, text = name.decode().lower(), value.decode()
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        self.protocols: list[str] = list(request.subprotocols)
        self._stream = stream
        self._protocol = protocol
        self._connection: FakeConnection | None = None
        self._is_answered = False
        self._answered = trio.Event()

    @classmethod
    async def _read(
        cls, stream: trio.abc.Stream, on_request: Callable[[FakeRequest], object]
    ) -> None:
        """A connection's task: the request, and behind the answer the connection."""
        protocol = wsproto.WSConnection(ConnectionType.SERVER)
        async with stream:
            while True:
                data = await stream.receive_some(_READ_SIZE)
                if not data:
                    return
                protocol.receive_data(bytes(data))
                for event in protocol.events():
                    assert isinstance(event, Request)  # nothing comes before our answer
                    request = cls(stream, protocol, event)
                    on_request(request)
                    await request._answered.wait()
                    if request._connection is not None:
                        await request._connection._read()
                    return

    async def accept(
        self, *, protocol: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> FakeConnection:
        """Answer 101.

        Args:
          protocol: the subprotocol to select, one of those that were offered.
          headers: further fields of the answer.

        Raises:
          RuntimeError: it was answered already.
          ValueError: the subprotocol was not offered.
          trio.BrokenResourceError: the client has given up.
        """
        if protocol is not None and protocol not in self.protocols:
            raise ValueError(
                f"expected a subprotocol among those offered, {self.protocols}, got {protocol!r}"
            )
        extra = [(name.encode(), value.encode()) for name, value in headers]
        await self._answer(AcceptConnection(subprotocol=protocol, extra_headers=extra))
        self._connection = FakeConnection(self, self._stream, self._protocol)
        self._answered.set()
        return self._connection

    async def refuse(
        self, status: int, *, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        """Answer something else than 101, and end TCP.

        Raises:
          RuntimeError: it was answered already.
          trio.BrokenResourceError: the client has given up.
        """
        fields = [(name.encode(), value.encode()) for name, value in headers]
        fields.append((b"Content-Length", str(len(body)).encode()))
        await self._answer(
            RejectConnection(status_code=status, headers=fields, has_body=True), RejectData(body)
        )
        self._answered.set()

    async def drop(self) -> None:
        """End TCP without an answer.

        Raises:
          RuntimeError: it was answered already.
        """
        self._begin_to_answer()
        await self._stream.aclose()
        self._answered.set()

    async def ignore(self) -> None:
        """Answer nothing, and wait until the client has given up.

        Raises:
          RuntimeError: it was answered already.
        """
        self._begin_to_answer()
        with suppress(*_GONE):
            await self._stream.receive_some(1)  # before the answer a client says nothing
        self._answered.set()

    def _begin_to_answer(self) -> None:
        if self._is_answered:
            raise RuntimeError("expected one answer to a request, got a second one")
        self._is_answered = True

    async def _answer(self, *events: Event) -> None:
        self._begin_to_answer()
        try:
            await self._stream.send_all(b"".join(map(self._protocol.send, events)))
        except _GONE as exc:
            self._answered.set()
            raise trio.BrokenResourceError(
                "expected a client that waits for an answer, but it has given up"
            ) from exc


@final
class FakeConnection:
    """The server's end of a connection, and a record of what the client sent.

    Pings and the client's Close are answered by themselves, until :meth:`stall`.

    Attributes:
      request: the opening handshake.
      sent: every message that the client has sent until now, in order.
      closeCode: of the client's Close; 1005 if that had none; None if there was no Close (yet).
      reason: likewise, "" if there was none.
    """

    def __init__(
        self, request: FakeRequest, stream: trio.abc.Stream, protocol: wsproto.WSConnection
    ) -> None:
        self.request = request
        self.sent: list[str | bytes] = []
        self.closeCode: int | None = None
        self.reason: str = ""
        self._stream = stream
        self._protocol = protocol
        self._unread: deque[str | bytes] = deque()
        self._parts: list[Any] = []
        self._stalled = False
        self._sending = trio.Lock()
        self._ended = trio.Event()
        self._changed = trio.lowlevel.ParkingLot()

    async def receive(self) -> str | bytes:
        """Wait for the client's next message.

        Raises:
          trio.EndOfChannel: the client has closed, or is gone, and all messages were taken.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._unread:
            if self._ended.is_set():
                raise trio.EndOfChannel(f"the client ended with {self.closeCode}")
            await self._changed.park()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return self._unread.popleft()

    async def send(self, message: str | bytes) -> None:
        """Send a message to the client.

        Raises:
          trio.BrokenResourceError: the client has closed, or is gone, or this end has closed.
        """
        await trio.lowlevel.checkpoint()
        event = TextMessage(message) if isinstance(message, str) else BytesMessage(message)
        try:
            await self._send(event)
        except (LocalProtocolError, *_GONE) as exc:
            raise trio.BrokenResourceError(
                f"expected an open connection to send to, but it is closed ({self.closeCode})"
            ) from exc

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a Close, wait for the client's, and end TCP, as servers do.

        Once one was sent, by either end, or the client is gone, no other is sent.

        Args:
          code: 1005: none, and no reason.
          reason: at most 123 bytes of UTF-8; what is longer is cut off.

        Raises:
          ValueError: a Close cannot say this (1006, 1015, or 1005 with a reason).
        """
        if code in LOCAL_ONLY_CLOSE_REASONS and (code, reason) != (1005, ""):
            raise ValueError(f"expected what a Close can say, got {code} {reason!r}")
        # wsproto knows no code by this object, not by its number
        event = CloseConnection(CloseReason.NO_STATUS_RCVD if code == 1005 else code, reason)
        with suppress(LocalProtocolError, *_GONE):
            await self._send(event)
        await self._ended.wait()

    async def drop(self) -> None:
        """End TCP, without a Close: for the client the connection is lost (1006)."""
        await self._stream.aclose()
        self._end()

    def stall(self) -> None:
        """From now on, take and answer nothing: no messages, Pings, or Close."""
        self._stalled = True

    async def wait_closed(self) -> None:
        """Wait until the client has closed, or is gone; :attr:`closeCode` tells which."""
        await self._ended.wait()

    async def _send(self, event: Event) -> None:
        async with self._sending:  # the test, and the answers to Pings
            await self._stream.send_all(self._protocol.send(event))

    async def _read(self) -> None:
        """The connection's task, until TCP ends."""
        try:
            while not self._ended.is_set():
                data = await self._stream.receive_some(_READ_SIZE)
                if not data:
                    break
                if self._stalled:
                    continue
                self._protocol.receive_data(bytes(data))
                for event in self._protocol.events():
                    await self._handle(event)
        except _GONE:
            pass  # the client is gone, or drop() was called
        finally:
            self._end()

    async def _handle(self, event: Event) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            data = event.data
            self._parts.append(data if isinstance(data, str) else bytes(data))
            if event.message_finished:
                self._take()
        elif isinstance(event, Ping):
            if self._protocol.state is ConnectionState.OPEN:  # else our Close was the last frame
                await self._send(event.response())
        else:
            assert isinstance(event, CloseConnection)  # a client sends no Pong unasked
            self.closeCode = int(event.code)
            self.reason = event.reason or ""
            if self._protocol.state is ConnectionState.REMOTE_CLOSING:
                await self._send(event.response())
            self._end()

    def _take(self) -> None:
        parts, self._parts = self._parts, []
        message: str | bytes = parts[0][:0].join(parts)  # all are text, or all are binary
        self.sent.append(message)
        self._unread.append(message)
        self._changed.unpark_all()

    def _end(self) -> None:
        self._ended.set()
        self._changed.unpark_all()
