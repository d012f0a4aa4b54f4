"""WebSocket: the browser's interface, as a state machine over a connection.

https://websockets.spec.whatwg.org/#the-websocket-interface
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NoReturn, final

import trio

from .._dom._blob import Blob
from .._dom._errors import DOMException, WebSocketError, valid_close
from .._dom._event_handler import EventHandler
from .._dom._webidl import Constant, bytes_like, utf8
from .._net._connection import Connection
from .._wire._closing import CONNECTING, READY_STATE
from .._wire._frames import BINARY, FIN, GOING_AWAY, NORMAL_CLOSURE, TEXT, Close
from ._close_wait import is_cancelled, outlast
from ._dispatcher import Dispatcher
from ._inbox import Inbox
from ._options import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message
    from types import TracebackType
    from typing import Self, Unpack

    from .._dom._event import Event
    from .._dom._events import CloseEvent, ErrorEvent, MessageEvent
    from ._options import ConnectOptions

_TEXT: Final = FIN | TEXT
_BINARY: Final = FIN | BINARY


@final
class WebSocket(Dispatcher, trio.abc.ReceiveChannel[str | bytes]):
    """A WebSocket connection, as browsers have it, in a trio nursery.

    The constructor returns at once, in CONNECTING; what happens next is told by events, which are
    dispatched by a task of the nursery. The nursery stays open until the socket is CLOSED, and a
    nursery that is cancelled closes it with 1001. The usual door is :func:`open_websocket`.

    Args:
      url: absolute, or relative to the option ``base_url``; http(s) means ws(s).
      protocols: subprotocols to ask for, one or several in order of preference.
      nursery: where the socket lives.
      options: see :class:`ConnectOptions`.

    Raises:
      DOMException: "SyntaxError", for a bad URL or bad protocols.
      TypeError, ValueError: for bad options.
      RuntimeError: the nursery is closed.

    https://websockets.spec.whatwg.org/#dom-websocket-websocket
    """

    CONNECTING = Constant(0)
    OPEN = Constant(1)
    CLOSING = Constant(2)
    CLOSED = Constant(3)

    onopen: EventHandler[Event] = EventHandler("open")
    onmessage: EventHandler[MessageEvent] = EventHandler("message")
    onerror: EventHandler[ErrorEvent] = EventHandler("error")
    onclose: EventHandler[CloseEvent] = EventHandler("close")

    _end: Exception | None = None  # by this cause the errors of this socket are known

    def __init__(
        self,
        url: str,
        protocols: str | Iterable[str] = (),
        *,
        nursery: trio.Nursery,
        **options: Unpack[ConnectOptions],
    ) -> None:
        self._set_up(url, protocols, options)
        self._start(nursery)

    def _set_up(self, url: str, protocols: str | Iterable[str], options: ConnectOptions) -> None:
        self._address, settings = resolve(url, protocols, options)
        self._settings = settings
        self._trace = settings.trace
        self._connection = Connection(settings, self)

    def __repr__(self) -> str:
        state = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")[self.readyState]
        return f"<WebSocket {self._address.where} {state}>"

    # The standard's attributes.

    @property
    def url(self) -> str:
        """The URL, absolute and serialized, with its credentials if it has any.

        https://websockets.spec.whatwg.org/#dom-websocket-url
        """
        return self._address.href

    @property
    def readyState(self) -> int:
        """CONNECTING, OPEN, CLOSING or CLOSED; it only grows.

        https://websockets.spec.whatwg.org/#dom-websocket-readystate
        """
        return READY_STATE[self._connection.machine.state]

    @property
    def bufferedAmount(self) -> int:
        """Bytes of messages (text: of UTF-8) that were queued and not handed to the network.

        It grows with each ``send()``, also after the close, and never falls between two
        checkpoints of the program.

        https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount
        """
        return self._connection.outbox.amount

    @property
    def extensions(self) -> str:
        """The extensions that the server selected, "" before ``open``.

        https://websockets.spec.whatwg.org/#dom-websocket-extensions
        """
        return "" if self._response is None else self._response.extensions

    @property
    def protocol(self) -> str:
        """The subprotocol that the server selected, "" if none, or before ``open``.

        https://websockets.spec.whatwg.org/#dom-websocket-protocol
        """
        return "" if self._response is None else self._response.protocol

    @property
    def binaryType(self) -> Literal["blob", "arraybuffer"]:
        """What ``event.data`` is for a binary message: "blob" (a :class:`Blob`, the default) or
        "arraybuffer" (``bytes``). Anything else that is set is ignored.

        https://websockets.spec.whatwg.org/#dom-websocket-binarytype
        """
        return self._binary_type

    @binaryType.setter
    def binaryType(self, value: Literal["blob", "arraybuffer"]) -> None:
        if value in ("blob", "arraybuffer"):
            self._binary_type = value
            self._interrupted = True  # it holds from the next message on, also within a batch

    # The standard's methods.

    @trio.lowlevel.enable_ki_protection
    def send(self, data: str | bytes | bytearray | memoryview | Blob) -> None:
        """Queue a message, and return at once.

        In CLOSING and CLOSED the message is dropped, though counted in ``bufferedAmount``.

        Args:
          data: text, or binary: any bytes-like object (copied now), or a Blob.

        Raises:
          DOMException: "InvalidStateError" in CONNECTING, whatever the data.
          TypeError: data is something else.

        https://websockets.spec.whatwg.org/#dom-websocket-send
        """
        if self._connection.machine.state is CONNECTING:
            raise DOMException(
                "expected send() after open, got it while CONNECTING", "InvalidStateError"
            )
        if isinstance(data, str):
            self._connection.send(_TEXT, utf8(data))
        elif isinstance(data, Blob):
            self._connection.send(_BINARY, bytes(data))
        else:
            self._connection.send(_BINARY, bytes_like(data))

    @trio.lowlevel.enable_ki_protection
    def close(self, code: int | None = None, reason: str = "") -> None:
        """Start the closing handshake, behind what is queued; give up a connection not yet open.

        Args:
          code: 1000, or 3000 to 4999; without one, and without a reason, the Close has no body.
          reason: at most 123 bytes of UTF-8; without a code it goes with 1000.

        Raises:
          DOMException: "InvalidAccessError" for another code, "SyntaxError" for a longer reason.
          TypeError: the code is no number, or the reason no str.

        https://websockets.spec.whatwg.org/#dom-websocket-close
        """
        self._connection.close(_close_frame(code, reason))

    # What is added for trio.

    @property
    def status(self) -> int | None:
        """The status of the server's answer, 101 once open; None before."""
        return None if self._response is None else self._response.status

    @property
    def headers(self) -> Message | None:
        """The headers of the server's answer, names in any case; None before."""
        return None if self._response is None else self._response.headers

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> str | bytes:
        """The next message; also by ``async for message in ws``.

        There is one inbox per socket, which begins with the first call. A cancelled call has taken
        nothing. While messages are there, at most 256, or for 1 ms, are given without letting
        other tasks run.

        Raises:
          trio.EndOfChannel: the socket was closed cleanly, with whatever code, and all messages
            were taken.
          WebSocketError: it ended otherwise.
          trio.ClosedResourceError: it was closed by :meth:`aclose`, or its block was left.
          trio.BusyResourceError: another task is receiving.
        """
        inbox = self._inbox or self._begin_receiving()
        return await inbox.receive()

    def _begin_receiving(self) -> Inbox:
        self._inbox = Inbox(self._connection.resume, self._connection.flush)
        if self._closed.is_set():
            self._inbox.end(self._end_of_messages)
        self._look()
        return self._inbox

    @trio.lowlevel.enable_ki_protection
    async def __anext__(self) -> str | bytes:
        # The first lines are the fast path, for messages that are there already: one coroutine
        # a message in place of three. Then what ReceiveChannel's own does.
        inbox = self._inbox
        if inbox is not None and inbox.ready:
            await trio.lowlevel.checkpoint_if_cancelled()
            return inbox.take()
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    @trio.lowlevel.enable_ki_protection
    async def aclose(self, code: int | None = NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the socket as :meth:`close` does, drop what is unread, and wait until CLOSED.

        The wait is bounded by ``close_timeout``. Cancelled, it goes on for
        ``cancelled_close_timeout`` at most; the socket is CLOSED in any case.

        Args:
          code, reason: as :meth:`close` takes them; None sends a Close without a body.

        Raises:
          DOMException, TypeError: as :meth:`close`; nothing has happened then.
        """
        close = _close_frame(code, reason)
        pending = await self._leave(close)
        if pending is not None:
            raise pending

    async def __aenter__(self) -> Self:
        return self

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        clean = exc is None and not is_cancelled()
        pending = await self._leave(Close(NORMAL_CLOSURE if clean else GOING_AWAY), exc)
        if pending is not None and (exc is None or isinstance(pending, KeyboardInterrupt)):
            raise pending

    @trio.lowlevel.enable_ki_protection
    async def _leave(
        self, close: Close, raised: BaseException | None = None
    ) -> BaseException | None:
        self._begin_leaving(close)
        return await outlast([self._closed], [self], raised)

    def _begin_leaving(self, close: Close) -> None:
        """The program is done with the socket."""
        inbox = self._inbox or self._begin_receiving()
        inbox.close()
        cancelled = is_cancelled()
        self._connection.close(close, flush=not cancelled)
        if cancelled:  # which may leave no time for a Close
            self._connection.hurry()

    @trio.lowlevel.enable_ki_protection
    async def wait_closed(self) -> CloseEvent:
        """Wait until ``close`` was dispatched; gives that event. Cancelled, nothing has changed.

        This is a look at messages: those that nobody listens for are dropped, unless somebody has
        received; then they are kept, and an inbox that nobody empties holds up the reading.
        """
        self._look()
        await self._closed.wait()
        assert self.closeEvent is not None  # it is set first
        return self.closeEvent

    @trio.lowlevel.enable_ki_protection
    async def drain(self, below: int = 1) -> None:
        """Wait until ``bufferedAmount`` is less than ``below`` bytes.

        Cancelled, nothing has changed.

        Raises:
          WebSocketError: the socket closed first.
          ValueError: ``below`` is less than 1, and would be waited for without end.
        """
        if below < 1:
            raise ValueError(f"expected below of 1 byte or more, got {below}")
        await trio.lowlevel.checkpoint()
        while self.bufferedAmount >= below:
            if self._closed.is_set():
                self._raise_closed(f"closed with {self.bufferedAmount} bytes not sent")
            await self._until_bytes_left()

    @trio.lowlevel.enable_ki_protection
    async def ping(self) -> float:
        """Send a Ping and wait for its Pong; gives the round trip in seconds, by trio's clock.

        Any number of tasks may wait. A Pong comes behind the messages that the peer sent before
        it, so where the program holds the reading back this waits too. Cancelled, the Ping may
        have left; its Pong is ignored.

        Raises:
          DOMException: "InvalidStateError" in CONNECTING.
          WebSocketError: the socket closed first, however. In CLOSING no Ping can leave any more:
            it is raised when the socket is CLOSED.
        """
        if self.readyState == self.CONNECTING:
            raise DOMException(
                "expected ping() after open, got it while CONNECTING", "InvalidStateError"
            )
        seconds = await self._connection.ping()
        if seconds is None:
            self._raise_closed("closed before the answer to a Ping came")
        return seconds

    def _raise_closed(self, message: str) -> NoReturn:
        code, reason, _ = self._connection.machine.verdict
        if self._end is None:
            self._end = self.failure or trio.EndOfChannel("the socket was closed cleanly")
        raise WebSocketError._create(message, code, reason) from self._end


def _close_frame(code: int | None, reason: str) -> Close:
    code, reason = valid_close(code, reason)
    return Close() if code is None else Close(code, reason)
