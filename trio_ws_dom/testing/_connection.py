"""The server's end of one connection, which is wsproto's protocol, played by a test."""

# pyright: reportPrivateUsage=false
# (a request, its connection and the server are one object in three public classes)

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast, final

import trio
import wsproto
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import LOCAL_ONLY_CLOSE_REASONS, CloseReason
from wsproto.utilities import LocalProtocolError

from .._dom._context import require_trio_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from wsproto.events import Event

    Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

_READ_SIZE: Final = 64 * 1024
_GONE: Final = (trio.ClosedResourceError, trio.BrokenResourceError)  # streams raise either


@final
class FakeRequest:
    """An opening handshake that waits for its answer.

    Attributes:
      target: path and query, such as ``/room?name=ada``.
      host: the Host header's value.
      headers: all others, names in lower case; values of a repeated one are joined by ", ".
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

    async def accept(self, *, protocol: str | None = None, headers: Headers = ()) -> FakeConnection:
        """Answer 101.

        Args:
          protocol: the subprotocol to select, one of those that were offered.
          headers: further fields of the answer, a mapping or pairs.

        Raises:
          RuntimeError: it was answered already.
          ValueError: the subprotocol was not offered.
          trio.BrokenResourceError: the client has given up.
        """
        if protocol is not None and protocol not in self.protocols:
            raise ValueError(
                f"expected a subprotocol among those offered, {self.protocols}, got {protocol!r}"
            )
        fields = _fields(headers)
        await self._answer(AcceptConnection(subprotocol=protocol, extra_headers=fields))
        self._connection = FakeConnection(self, self._stream, self._protocol)
        self._answered.set()
        return self._connection

    async def refuse(self, status: int, *, headers: Headers = (), body: bytes = b"") -> None:
        """Answer something else than 101, and end TCP.

        Args:
          status: from 200 to 999.
          headers: further fields of the answer, a mapping or pairs.

        Raises:
          RuntimeError: it was answered already.
          ValueError: no answer has this status.
          trio.BrokenResourceError: the client has given up.
        """
        if not 200 <= status <= 999:
            raise ValueError(f"expected a status from 200 to 999, got {status}")
        if not isinstance(cast("Any", body), bytes):
            raise TypeError(f"expected body as bytes, got {type(body).__name__}")
        fields = [*_fields(headers), (b"Content-Length", str(len(body)).encode())]
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
            await self._stream.receive_some(1)  # before the answer a client sends nothing
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


async def serve(stream: trio.abc.Stream, on_request: Callable[[FakeRequest], object]) -> None:
    """Read the request that comes on a stream, and what follows a 101, until TCP ends."""
    protocol = wsproto.WSConnection(ConnectionType.SERVER)
    async with stream:
        while True:
            data = await stream.receive_some(_READ_SIZE)
            if not data:
                return
            protocol.receive_data(bytes(data))
            for event in protocol.events():
                assert isinstance(event, Request)  # nothing comes before our answer
                request = FakeRequest(stream, protocol, event)
                on_request(request)
                await request._answered.wait()
                if request._connection is not None:
                    await request._connection._read()
                return


def connection_of(request: FakeRequest) -> FakeConnection | None:
    """Return the connection that a request has become, if it was accepted."""
    return request._connection


def _fields(headers: Headers) -> list[tuple[bytes, bytes]]:
    if isinstance(headers, Mapping):
        headers = cast("Mapping[str, str]", headers).items()
    return [(name.encode(), value.encode()) for name, value in headers]


@final
class FakeConnection:
    """The server's end of a connection, and a record of what the client sent.

    Pings and the client's Close are answered without the test, until :meth:`stall`.

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
        self._unread: deque[str | bytes] = deque()  # those of `sent` that receive() did not return
        self._parts: list[Any] = []  # of a message that is not complete
        self._fragment: type[str | bytes] | None = None  # of the message that send() is in
        self._stalled = False
        self._paused = False  # by pause_reading()
        self._reading = trio.CancelScope()  # around the wait for the next bytes
        self._pings_sent = 0
        self._unanswered: set[bytes] = set()  # payloads of Pings
        self._sending = trio.Lock()
        self._ended = trio.Event()  # the client has closed, or is gone
        self._changed = trio.lowlevel.ParkingLot()  # where tasks wait for anything above

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

    async def send(self, message: str | bytes, *, finished: bool = True) -> None:
        """Send a message to the client, or a fragment of one.

        It waits while the client does not read, and 64 KiB are on the way to it.

        Args:
          finished: False: this is a fragment, and what is sent next continues the message.

        Raises:
          TypeError: it is no message, or continues one of the other type.
          trio.BrokenResourceError: the client has closed, or is gone, or this end has closed.
        """
        await trio.lowlevel.checkpoint()
        event = _message_event(message, finished)
        kind = str if isinstance(event, TextMessage) else bytes
        if self._fragment is not None and kind is not self._fragment:
            raise TypeError(
                f"expected another fragment of the message as {self._fragment.__name__}, as the"
                f" first one was, got {kind.__name__}"
            )
        await self._send_or_raise(event)
        self._fragment = None if finished else kind

    async def ping(self) -> float:
        """Send a Ping, wait for its Pong, and return the seconds between.

        Raises:
          trio.BrokenResourceError: the client has closed, or is gone, or this end has closed.
        """
        self._pings_sent += 1
        payload = str(self._pings_sent).encode()
        self._unanswered.add(payload)
        start = trio.current_time()
        await self._send_or_raise(Ping(payload))
        while payload in self._unanswered:
            if self._ended.is_set():
                raise self._closed_error()
            await self._changed.park()
        return trio.current_time() - start

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a Close, wait for the client's, and end TCP, as servers do.

        If one was sent already, by either end, or the client is gone, no other is sent.

        Args:
          code: from 1000 to 4999; 1005: a Close without a code.
          reason: at most 123 bytes of UTF-8; what is longer is cut off.

        Raises:
          TypeError, ValueError: a Close cannot say this (such as 1006, 1015, or 1005 with a
            reason).
        """
        event = _close_event(code, reason)
        with suppress(LocalProtocolError, *_GONE):
            await self._send(event)
        await self._ended.wait()

    async def drop(self) -> None:
        """End TCP without a Close, so that the client loses the connection (1006)."""
        await self._stream.aclose()
        self._end()

    def stall(self) -> None:
        """Take and answer nothing from now on, neither messages nor Pings nor a Close.

        What the client sends is read all the same, and dropped, so that it never has to wait.
        """
        self._stalled = True

    def pause_reading(self) -> None:
        """Stop reading, as a peer does whose program is too slow.

        64 KiB are on the way then, and what the client queues beyond that waits at its end. Pings
        and its Close are not answered, and its end is not noticed, until :meth:`resume_reading`.
        """
        require_trio_run("pause_reading()")
        self._paused = True
        self._reading.cancel()

    def resume_reading(self) -> None:
        """Read on after :meth:`pause_reading`."""
        require_trio_run("resume_reading()")
        self._paused = False
        self._changed.unpark_all()

    async def wait_closed(self) -> None:
        """Wait until the client has closed, which :attr:`closeCode` shows, or is gone."""
        await self._ended.wait()

    async def _send_or_raise(self, event: Event) -> None:
        try:
            await self._send(event)
        except (LocalProtocolError, *_GONE) as exc:
            raise self._closed_error() from exc

    def _closed_error(self) -> trio.BrokenResourceError:
        return trio.BrokenResourceError(
            f"expected an open connection to send to, but it is closed ({self.closeCode})"
        )

    async def _send(self, event: Event) -> None:
        async with self._sending:  # the test, and the answers to Pings
            await self._stream.send_all(self._protocol.send(event))

    async def _read(self) -> None:
        """Read until TCP ends."""
        try:
            while await self._may_read():
                with trio.CancelScope() as self._reading:
                    data = await self._stream.receive_some(_READ_SIZE)
                    if not data:
                        break
                    if not self._stalled:
                        self._protocol.receive_data(bytes(data))
                for event in self._protocol.events():
                    await self._handle(event)
        except _GONE:
            pass  # the client is gone, or drop() was called
        finally:
            self._end()

    async def _may_read(self) -> bool:
        """Wait while the reading is paused, and return whether there is more to read."""
        while self._paused:
            await self._changed.park()
        return not self._ended.is_set()

    async def _handle(self, event: Event) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            data = event.data
            self._parts.append(data if isinstance(data, str) else bytes(data))
            if event.message_finished:
                self._take()
        elif isinstance(event, Ping):
            if self._protocol.state is ConnectionState.OPEN:  # else our Close was the last frame
                await self._send(event.response())
        elif isinstance(event, Pong):
            self._unanswered.discard(bytes(event.payload))
            self._changed.unpark_all()
        else:
            assert isinstance(event, CloseConnection)  # there is nothing else after the request
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


async def go_away(connection: FakeConnection) -> None:
    """Close with 1001, unless the peer that is played would not do so."""
    if not (connection._stalled or connection._paused):
        await connection.close(1001)


def _message_event(message: Any, finished: bool) -> TextMessage | BytesMessage:
    if isinstance(message, str):
        return TextMessage(message, message_finished=finished)
    if isinstance(message, bytes | bytearray | memoryview):
        return BytesMessage(bytes(cast("bytes", message)), message_finished=finished)
    raise TypeError(
        f"expected a message as str or bytes, got {type(message).__name__};"
        " JSON, for example, is sent as json.dumps(...)"
    )


def _close_event(code: Any, reason: Any) -> CloseConnection:
    if not isinstance(code, int) or not isinstance(reason, str):
        raise TypeError(f"expected a code as int and a reason as str, got {code!r} and {reason!r}")
    is_empty = (code, reason) == (1005, "")
    if not is_empty and (code in LOCAL_ONLY_CLOSE_REASONS or not 1000 <= code <= 4999):
        raise ValueError(f"expected what a Close can say, got {code} {reason!r}")
    # wsproto knows no code by this object, not by its number
    return CloseConnection(CloseReason.NO_STATUS_RCVD if is_empty else code, reason)
