"""WebSocket, the browser's interface, over a session.

https://websockets.spec.whatwg.org/#the-websocket-interface
"""

# pyright: reportPrivateUsage=false
# (hands out the session of its own class)

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import trio
from trio.lowlevel import checkpoint_if_cancelled

from .._dom._blob import Blob
from .._dom._context import refuse_thread
from .._dom._errors import DOMException, valid_close
from .._dom._socket_events import SocketEvents
from .._dom._webidl import Constant, bytes_like, utf8, wrong_type
from .._net._connection import Connection
from .._wire._closing import CONNECTING, READY_STATE
from .._wire._frames import GOING_AWAY, MAX_CONTROL_PAYLOAD, NORMAL_CLOSURE, Close
from ._close_info import WebSocketCloseInfo
from ._close_wait import close_and_wait, is_cancelled, is_interrupt
from ._options import Arguments
from ._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from email.message import Message
    from types import TracebackType
    from typing import Self, Unpack

    from typing_extensions import Buffer

    from .._dom._errors import WebSocketError
    from .._dom._event import Event
    from .._dom._event_target import EventTarget
    from .._dom._events import CloseEvent
    from ._options import ConnectOptions


class SocketTarget(SocketEvents):
    """An event target whose listeners run within a session."""

    _accepts_coroutines: ClassVar[bool] = True

    _session: Session

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object], event: Event) -> None:
        self._session.run_listener(coroutine, event)

    def _listeners_changed(self, type: str) -> None:
        if type == "message":
            self._session.begin_consuming()

    def _check_access(self, what: str) -> None:
        self._session.check_thread(what)

    def _channel_has_room(self) -> None:
        self._session.resume()


@final
class WebSocket(SocketTarget, trio.abc.ReceiveChannel[str | bytes]):
    """A WebSocket connection, as browsers have it, in a trio nursery.

    The constructor returns at once, in CONNECTING; what happens next is
    reported by events, which a task of the nursery dispatches. The nursery
    stays open until the socket is CLOSED, and a nursery that is cancelled
    closes it with 1001. Most programs use :func:`open_websocket`.

    Args:
      url: absolute, or relative to the option ``base_url``; http(s) means
        ws(s).
      protocols: subprotocols to ask for, one or several, the preferred one
        first.
      nursery: where the socket lives.
      options: :class:`ConnectOptions` says more of each.

    Options:
      open_timeout: seconds until the server's answer. Default: 60.
      close_timeout: seconds for a closing handshake. Default: 10.
      cancelled_close_timeout: seconds to close once cancelled. Default: 1.
      listener_timeout: seconds for async listeners at the end. Default: 10.
      ping_interval: seconds between Pings. Default: None, no keepalive.
      ping_timeout: seconds of silence after a Ping. Default: ping_interval.
      max_message_size: bytes of a message, received. Default: 16 MiB.
      max_buffered_amount: bytes queued for sending, at most. Default: None.
      compression: whether to offer permessage-deflate. Default: True.
      base_url: what a relative URL is relative to. Default: none.
      origin: the Origin header. Default: no such header.
      headers: more header fields, a mapping or pairs. Default: none.
      cookies: an http.cookiejar.CookieJar to send and fill. Default: none.
      ssl_context: for wss:. Default: verifies by the system's authorities.
      server_hostname: the name that TLS verifies. Default: the URL's host.
      connect_to: (host, port) to connect to. Default: the URL's.
      local_address: this machine's IP address. Default: the system's choice.
      address_timeout: seconds that one address may be silent. Default: 10.
      proxy: a proxy's URL; None: no proxy. Default: the environment's.
      proxy_ssl_context: for an https: proxy. Default: as of ssl_context.
      stream: a connected stream, instead of dialling. Default: none.
      serialize_connects: one connect at a time to a host. Default: True.
      trace: a function that gets what goes over the wire. Default: None.

    Raises:
      DOMException: "SyntaxError", for a bad URL or bad protocols.
      TypeError, ValueError: for bad options.
      RuntimeError: the nursery is closed, or there is no trio run in this
        thread.

    https://websockets.spec.whatwg.org/#dom-websocket-websocket
    """

    CONNECTING = Constant(0)
    OPEN = Constant(1)
    CLOSING = Constant(2)
    CLOSED = Constant(3)

    def __init__(
        self,
        url: str,
        protocols: str | Iterable[str] = (),
        *,
        nursery: trio.Nursery,
        **options: Unpack[ConnectOptions],
    ) -> None:
        arguments = Arguments(url, protocols, options)
        del url, protocols, options
        check_nursery(nursery)
        self._session = dial(self, arguments)
        self._session.start(nursery)

    def __repr__(self) -> str:
        # the constructor may have failed, and tracebacks can show local variables
        return self._session.describe("WebSocket") if hasattr(self, "_session") else "<WebSocket>"

    # The standard's attributes.

    @property
    def url(self) -> str:
        """The URL, absolute and serialized, with its credentials if it has any.

        https://websockets.spec.whatwg.org/#dom-websocket-url
        """
        return self._session.address.href

    @property
    def readyState(self) -> int:
        """CONNECTING, OPEN, CLOSING or CLOSED.

        It only grows.

        https://websockets.spec.whatwg.org/#dom-websocket-readystate
        """
        return READY_STATE[self._session.connection.machine.state]

    @property
    def bufferedAmount(self) -> int:
        """Bytes of messages that were queued and not handed to the network.

        Text counts in bytes of UTF-8. It grows with each ``send()``, also after the close, and
        never falls between two checkpoints of the program.

        https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount
        """
        return self._session.connection.buffered_amount

    @property
    def extensions(self) -> str:
        """The extensions that the server selected, "" before ``open``.

        https://websockets.spec.whatwg.org/#dom-websocket-extensions
        """
        return "" if self._session.response is None else self._session.response.extensions

    @property
    def protocol(self) -> str:
        """The subprotocol that the server selected, "" if none, or before ``open``.

        https://websockets.spec.whatwg.org/#dom-websocket-protocol
        """
        return "" if self._session.response is None else self._session.response.protocol

    @property
    def binaryType(self) -> Literal["blob", "arraybuffer"]:
        """What ``event.data`` is for a binary message.

        "blob" (a :class:`Blob`, the default) or "arraybuffer" (``bytes``). Anything else that is
        set is ignored.

        https://websockets.spec.whatwg.org/#dom-websocket-binarytype
        """
        return self._session.binary_type

    @binaryType.setter
    def binaryType(self, value: Literal["blob", "arraybuffer"]) -> None:
        self._session.check_thread("binaryType")
        if value in ("blob", "arraybuffer"):
            self._session.set_binary_type(value)

    # The standard's methods.

    @trio.lowlevel.enable_ki_protection
    def send(self, data: str | Buffer | Blob) -> None:
        """Queue a message, and return at once.

        In CLOSING and CLOSED the message is dropped, though counted in ``bufferedAmount``.

        Args:
          data: text, or binary: any bytes-like object (copied now), or a Blob.

        Raises:
          DOMException: "InvalidStateError" in CONNECTING, whatever the data.
          TypeError: data is something else.
          RuntimeError: this is not the thread of the socket's trio run.

        https://websockets.spec.whatwg.org/#dom-websocket-send
        """
        session = self._session
        if get_ident() != session.thread:
            refuse_thread("send()")
        connection = session.connection
        if connection.machine.state is CONNECTING:
            raise DOMException(
                "expected send() after open, got it while CONNECTING", "InvalidStateError"
            )
        if isinstance(data, str):
            connection.send_text(utf8(data))
        elif isinstance(data, Blob):
            connection.send_binary(bytes(data))
        else:
            connection.send_binary(message_bytes(data))

    @trio.lowlevel.enable_ki_protection
    def close(self, code: float | None = None, reason: str | None = "") -> None:
        """Start the closing handshake, after what is queued, or give up opening.

        Args:
          code: 1000, or 3000 to 4999; without one, and without a reason, the Close has no body.
          reason: at most 123 bytes of UTF-8; without a code it goes with 1000.

        Raises:
          DOMException: "InvalidAccessError" for another code, "SyntaxError" for a longer reason.
          TypeError: the code is no number, or the reason no str.
          RuntimeError: this is not the thread of the socket's trio run.

        https://websockets.spec.whatwg.org/#dom-websocket-close
        """
        self._session.check_thread("close()")
        self._session.close(close_frame(code, reason))

    # What is added for trio.

    @property
    def closeEvent(self) -> CloseEvent | None:
        """The event ``close`` once it was dispatched, which says why the connection ended.

        It is None until then.
        """
        return self._session.close_event

    @property
    def failure(self) -> WebSocketError | None:
        """The error of an unclean end, with the true cause as ``__cause__``.

        It is None until then, and after a clean end.
        """
        return self._session.failure

    @property
    def close_sent(self) -> WebSocketCloseInfo | None:
        """The Close frame that this end sent, once it was written.

        It is None until then.

        Where this end failed the connection, its code says why: 1002 (the peer broke a rule of
        the protocol), 1007 (not UTF-8, or broken compression), 1009 (more than
        ``max_message_size``).
        """
        sent = self._session.connection.machine.sent
        return None if sent is None else WebSocketCloseInfo(closeCode=sent.code, reason=sent.reason)

    @property
    def status(self) -> int | None:
        """The status of the server's answer, 101 once open.

        It is None before.
        """
        response = self._session.response
        return None if response is None else response.status

    @property
    def headers(self) -> Message | None:
        """The headers of the server's answer, names in any case.

        It is None before.
        """
        response = self._session.response
        return None if response is None else response.headers

    @property
    def local_address(self) -> tuple[str, int] | None:
        """The address and port of our end of TCP.

        It is None before ``open``, after the end, and for a stream that is not of TCP.
        """
        return self._session.connection.addresses()[0]

    @property
    def remote_address(self) -> tuple[str, int] | None:
        """The address and port of the other end of TCP, which is the proxy's if there is one.

        It is None as for :attr:`local_address`.
        """
        return self._session.connection.addresses()[1]

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> str | bytes:
        """Wait for the next message.

        ``async for message in ws`` does the same.

        There is one inbox per socket, which begins with the first call (in the context managers,
        with what was received since the start, if no listener consumed it). A cancelled call has
        taken nothing. While messages are there, at most 256, or for 1 ms, are returned without
        letting other tasks run.

        Raises:
          trio.EndOfChannel: the socket was closed cleanly, with whatever code, and all messages
            were taken.
          WebSocketError: it ended otherwise.
          trio.ClosedResourceError: it was closed by :meth:`aclose`, or its block was left.
          trio.BusyResourceError: another task is receiving.
        """
        session = self._session
        inbox = session.flow.inbox or session.begin_receiving()
        return await inbox.receive()

    @trio.lowlevel.enable_ki_protection
    async def __anext__(self) -> str | bytes:
        # The first lines are the fast path, for messages that are there already: one coroutine
        # a message instead of three. Then what ReceiveChannel's own does.
        inbox = self._session.flow.inbox
        if inbox is not None and (inbox.at_hand > 0 or inbox.look()):
            await checkpoint_if_cancelled()
            return inbox.take()
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    @trio.lowlevel.enable_ki_protection
    async def aclose(self, code: float | None = NORMAL_CLOSURE, reason: str | None = "") -> None:
        """Close the socket as :meth:`close` does, drop what is unread, and wait until CLOSED.

        The wait is bounded by ``close_timeout``. Cancelled, it goes on for
        ``cancelled_close_timeout`` at most; the socket is CLOSED in any case.

        Args:
          code, reason: as :meth:`close` takes them; None sends a Close without a body.

        Raises:
          DOMException, TypeError, RuntimeError: as :meth:`close`; nothing has happened then.
        """
        self._session.check_thread("aclose()")
        pending = await close_and_wait(self._session, close_frame(code, reason))
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
        close = Close(NORMAL_CLOSURE if clean else GOING_AWAY)
        pending = await close_and_wait(self._session, close, interrupted=is_interrupt(exc))
        if pending is not None and (exc is None or isinstance(pending, KeyboardInterrupt)):
            raise pending

    @trio.lowlevel.enable_ki_protection
    async def wait_closed(self) -> CloseEvent:
        """Wait until ``close`` was dispatched, and return that event.

        Cancelled, nothing has changed. Messages that nobody has consumed do not hold the end up
        meanwhile: once more of them wait than fit, they are dropped, and the log says so.
        """
        session = self._session
        session.flow.close_waiters += 1
        session.resume()
        try:
            await session.closed.wait()
        finally:
            session.flow.close_waiters -= 1
        assert session.close_event is not None  # it is set first
        return session.close_event

    @trio.lowlevel.enable_ki_protection
    async def drain(self, below: int = 1) -> None:
        """Wait until ``bufferedAmount`` is less than ``below`` bytes.

        Cancelled, nothing has changed.

        Raises:
          WebSocketError: the socket closed first.
          TypeError: ``below`` is no number.
          ValueError: ``below`` is less than 1, and would be waited for without end.
        """
        if not isinstance(below, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
            raise wrong_type("below", "a number of bytes", below)
        if below < 1:
            raise ValueError(f"expected below of 1 byte or more, got {below}")
        await trio.lowlevel.checkpoint()
        while self.bufferedAmount >= below:
            if self._session.closed.is_set():
                amount = self.bufferedAmount
                raise self._session.closed_error(f"closed with {amount} bytes not sent")
            await self._session.wait_bytes_sent()

    @trio.lowlevel.enable_ki_protection
    async def ping(self, data: Buffer = b"") -> float:
        """Send a Ping, wait for its Pong, and return the round trip in seconds, by trio's clock.

        Any number of tasks may wait. A Pong comes after the messages that the peer sent before
        it, so where the program holds the reading back this waits, too. Cancelled, the Ping may
        have been sent; its Pong is ignored.

        Args:
          data: the payload, at most 125 bytes. Without any it is one that no peer can foresee.

        Raises:
          DOMException: "InvalidStateError" in CONNECTING.
          TypeError, ValueError: for data of another type, or too much of it.
          RuntimeError: this is not the thread of the socket's trio run.
          WebSocketError: the socket closed first, however. In CLOSING no Ping may be sent: it is
            raised when the socket is CLOSED.
        """
        payload = self._control_payload("ping", data)
        seconds = await self._session.connection.ping(payload)
        if seconds is None:
            raise self._session.closed_error("closed before the answer to a Ping was received")
        return seconds

    @trio.lowlevel.enable_ki_protection
    def pong(self, data: Buffer = b"") -> None:
        """Send a Pong that no Ping asked for, as a heartbeat in one direction (RFC 6455, 5.5.3).

        Pings are answered without it. In CLOSING and CLOSED it does nothing.

        Args:
          data: the payload, at most 125 bytes.

        Raises:
          DOMException: "InvalidStateError" in CONNECTING.
          TypeError, ValueError: for data of another type, or too much of it.
          RuntimeError: this is not the thread of the socket's trio run.
        """
        self._session.connection.pong(self._control_payload("pong", data))

    def _control_payload(self, method: str, data: Buffer) -> bytes:
        self._session.check_thread(f"{method}()")
        if self.readyState == self.CONNECTING:
            raise DOMException(
                f"expected {method}() after open, got it while CONNECTING", "InvalidStateError"
            )
        payload = bytes_like(data)
        if len(payload) > MAX_CONTROL_PAYLOAD:
            raise ValueError(
                f"expected data of at most {MAX_CONTROL_PAYLOAD} bytes, got {len(payload)}"
            )
        return payload


def socket_over(make_session: Callable[[WebSocket], Session]) -> WebSocket:
    """Return a socket over a session that somebody else makes, and starts."""
    ws = WebSocket.__new__(WebSocket)
    ws._session = make_session(ws)
    return ws


def session_of(ws: WebSocket) -> Session:
    """Return the session of a socket, for the layers that work with sessions."""
    return ws._session


def check_nursery(nursery: trio.Nursery) -> None:
    """Refuse what is no nursery.

    Raises:
      TypeError: it says what is expected.
    """
    if not isinstance(nursery, trio.Nursery):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
        raise TypeError(
            f"expected nursery as a trio.Nursery, in which the socket lives, got {nursery!r}:"
            " use `async with trio.open_nursery() as nursery`, or open_websocket()"
        )


def message_bytes(data: Buffer) -> bytes:
    """Return a copy of the bytes of a binary message.

    Raises:
      TypeError: it is something else.
    """
    try:
        return bytes_like(data)
    except TypeError:
        raise TypeError(
            f"expected a message as str, a bytes-like object or a Blob, got {type(data).__name__}"
        ) from None


def close_frame(code: float | None, reason: str | None) -> Close:
    """Return the Close frame of a program's ``close()``.

    Raises:
      DOMException, TypeError: as ``WebSocket.close()``.
    """
    number, text = valid_close(code, reason)
    return Close() if number is None else Close(number, text)


def dial(
    target: EventTarget,
    arguments: Arguments,
    *,
    holds: bool = False,
    piece_size: int | None = None,
) -> Session:
    """Make the session of a connection that will be dialled.

    Raises:
      DOMException, TypeError, ValueError, RuntimeError: as :class:`WebSocket`.
    """
    settings = arguments.resolve()
    session = Session(target, settings.address, settings.bounds, trace=settings.trace, holds=holds)
    session.connection = Connection(settings, session, piece_size=piece_size)
    return session
