"""The frames that wait to be written, in the order in which they go out.

Data frames are joined to batches of about 64 KiB, so that many messages cost one write. A long
frame is masked block by block as it is written. Control frames go ahead of the data, between
frames. The Close is the last frame of all.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

from ._frames import CLOSE, FIN, LONG, PING, PONG, Close, encode, encode_long

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH: Final = 64 * 1024
"""Bytes of frames that are written at once, about; a socket's send buffer takes as much."""

MAX_PENDING_PONGS: Final = 64
"""Pongs kept for a peer that pings and does not read. RFC 6455 section 5.5.3 allows to answer only
the latest Ping; the oldest answers are dropped first."""


@final
class _LongFrame:
    """A frame in blocks, each of which counts for a part of the payload.

    Attributes:
      uncounted: bytes of the message, before compression, that the blocks to come count for.
      blocks_to_come: how many blocks there are still.
    """

    __slots__ = ("_blocks", "blocks_to_come", "uncounted")

    def __init__(self, first: int, payload: bytes, mask: bytes, size: int) -> None:
        self._blocks = encode_long(first, payload, mask)
        self.blocks_to_come = -(-len(payload) // LONG)
        self.uncounted = size

    def next_block(self) -> tuple[bytes, int]:
        """Return the next block, and the bytes that it counts for."""
        block = next(self._blocks)
        size = self.uncounted // self.blocks_to_come
        self.uncounted -= size
        self.blocks_to_come -= 1
        return block, size


@final
class Outbox:
    """The frames of one connection that wait to be written.

    Args:
      new_masks: returns an endless iterator of masks of four bytes that the peer cannot foresee
        (RFC 6455 section 5.3); called once, for the first frame.

    Attributes:
      amount: bytes of payload that were queued and not handed to the transport, as the DOM's
        ``bufferedAmount`` counts them; messages that will never be sent count, too.
      batch: bytes of frames that make a batch.
      head: the bytes that the writer is writing, empty if there are none.
    """

    __slots__ = (
        "_close",
        "_close_taken",
        "_frames",
        "_full",
        "_head_close",
        "_head_payload",
        "_long",
        "_masks",
        "_new_masks",
        "_payload",
        "_ping",
        "_pongs",
        "_size",
        "amount",
        "batch",
        "head",
    )

    def __init__(self, new_masks: Callable[[], Iterator[bytes]]) -> None:
        self.amount = 0
        self.batch = BATCH
        self.head: bytes | memoryview = b""
        self._head_payload = 0  # bytes of payload that ``head`` counts for
        self._head_close: Close | None = None  # the Close, if it is part of ``head``
        self._new_masks = new_masks
        self._masks: Iterator[bytes] | None = None
        # Complete batches with their payload's size, and long frames. This and the Pongs are made
        # when first needed, as an empty deque takes half a KiB.
        self._full: deque[tuple[list[bytes], int] | _LongFrame] | None = None
        self._long: _LongFrame | None = None  # of which blocks were taken: none may come between
        self._frames: list[bytes] = []  # the batch that is being filled
        self._size = 0  # bytes of these frames
        self._payload = 0  # bytes of payload in these frames
        self._pongs: deque[bytes] | None = None  # the newest
        self._ping: bytes | None = None
        self._close: Close | None = None
        self._close_taken = False  # the Close is, or was, part of ``head``: nothing may follow it

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(
            self.head
            or self._frames
            or self._full
            or self._long
            or self._pongs
            or self._close
            or self._ping is not None
        )

    @property
    def ping_waits(self) -> bool:
        """Whether a Ping is queued that the writer has not taken."""
        return self._ping is not None

    @property
    def queued(self) -> int:
        """Bytes of payload that would still be sent if the transport took everything."""
        return self._head_payload + (self._long.uncounted if self._long else 0) + self._untaken

    @property
    def _untaken(self) -> int:
        """Bytes of payload of which no byte was taken by the writer."""
        return self._payload + sum(
            item.uncounted if isinstance(item, _LongFrame) else item[1] for item in self._full or ()
        )

    def put(self, first: int, payload: bytes, size: int) -> None:
        """Queue a data frame.

        Args:
          first: the first byte of the frame.
          payload: the payload as it is sent, not yet masked.
          size: bytes that it counts for in ``amount`` (before compression).
        """
        self.amount += size
        if len(payload) > LONG:
            if self._frames:
                self._end_batch()
            self._add_full(_LongFrame(first, payload, self._mask(), size))
            return
        mask = self._mask() if self._masks is None else next(self._masks)
        frame = encode(first, payload, mask)
        self._frames.append(frame)
        self._payload += size
        self._size += len(frame)
        if self._size >= self.batch:
            self._end_batch()

    def _end_batch(self) -> None:
        self._add_full((self._frames, self._payload))
        self._frames, self._size, self._payload = [], 0, 0

    def _add_full(self, full: tuple[list[bytes], int] | _LongFrame) -> None:
        if self._full is None:
            self._full = deque()
        self._full.append(full)

    def put_pong(self, payload: bytes) -> None:
        """Queue a Pong, ahead of the data."""
        if not self._close_taken:
            if self._pongs is None:
                self._pongs = deque(maxlen=MAX_PENDING_PONGS)
            self._pongs.append(payload)

    def put_ping(self, payload: bytes) -> None:
        """Queue a Ping, ahead of the data.

        It replaces one that still waits.
        """
        if not self._close_taken:
            self._ping = payload

    def put_close(self, close: Close) -> None:
        """Queue the Close, as the last frame.

        It replaces one that still waits.
        """
        if not self._close_taken:
            self._close = close

    def drop_untaken(self) -> int:
        """Drop all data frames of which the writer has taken nothing.

        A frame that was begun is finished: what follows it on the wire would be read as its
        payload.

        Returns:
          The bytes of payload that were dropped; ``amount`` goes on counting them.
        """
        dropped = self._untaken
        self._full = None
        self._frames, self._size, self._payload = [], 0, 0
        return dropped

    def fill(self) -> bool:
        """Make ``head`` the next bytes to write.

        Returns whether there are any.
        """
        if self.head:
            return True
        if self._long is None:
            self._fill_with(self._controls() if self._pongs or self._ping is not None else [])
        if self._long is not None:
            self.head, self._head_payload = self._long.next_block()
            if not self._long.blocks_to_come:
                self._long = None
        return bool(self.head)

    def _fill_with(self, frames: list[bytes]) -> None:
        """Take these frames and the next batch.

        A long frame is taken alone.
        """
        payload = 0
        if self._full:
            queued = self._full[0]
            if isinstance(queued, _LongFrame):
                if not frames:
                    self._long = queued
                    self._full.popleft()
                    return
            else:
                self._full.popleft()
                more, payload = queued
                frames += more
        else:
            frames = frames + self._frames if frames else self._frames
            payload = self._payload
            self._frames, self._size, self._payload = [], 0, 0
        if self._close is not None and not (self._full or self._frames):
            frames.append(self._control(CLOSE, self._close.payload()))
            self._head_close, self._close = self._close, None
            self._close_taken = True
        self.head = frames[0] if len(frames) == 1 else b"".join(frames)
        self._head_payload = payload

    def _controls(self) -> list[bytes]:
        frames = [self._control(PONG, pong) for pong in self._pongs or ()]
        self._pongs = None
        if self._ping is not None:
            frames.insert(0, self._control(PING, self._ping))
            self._ping = None
        return frames

    def _control(self, opcode: int, payload: bytes) -> bytes:
        return encode(FIN | opcode, payload, self._mask())

    def _mask(self) -> bytes:
        if self._masks is None:
            self._masks = self._new_masks()
        return next(self._masks)

    def sent(self, size: int) -> Close | None:
        """Record that this many bytes of ``head`` were handed to the transport.

        Returns:
          The Close, if it was part of ``head`` and all of ``head`` was sent.
        """
        if size < len(self.head):
            self.head = memoryview(self.head)[size:]
            return None
        self.head = b""
        self.amount -= self._head_payload
        self._head_payload = 0
        close, self._head_close = self._head_close, None
        return close
