"""What waits to be written: frames in batches, a Ping and Pongs, and at last the Close."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Final, final

from .._wire._frames import CLOSE, FIN, PING, PONG, Close, encode

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
        self._masks = _masks()
        self._full: deque[tuple[list[bytes], int]] | None = None  # half a KiB, if ever needed
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
        frame = encode(first, payload, next(self._masks))
        self._frames.append(frame)
        self._payload += size
        self.amount += size
        self._size += len(frame)
        if self._size >= BATCH:
            if self._full is None:
                self._full = deque()
            self._full.append((self._frames, self._payload))
            self._frames, self._size, self._payload = [], 0, 0

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
        if self._full:
            frames, payload = self._full.popleft()
        else:
            frames, payload = self._frames, self._payload
            self._frames, self._size, self._payload = [], 0, 0
        if self._pongs:
            frames = [self._control(PONG, pong) for pong in self._pongs] + frames
            self._pongs.clear()
        if self._ping is not None:
            frames = [self._control(PING, self._ping), *frames]
            self._ping = None
        if self._close is not None and not (self._full or self._frames):
            frames.append(self._control(CLOSE, self._close.payload()))
            self._head_close, self._close = self._close, None
            self._ended = True
        self.head = frames[0] if len(frames) == 1 else b"".join(frames)
        self._head_payload = payload
        return bool(self.head)

    def _control(self, opcode: int, payload: bytes) -> bytes:
        return encode(FIN | opcode, payload, next(self._masks))

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
