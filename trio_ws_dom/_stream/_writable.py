"""The sending side of a WebSocketStream, as a trio channel with backpressure.

Both sides belong to one connection, so there is no half close: whichever is closed, the closing
handshake is held, and the other ends with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final, TypeAlias, final

import trio

from .._dom._errors import DOMException, WebSocketError
from .._dom._webidl import bytes_like, utf8
from .._socket._close_wait import is_cancelled, outlast
from .._socket._websocket import _close_frame
from .._wire._closing import OPEN
from .._wire._frames import BINARY, CONTINUATION, FIN, GOING_AWAY, NORMAL_CLOSURE, TEXT, Close

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from .._socket._websocket import WebSocket

Data: TypeAlias = str | bytes | bytearray | memoryview
"""What a message, or a fragment of one, is made from; all but ``str`` make a binary one."""

MAX_QUEUED: Final = 64 * 1024
"""Bytes of messages (text: of UTF-8) that may be queued before a ``send()`` waits. It is also the
mark from which on asyncio's transports pause their writers."""


@final
class WebSocketWritable(trio.abc.SendChannel[Data]):
    """The sending side of a :class:`WebSocketStream`. Any number of tasks may send.

    https://streams.spec.whatwg.org/#ws-class, as far as it has a meaning for trio
    """

    def __init__(self, ws: WebSocket) -> None:
        self._ws = ws
        self._turn = trio.StrictFIFOLock()  # who holds it may queue: messages do not mix
        self._begun: int | None = None  # the opcode of a message of which fragments were queued
        self._closed = False  # by this end

    @trio.lowlevel.enable_ki_protection
    async def send(self, value: Data) -> None:
        """Queue a message, once at most 64 KiB (:data:`MAX_QUEUED`) wait to be written.

        A call that was cancelled has queued nothing. Messages are sent in the order of the calls.

        Args:
          value: text, or binary: any bytes-like object (copied now).

        Raises:
          trio.ClosedResourceError: this end closed the stream, maybe during the call.
          WebSocketError: the connection is closing or gone otherwise.
          TypeError: value is something else.
        """
        opcode, payload = _encode(value)
        async with self._turn:
            await self._until_room(len(payload))
            self._queue(FIN | opcode, payload)

    async def send_fragments(self, fragments: AsyncIterable[Data]) -> None:
        """Send one message in pieces, as they come, without holding it whole.

        Other messages wait until this one is over; pings and a Close need not. Fragments are not
        compressed. An iterable that is empty sends nothing, not even an empty message.

        A message that was begun cannot be taken back. If the iterable raises, or the call is
        cancelled, behind the first fragment, the connection is closed with 1001: the peer sees
        the message end with the connection, and never as if it were complete.

        Args:
          fragments: either all text or all binary, each as in :meth:`send`. An async generator
            is closed at the end, whatever that was.

        Raises:
          trio.ClosedResourceError, WebSocketError: as :meth:`send`.
          TypeError: a fragment is something else, or not of the first one's kind.
        """
        # not protected from Ctrl-C, as the iterable is the program's
        async with self._turn:
            self._check_open()
            try:
                async for fragment in fragments:
                    await self._send_fragment(fragment)
                self._end_message()
            finally:
                self._give_up_message()
                if isinstance(fragments, AsyncGenerator):
                    await fragments.aclose()

    @trio.lowlevel.enable_ki_protection
    async def _send_fragment(self, fragment: Data) -> None:
        opcode, payload = _encode(fragment)
        if self._begun not in (None, opcode):
            raise TypeError(
                f"expected fragments that are all text or all binary, got {type(fragment).__name__}"
            )
        await self._until_room(len(payload))
        self._queue(opcode if self._begun is None else CONTINUATION, payload)
        self._begun = opcode

    @trio.lowlevel.enable_ki_protection
    def _give_up_message(self) -> None:
        if self._begun is not None:
            self._begin_closing(Close(GOING_AWAY))

    @trio.lowlevel.enable_ki_protection
    def _end_message(self) -> None:
        if self._begun is not None:
            self._queue(FIN | CONTINUATION, b"")
            self._begun = None

    async def _until_room(self, size: int) -> None:
        """Wait until a message of this many bytes may be queued; no checkpoint if it may now."""
        limit = self._ws._settings.max_buffered_amount
        room = MAX_QUEUED if limit is None else max(0, min(MAX_QUEUED, limit - size))
        self._check_open()
        while self._ws.bufferedAmount > room:
            await self._ws._until_bytes_left()
            self._check_open()

    def _queue(self, first: int, payload: bytes) -> None:
        self._check_open()
        self._ws._connection.send(first, payload)
        self._check_open()  # one message of more than max_buffered_amount fails the connection

    def _check_open(self) -> None:
        ws = self._ws
        if self._closed:
            raise trio.ClosedResourceError("this stream was closed")
        machine = ws._connection.machine
        if machine.state is OPEN:
            return
        code, reason, was_clean = machine.verdict
        if machine.cause is not None and not was_clean:
            raise ws._explain(machine.cause)
        raise WebSocketError._create(
            f"{ws._address.where}: expected an open connection, got one that is closed",
            code,
            reason,
        )

    async def aclose(self) -> None:
        """Hold the closing handshake (1000) behind what is queued, and wait until it is over.

        The wait is bounded by ``close_timeout``. Cancelled, it goes on for
        ``cancelled_close_timeout`` at most; the connection is closed in any case. What the other
        side has received already can still be taken from it.

        Departs: the draft sends no code here. 1000 says what is meant, and every other normal way
        out of a scope sends it too.
        """
        await self._close(Close(NORMAL_CLOSURE))

    async def abort(self, reason: object = None) -> None:
        """Close as :meth:`aclose` does, but for a reason.

        Args:
          reason: of a :class:`WebSocketError` the code and the reason are sent; for anything
            else, the Close has no code.
        """
        await self._close(close_for(reason))

    def _end(self) -> None:
        """This end closes the stream: the senders that wait are told."""
        self._closed = True
        self._ws._bytes_left()

    def _begin_closing(self, close: Close) -> None:
        self._end()
        self._ws._connection.close(close)

    @trio.lowlevel.enable_ki_protection
    async def _close(self, close: Close) -> None:
        ws = self._ws
        self._begin_closing(close)
        if is_cancelled():
            ws._connection.hurry()
        pending = await outlast([ws._closed], [ws])
        if pending is not None:
            raise pending


def _encode(value: Data) -> tuple[int, bytes]:
    """The opcode and the payload of a message."""
    if isinstance(value, str):
        return TEXT, utf8(value)
    return BINARY, bytes_like(value)


def close_for(reason: object) -> Close:
    """The Close that an abort's or a cancel's reason stands for."""
    if isinstance(reason, WebSocketError):
        try:
            return _close_frame(reason.closeCode, reason.reason)
        except DOMException:
            pass  # one that the library made, such as 1006: it cannot be sent
    return Close()
