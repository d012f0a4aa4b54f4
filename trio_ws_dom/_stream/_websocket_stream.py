"""WebSocketStream, the other interface that browsers have, with backpressure.

It is a layer over :class:`WebSocket`, so the connection, its closing and its bounds are the same.
The standard's text is a draft, https://github.com/whatwg/websockets/pull/48, as Chrome ships it.
"""

# pyright: reportPrivateUsage=false
# (a stream, its scope and its sides are one implementation)

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, final

import trio

from .._dom._errors import DOMException, without_code
from .._dom._listener import check_signal
from .._socket._close_info import WebSocketCloseInfo
from .._socket._nursery import WebSocketNursery, adopt
from .._socket._options import Arguments
from .._socket._websocket import SocketTarget, check_nursery, close_frame, dial
from .._wire._frames import Close
from ._info import Promise, WebSocketOpenInfo
from ._readable import PIECE_SIZE, WebSocketReadable
from ._writable import WebSocketWritable, begin_stream_close, refuse_sending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from types import TracebackType
    from typing import Self, Unpack

    from .._dom._abort import AbortSignal
    from .._dom._errors import WebSocketError
    from .._socket._options import ConnectOptions


@final
class WebSocketStream:
    """A WebSocket connection as a pair of channels, in a trio nursery.

    The constructor returns at once; the nursery stays open until the connection
    is closed, and a nursery that is cancelled closes it with 1001. Most
    programs use :func:`open_websocket_stream`.

    Args:
      url: absolute, or relative to the option ``base_url``; http(s) means
        ws(s).
      protocols: subprotocols to ask for, one or several, the preferred one
        first.
      signal: cancels the opening handshake when it aborts; afterwards it does
        nothing.
      nursery: where the connection lives.
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
    """

    def __init__(
        self,
        url: str,
        *,
        protocols: str | Iterable[str] = (),
        signal: AbortSignal | None = None,
        nursery: trio.Nursery,
        **options: Unpack[ConnectOptions],
    ) -> None:
        arguments = Arguments(url, protocols, options)
        del url, protocols, options
        check_nursery(nursery)
        self._set_up(arguments, signal)
        self._session.start(nursery)
        self._follow_signal()

    @classmethod
    def _in_scope(
        cls,
        scope: WebSocketNursery,
        arguments: Arguments,
        signal: AbortSignal | None,
    ) -> Self:
        """Make a stream that lives in a scope."""
        self = cls.__new__(cls)
        self._set_up(arguments, signal)
        adopt(scope, self._session)
        self._follow_signal()
        return self

    def _set_up(self, arguments: Arguments, signal: AbortSignal | None) -> None:
        check_signal(signal)
        self._target = SocketTarget()
        session = self._session = self._target._session = dial(
            self._target, arguments, piece_size=PIECE_SIZE
        )
        self._signal = signal
        self._was_aborted = False  # the signal aborted the handshake
        self._writable = WebSocketWritable(session)
        self._readable = WebSocketReadable(session, self._writable)
        self._opened = Promise(session.opened, self._open_info)
        self._closed = Promise(session.closed, self._close_info)

    def _follow_signal(self) -> None:
        signal = self._signal
        if signal is not None:
            self._target.addEventListener("open", self._unfollow_signal)
            self._target.addEventListener("close", self._unfollow_signal)
            signal._add_algorithm(self, WebSocketStream._abort, WebSocketStream._check_thread)
            if signal.aborted:
                self._abort()

    def __repr__(self) -> str:
        # the constructor may have failed, and tracebacks can show local variables
        has_session = hasattr(self, "_session")
        return self._session.describe("WebSocketStream") if has_session else "<WebSocketStream>"

    @property
    def url(self) -> str:
        """The URL, absolute and serialized, with its credentials if it has any."""
        return self._session.address.href

    @property
    def opened(self) -> Awaitable[WebSocketOpenInfo]:
        """The opening handshake's outcome, to be awaited, which is also where it raises.

        Raises:
          WebSocketError: it could not be opened; ``__cause__`` is the true cause. It has no
            closeCode, as there was nothing to close; :attr:`closed` has 1006.
          HandshakeError: a WebSocketError, where the server answered.
          BaseException: the reason of ``signal``, whatever it is, if that aborted the handshake;
            an "AbortError" DOMException for one that cannot be raised.
        """
        return self._opened

    @property
    def closed(self) -> Awaitable[WebSocketCloseInfo]:
        """The end, to be awaited.

        All of it is over then, and the file descriptor is closed.

        Raises:
          WebSocketError: it was not clean; ``__cause__`` is the true cause.
          BaseException: as for :attr:`opened`, where that failed.
        """
        return self._closed

    @property
    def readable(self) -> WebSocketReadable:
        """The receiving side.

        Before the stream is open, an "InvalidStateError".
        """
        self._check_opened()
        return self._readable

    @property
    def writable(self) -> WebSocketWritable:
        """The sending side.

        Before the stream is open, an "InvalidStateError".
        """
        self._check_opened()
        return self._writable

    @trio.lowlevel.enable_ki_protection
    def close(self, *, closeCode: float | None = None, reason: str | None = "") -> None:
        """Start the closing handshake, after what is queued, and return at once.

        Before the stream is open, the opening is cancelled: ``opened`` and ``closed`` raise a
        WebSocketError, and both arguments are checked and ignored. What was received before the
        call can still be taken from ``readable``.

        Args:
          closeCode: 1000, or 3000 to 4999; without it and a reason, the Close frame has no body.
          reason: at most 123 bytes of UTF-8; without a code, the code is 1000.

        Raises:
          DOMException: "InvalidAccessError" for another code, "SyntaxError" for a longer reason.
          TypeError: the code is no number, or the reason no str.
        """
        begin_stream_close(self._writable, close_frame(closeCode, reason))

    def _check_thread(self, what: str) -> None:
        self._session.check_thread(what)

    def _abort(self) -> None:
        # Also after a close(): until the failure is reported, it is the signal's. Once the stream
        # is open, or the failure reported, the signal was forgotten.
        self._was_aborted = True
        self._session.close(Close())

    def _unfollow_signal(self, event: object) -> None:
        """Make the signal, which may live long, forget this stream.

        The handshake is over.
        """
        assert self._signal is not None  # else nobody calls this
        self._signal._remove_algorithm(self)

    def _check_opened(self) -> None:
        if self._session.response is None:
            raise DOMException(
                "expected readable and writable to be used after `await stream.opened`",
                "InvalidStateError",
            )

    def _open_info(self) -> WebSocketOpenInfo:
        response = self._session.response
        if response is None:
            raise without_code(self._failure())  # the draft sets it in `closed` only
        return WebSocketOpenInfo(
            readable=self._readable,
            writable=self._writable,
            extensions=response.extensions,
            protocol=response.protocol,
        )

    def _close_info(self) -> WebSocketCloseInfo:
        event = self._session.close_event
        assert event is not None  # this is called after it
        if not event.wasClean:
            raise self._failure()
        return WebSocketCloseInfo(closeCode=event.code, reason=event.reason)

    def _failure(self) -> WebSocketError:
        """Return a new exception each time, as tasks that await do not share tracebacks.

        But the signal's reason, which is raised here, is the very object that its owner gave.
        """
        if self._was_aborted:
            assert self._signal is not None  # it aborted the handshake
            self._signal.throwIfAborted()
        return self._session.explain_end()


@final
class _OpenWebSocketStream(AbstractAsyncContextManager[WebSocketStream]):
    """See :func:`open_websocket_stream`."""

    def __init__(self, arguments: Arguments, signal: AbortSignal | None) -> None:
        check_signal(signal)
        self._scope = WebSocketNursery()
        self._arguments = arguments
        self._signal = signal
        self._stream: WebSocketStream

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> WebSocketStream:
        await self._scope.__aenter__()
        try:
            self._stream = WebSocketStream._in_scope(self._scope, self._arguments, self._signal)
            await self._stream.opened
        except BaseException as exc:
            await self._scope.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        return self._stream

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        refuse_sending(self._stream._writable)
        return await self._scope.__aexit__(exc_type, exc, traceback)


def open_websocket_stream(
    url: str,
    protocols: str | Iterable[str] = (),
    *,
    signal: AbortSignal | None = None,
    **options: Unpack[ConnectOptions],
) -> AbstractAsyncContextManager[WebSocketStream]:
    """Open one connection for one block, as a pair of channels.

    ``async with open_websocket_stream(url) as stream``.

    The block is entered once the stream is open: ``stream.readable`` is a
    ``trio.abc.ReceiveChannel``, ``stream.writable`` a ``trio.abc.SendChannel``,
    and a program that is slow on one side slows the other. However the block is
    left, the closing handshake is over then, or was given up within its bounds,
    as with :func:`open_websocket`.

    Args:
      url: absolute, or relative to the option ``base_url``; http(s) means
        ws(s).
      protocols: subprotocols to ask for, one or several, the preferred one
        first.
      signal: cancels the opening handshake when it aborts; afterwards it does
        nothing.
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
      WebSocketError: it could not be opened; ``__cause__`` is the true cause.
      HandshakeError: a WebSocketError, where the server answered; it has
        status, headers and body.
      BaseException: the reason of ``signal``, if that aborted the handshake.
      DOMException, TypeError, ValueError: as :class:`WebSocket` raises them.
      ExceptionGroup: what the option ``trace`` raised, the body's exception
        last.
    """
    return _OpenWebSocketStream(Arguments(url, protocols, options), signal)
