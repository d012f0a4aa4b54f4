"""The sending side of a WebSocketStream, as a trio channel with backpressure.

Both sides belong to one connection, so there is no half close: whichever is closed, the closing
handshake is held, and the other ends with it.
"""

# pyright: reportPrivateUsage=false
# (functions for the other modules work on its own class, which shows users only their methods)

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import TYPE_CHECKING, Final, final

import trio

from .._dom._errors import DOMException, WebSocketError, socket_error
from .._dom._webidl import utf8, wrong_type
from .._socket._close_wait import is_cancelled, wait_closed_shielded
from .._socket._websocket import close_frame, message_bytes
from .._wire._closing import OPEN
from .._wire._frames import GOING_AWAY, NORMAL_CLOSURE, Close

if TYPE_CHECKING:
    # At run time, collections.abc.Buffer needs Python 3.12.
    from typing_extensions import Buffer

    from .._socket._session import Session

MAX_QUEUED: Final = 64 * 1024
"""Bytes of messages (text: of UTF-8) that may be queued before a ``send()`` waits. It is also the
mark from which on asyncio's transports pause their writers."""


@final
class WebSocketWritable(trio.abc.SendChannel["str | Buffer"]):
    """The sending side of a :class:`WebSocketStream`. Any number of tasks may send.

    https://streams.spec.whatwg.org/#ws-class, as far as it has a meaning for trio
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turn = trio.StrictFIFOLock()  # its holder may queue, so that messages do not mix
        self._begun: type[str] | type[bytes] | None = None  # the kind of an unfinished message
        self._closed = False  # by this end

    @trio.lowlevel.enable_ki_protection
    async def send(self, value: str | Buffer) -> None:
        """Queue a message, once at most 64 KiB (:data:`MAX_QUEUED`) wait to be written.

        A call that was cancelled has queued nothing. Messages are sent in the order of the calls.

        Args:
          value: text, or binary: any bytes-like object (copied now).

        Raises:
          trio.ClosedResourceError: this end closed the stream, maybe during the call.
          WebSocketError: the connection is closing or gone otherwise.
          TypeError: value is something else.
        """
        kind, payload = _encode(value)
        async with self._turn:
            await self._until_room(len(payload))
            self._queue(kind, payload, fin=True)

    async def send_fragments(
        self, fragments: AsyncIterable[str | Buffer] | Iterable[str | Buffer]
    ) -> None:
        """Send one message in pieces, as they come, without holding it whole.

        Other messages wait until this one is over; pings and a Close need not. Fragments are not
        compressed. An iterable that is empty sends nothing, not even an empty message.

        A message that was begun cannot be taken back. If the iterable raises, or the call is
        cancelled, after the first fragment, the connection is closed with 1001: the peer sees
        the message end with the connection, and never as if it were complete.

        Args:
          fragments: either all text or all binary, each as in :meth:`send`; an async iterable, or
            a plain one, such as a list. A generator is closed at the end, whatever that was.

        Raises:
          trio.ClosedResourceError, WebSocketError: as :meth:`send`.
          TypeError: a fragment is something else, or not of the first one's kind; or fragments are
            one message, which :meth:`send` takes.
        """
        if isinstance(fragments, str | bytes | bytearray | memoryview):
            raise TypeError(
                "expected fragments as an iterable of str or of bytes, got one message"
                f" ({type(fragments).__name__}): use send()"
            )
        if not isinstance(fragments, AsyncIterable | Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
            raise wrong_type("fragments", "an iterable of str or of bytes", fragments)
        # not protected from Ctrl-C, as the iterable is the program's
        async with self._turn:
            self._check_open()
            try:
                if isinstance(fragments, AsyncIterable):
                    async for fragment in fragments:
                        await self._send_fragment(fragment)
                else:
                    for fragment in fragments:
                        await self._send_fragment(fragment)
                self._end_message()
            finally:
                self._abort_message()
                if isinstance(fragments, AsyncGenerator):
                    await fragments.aclose()
                elif isinstance(fragments, Generator):
                    fragments.close()

    @trio.lowlevel.enable_ki_protection
    async def _send_fragment(self, fragment: str | Buffer) -> None:
        kind, payload = _encode(fragment)
        if self._begun not in (None, kind):
            raise TypeError(
                f"expected fragments that are all text or all binary, got {type(fragment).__name__}"
            )
        await self._until_room(len(payload))
        if self._begun is None:
            self._queue(kind, payload, fin=False)
        else:
            self._queue(None, payload, fin=False)
        self._begun = kind

    @trio.lowlevel.enable_ki_protection
    def _abort_message(self) -> None:
        if self._begun is not None:
            begin_stream_close(self, Close(GOING_AWAY))

    @trio.lowlevel.enable_ki_protection
    def _end_message(self) -> None:
        if self._begun is not None:
            self._queue(None, b"", fin=True)
            self._begun = None

    async def _until_room(self, size: int) -> None:
        """Wait until a message of this many bytes may be queued.

        It is no checkpoint if it may now.
        """
        session = self._session
        limit = session.bounds.max_buffered_amount
        room = MAX_QUEUED if limit is None else max(0, min(MAX_QUEUED, limit - size))
        self._check_open()
        while session.connection.buffered_amount > room:
            await session.wait_bytes_sent()
            self._check_open()

    def _queue(self, kind: type[str] | type[bytes] | None, payload: bytes, *, fin: bool) -> None:
        """Queue a frame.

        A kind of None continues a message.
        """
        self._check_open()
        connection = self._session.connection
        if kind is None:
            connection.send_continuation(payload, fin)
        elif kind is str:
            connection.send_text(payload, fin)
        else:
            connection.send_binary(payload, fin)
        self._check_open()  # one message of more than max_buffered_amount fails the connection

    def _check_open(self) -> None:
        session = self._session
        session.check_thread("send()")
        if self._closed:
            raise trio.ClosedResourceError("this stream was closed")
        machine = session.connection.machine
        if machine.state is OPEN:
            return
        code, reason, was_clean = machine.result
        if machine.cause is not None and not was_clean:
            raise session.explain_end()
        raise socket_error(
            f"{session.address.where}: expected an open connection, got one that is closed,"
            f" with {code} {reason!r}",
            code,
            reason,
        )

    async def aclose(self) -> None:
        """Start the closing handshake (1000) after what is queued, and wait until it is over.

        The wait is bounded by ``close_timeout``. Cancelled, it goes on for
        ``cancelled_close_timeout`` at most; the connection is closed in any case. What the other
        side has received already can still be taken from it.

        Departs: the draft sends no code here. 1000 says what is meant, and every other normal way
        out of a scope sends it too.
        """
        await close_stream(self, Close(NORMAL_CLOSURE))

    async def abort(self, reason: object = None) -> None:
        """Close as :meth:`aclose` does, but for a reason.

        Args:
          reason: of a :class:`WebSocketError` the code and the reason are sent; for anything
            else, the Close has no code.
        """
        await close_stream(self, close_for(reason))


def refuse_sending(writable: WebSocketWritable) -> None:
    """Refuse further messages, and wake the senders that wait, as this end closes the stream."""
    writable._closed = True
    writable._session.on_bytes_sent()


def begin_stream_close(writable: WebSocketWritable, close: Close) -> None:
    """Start the closing handshake, after what is queued."""
    writable._session.check_thread("close()")
    refuse_sending(writable)
    writable._session.close(close)


@trio.lowlevel.enable_ki_protection
async def close_stream(writable: WebSocketWritable, close: Close) -> None:
    """Close the stream, and wait until the connection is over."""
    session = writable._session
    begin_stream_close(writable, close)
    if is_cancelled():
        session.limit_close(trio.current_time())
    pending = await wait_closed_shielded([session.closed], [session])
    if pending is not None:
        raise pending


def _encode(value: str | Buffer) -> tuple[type[str] | type[bytes], bytes]:
    """Return the kind and the payload of a message, or of a fragment."""
    if isinstance(value, str):
        return str, utf8(value)
    return bytes, message_bytes(value)


def close_for(reason: object) -> Close:
    """Return the Close for the reason of an abort or a cancel."""
    if isinstance(reason, WebSocketError):
        try:
            return close_frame(reason.closeCode, reason.reason)
        except DOMException:
            pass  # one that the library made, such as 1006: it cannot be sent
    return Close()
