"""The receiving side of a WebSocketStream, as a trio channel."""

# pyright: reportPrivateUsage=false
# (a channel of pieces is a part of its public class)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

import trio
from trio.lowlevel import checkpoint_if_cancelled

from .._dom._errors import WebSocketError, socket_error
from .._dom._receive_queue import held_size
from .._wire._frames import GOING_AWAY, NORMAL_CLOSURE, Close
from .._wire._joining import JOIN_STEP, MAX_JOINED_AT_ONCE, Joining
from .._wire._memory import keep_memory
from .._wire._messages import SMALL_PIECE
from .._wire._parts import PARTS, as_part
from ._writable import begin_stream_close, close_for, close_stream

if TYPE_CHECKING:
    from types import TracebackType

    from .._socket._inbox import Inbox
    from .._socket._session import Session
    from .._wire._messages import Message
    from ._writable import WebSocketWritable

PIECE_SIZE: Final = 64 * 1024
"""Bytes (text: characters) from which on an unfinished message is handed on as far as it has come.
As many as may wait on the sending side."""

MAX_SMALL_PARTS: Final = 256
"""Small parts after which they are joined to one, as a part of one byte costs a hundred."""


@final
class WebSocketReadable(trio.abc.ReceiveChannel[str | bytes]):
    """The receiving side of a :class:`WebSocketStream`, for one task at a time.

    What nobody takes stops the reading, and thereby the peer: at most 1024 messages, or pieces of
    a long one, or 256 KiB wait here (and as much again, with one piece, in the connection), the
    rest in TCP.

    https://streams.spec.whatwg.org/#rs-class, as far as it has a meaning for trio
    """

    def __init__(self, session: Session, writable: WebSocketWritable) -> None:
        self._session = session
        self._inbox: Inbox = session.begin_receiving()
        self._writable = writable
        self._pieces: Pieces | None = None  # of the message that is being received in pieces

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> str | bytes:
        """The next message.

        ``async for`` does the same. A cancelled call has taken nothing.

        Raises:
          trio.EndOfChannel: the connection was closed cleanly, with whatever code, and all
            messages were taken.
          WebSocketError: it ended otherwise.
          trio.ClosedResourceError: this side was closed, or the stream's block was left.
          trio.BusyResourceError: another task is receiving, or a message in pieces is not over.
        """
        self._check_free()
        message = await self._inbox.receive()
        return await self._rest_of(message) if isinstance(message, PARTS) else message

    @trio.lowlevel.enable_ki_protection
    async def __anext__(self) -> str | bytes:
        try:
            # the fast path, for what is there already: one coroutine a message instead of two
            inbox = self._inbox
            if self._pieces is None and (inbox.at_hand > 0 or inbox.look()):
                await checkpoint_if_cancelled()
                message = inbox.take()
                return await self._rest_of(message) if isinstance(message, PARTS) else message
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    async def receive_pieces(self) -> trio.abc.ReceiveChannel[str | bytes]:
        """Wait for the next message, and give it as a channel of its pieces, as they come::

            async with await stream.readable.receive_pieces() as pieces:
                async for piece in pieces:
                    await file.write(piece)

        The message is never held whole, so it may be larger than memory; ``max_message_size``
        bounds it all the same. Its pieces are all ``str`` or all ``bytes``, at least one, and
        where they are cut means nothing. ``pieces.receive()`` raises ``trio.EndOfChannel`` after
        the last, and WebSocketError if the connection ends first, also if that was clean. A
        cancelled call, of this or of that, has taken nothing.

        A message that is left, by its block or ``aclose()``, before its last piece was taken closes
        the connection with 1001, as :meth:`WebSocketWritable.send_fragments` does. To skip the
        rest, take it.

        Raises:
          trio.EndOfChannel: there is no next message.
          WebSocketError, trio.ClosedResourceError, trio.BusyResourceError: as :meth:`receive`.
        """
        self._check_free()
        message = await self._inbox.receive()
        self._inbox.put_back(message, held_size(message))
        self._pieces = Pieces(self)
        return self._pieces

    def _check_free(self) -> None:
        if self._pieces is not None:
            raise trio.BusyResourceError(
                "expected the message from receive_pieces() to be taken to its end, or left, first"
            )

    async def _rest_of(self, message: Message) -> Message:
        """The whole of a message that this is the first part of."""
        parts, small = [message], 0
        while isinstance(message, PARTS):
            try:
                message = await self._inbox.receive()
            except (trio.Cancelled, KeyboardInterrupt):
                for part in reversed(parts):
                    self._inbox.put_back(part, held_size(part))
                raise
            parts.append(message)
            small = small + 1 if len(message) <= SMALL_PIECE else 0
            if small > MAX_SMALL_PARTS and isinstance(message, PARTS):
                parts[-small:] = [as_part(_joined(parts[-small:]))]
                small = 0
        return await _joined_in_turns(parts)

    def _abort_message(self) -> None:
        """A message is left half-way.

        What comes of it is not to be taken for another's.
        """
        self._pieces = None
        self._drop_unread()
        begin_stream_close(self._writable, Close(GOING_AWAY))

    def _drop_unread(self) -> None:
        self._inbox.close(lambda: trio.ClosedResourceError("this side was closed"))

    def _truncated_error(self) -> WebSocketError:
        session = self._session
        code, reason, _ = session.connection.machine.result
        return socket_error(
            f"{session.address.where}: expected the rest of a message, got the connection's end"
            f" with {code} {reason!r}",
            code,
            reason,
        )

    async def aclose(self) -> None:
        """Hold the closing handshake (1000), drop what is unread, and wait until it is over.

        The wait is bounded as in :meth:`WebSocketWritable.aclose`.
        """
        await self._close(Close(NORMAL_CLOSURE))

    async def cancel(self, reason: object = None) -> None:
        """Close as :meth:`aclose` does, but for a reason, as :meth:`WebSocketWritable.abort`."""
        await self._close(close_for(reason))

    @trio.lowlevel.enable_ki_protection
    async def _close(self, close: Close) -> None:
        self._session.check_thread("aclose()")
        self._drop_unread()
        await close_stream(self._writable, close)


def _joined(parts: list[Any]) -> Message:
    """What these make together.

    All are ``str``, or all are ``bytes``.
    """
    message: Message = parts[0][:0].join(parts)
    return message


async def _joined_in_turns(parts: list[Any]) -> Message:
    """The same, but other tasks run meanwhile if a binary message is long."""
    size = sum(map(len, parts))
    if isinstance(parts[0], str) or size <= MAX_JOINED_AT_ONCE:
        message = _joined(parts)
    else:
        joining = Joining(parts)
        parts.clear()  # what was joined is freed
        while joining.step(JOIN_STEP):
            await trio.lowlevel.cancel_shielded_checkpoint()
        message = joining.result()
    keep_memory(held_size(message))
    return message


@final
class Pieces(trio.abc.ReceiveChannel[str | bytes]):
    """One message.

    See :meth:`WebSocketReadable.receive_pieces`.
    """

    def __init__(self, readable: WebSocketReadable) -> None:
        self._readable = readable
        self._given = False  # a piece
        self._over = False  # the last one was taken
        self._left = False

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> str | bytes:
        if self._left:
            raise trio.ClosedResourceError("this message was left")
        while not self._over:
            piece = await self._take()
            if piece or not self._given:  # what ends a message may be empty
                self._given = True
                return str(piece) if isinstance(piece, str) else bytes(piece)
        await trio.lowlevel.checkpoint()
        raise trio.EndOfChannel

    async def _take(self) -> Message:
        readable = self._readable
        try:
            piece = await readable._inbox.receive()
        except trio.EndOfChannel:
            readable._pieces = None
            raise readable._truncated_error() from None
        except trio.BrokenResourceError:
            readable._pieces = None
            raise
        if not isinstance(piece, PARTS):
            self._over = True
            readable._pieces = None
        return piece

    @trio.lowlevel.enable_ki_protection
    async def aclose(self) -> None:
        self._leave()
        await trio.lowlevel.checkpoint()

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()
        if exc is None:  # else a Cancelled would hide it
            await trio.lowlevel.checkpoint()

    def _leave(self) -> None:
        self._left = True
        if self._readable._pieces is self:
            self._readable._abort_message()
