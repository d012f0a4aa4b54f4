"""What waits to be written: frames in batches, a Ping and Pongs, and at last the Close."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Final, final

from ._frames import CLOSE, FIN, LONG, PING, PONG, Close, encode, encode_long

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH: Final = 64 * 1024
"""Bytes of frames that leave in one write, about; what a socket's send buffer takes at once."""

MAX_PENDING_PONGS: Final = 64
"""Pongs kept for a peer that pings and does not read. RFC 6455 section 5.5.3 allows to answer the
latest Ping only; the oldest answers are dropped first."""

_MASK_POOL: Final = 1024
"""Bytes of randomness fetched at a time: a system call for each frame would cost as much."""


def _masks() -> Iterator[bytes]:
    """Mask keys that the peer cannot foresee (RFC 6455 section 5.3)."""
    while True:
        pool = os.urandom(_MASK_POOL)
        for start in range(0, _MASK_POOL, 4):
            yield pool[start : start + 4]


@final
class _LongFrame:
    """A frame in blocks, each of which counts for a part of the payload.

    Attributes:
      over: whether all blocks were given.
    """

    def __init__(self, first: int, payload: bytes, mask: bytes, size: int) -> None:
        self._blocks = encode_long(first, payload, mask)
        self._left = -(-len(payload) // LONG)  # blocks
        self._size = size  # that these blocks count for

    @property
    def over(self) -> bool:
        return self._left == 0

    def next_block(self) -> tuple[bytes, int]:
        """A block, and the bytes that it counts for."""
        block = next(self._blocks)
        size = self._size // self._left
        self._size -= size
        self._left -= 1
        return block, size


@final
class Outbox:
    """The frames to be written, in order; the Close stays behind everything queued before it.

    Attributes:
      amount: bytes of payload that were queued and not handed to the transport, as the DOM's
        ``bufferedAmount`` counts them; also those of messages that will never be sent.
      head: the bytes in the writer's hands, empty if there are none.
    """

    def __init__(self) -> None:
        self.amount = 0
        self.head: bytes | memoryview = b""
        self._head_payload = 0
        self._head_close: Close | None = None
        self._masks: Iterator[bytes] | None = None  # begun with the first frame
        # half a KiB, if ever needed
        self._full: deque[tuple[list[bytes], int] | _LongFrame] | None = None
        self._begun: _LongFrame | None = None  # nothing may come between its blocks
        self._frames: list[bytes] = []
        self._size = 0  # of these frames, bytes
        self._payload = 0  # in these frames, bytes
        self._pongs: list[bytes] = []
        self._ping: bytes | None = None
        self._close: Close | None = None
        self._ended = False  # the Close was taken: nothing may follow it

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.head
            or self._frames
            or self._full
            or self._begun
            or self._pongs
            or self._close
            or self._ping is not None
        )

    def put(self, first: int, payload: bytes, size: int) -> None:
        """Queue a data frame.

        Args:
          first: the frame's first byte.
          payload: the payload as it goes out, not yet masked.
          size: bytes that it counts for in ``amount`` (before compression).
        """
        if len(payload) > LONG:
            if self._frames:
                self._end_batch()
            self._add_full(_LongFrame(first, payload, self._mask(), size))
            self.amount += size
            return
        frame = encode(first, payload, self._mask())
        self._frames.append(frame)
        self._payload += size
        self.amount += size
        self._size += len(frame)
        if self._size >= BATCH:
            self._end_batch()

    def _end_batch(self) -> None:
        self._add_full((self._frames, self._payload))
        self._frames, self._size, self._payload = [], 0, 0

    def _add_full(self, full: tuple[list[bytes], int] | _LongFrame) -> None:
        if self._full is None:
            self._full = deque()
        self._full.append(full)

    def put_pong(self, payload: bytes) -> None:
        """Queue the answer to a Ping, ahead of the data."""
        if not self._ended:
            self._pongs.append(payload)
            del self._pongs[:-MAX_PENDING_PONGS]

    def put_ping(self, payload: bytes) -> None:
        """Queue a Ping, ahead of the data; it takes the place of one that is still there."""
        if not self._ended:
            self._ping = payload

    @property
    def has_ping(self) -> bool:
        """Whether a Ping is still there, or may be in the writer's hands."""
        return self._ping is not None or bool(self.head)

    def put_close(self, close: Close) -> None:
        """Queue the Close, the last frame of all; the first that is taken stays the only one."""
        if not self._ended:
            self._close = close

    def fill(self) -> bool:
        """See to it that ``head`` has the next bytes; False if there is nothing to write."""
        if self.head:
            return True
        if self._begun is None:
            self._fill_with(self._controls() if self._pongs or self._ping is not None else [])
        if self._begun is not None:
            self.head, self._head_payload = self._begun.next_block()
            if self._begun.over:
                self._begun = None
        return bool(self.head)

    def _fill_with(self, frames: list[bytes]) -> None:
        """These frames, and the next of what is queued; a long frame begins by itself."""
        payload = 0
        if self._full:
            queued = self._full[0]
            if isinstance(queued, _LongFrame):
                if not frames:
                    self._begun = queued
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
            self._ended = True
        self.head = frames[0] if len(frames) == 1 else b"".join(frames)
        self._head_payload = payload

    def _controls(self) -> list[bytes]:
        frames = [self._control(PONG, pong) for pong in self._pongs]
        self._pongs.clear()
        if self._ping is not None:
            frames.insert(0, self._control(PING, self._ping))
            self._ping = None
        return frames

    def _control(self, opcode: int, payload: bytes) -> bytes:
        return encode(FIN | opcode, payload, self._mask())

    def _mask(self) -> bytes:
        if self._masks is None:
            self._masks = _masks()
        return next(self._masks)

    def sent(self, size: int) -> Close | None:
        """So many bytes of ``head`` were handed to the transport.

        Returns:
          The Close, if it was among them and ``head`` is all sent.
        """
        if size < len(self.head):
            self.head = memoryview(self.head)[size:]
            return None
        self.head = b""
        self.amount -= self._head_payload
        self._head_payload = 0
        close, self._head_close = self._head_close, None
        return close
