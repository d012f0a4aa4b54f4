"""A bounded queue for one receiving task, used by ``EventTarget.when()`` and a socket's inbox.

The sender never waits. It puts what it has, then looks at :attr:`ReceiveQueue.full` before it
fetches more, and goes on when ``on_room`` is called. So a queue holds at most its bound and what
one fetch brought.

Items come in batches, and a batch's size is released when its last item is taken: one subtraction
a batch instead of one an item.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast, final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

AT_HAND: Final = 16
"""Items that a task takes at most between two looks at the clock."""

# Of two characters, and the NUL after them: one alone keeps its UTF-8 too, from Python 3.12 on.
_STR_HEADER: Final = sys.getsizeof("éé") - 3


def held_size(data: str | bytes) -> int:
    """Return the bytes of memory that the content of ``data`` takes, in constant time.

    Text takes its length times 1, 2 or 4, by its widest character.
    """
    if not isinstance(data, str) or data.isascii():
        return len(data)
    length = len(data)
    # A subclass of str has a longer header, which counts for something only in short strings.
    return length * min(4, (sys.getsizeof(data) - _STR_HEADER) // (length + 1))


def held_sizes(batch: Sequence[str | bytes]) -> int:
    """Return the sum of :func:`held_size` of these, faster."""
    try:
        # what nearly every batch is, without a line of Python for each
        if batch[0].__class__ is bytes:
            return sum(map(bytes.__len__, cast("Sequence[bytes]", batch)))
        if all(map(str.isascii, cast("Sequence[str]", batch))):
            return sum(map(len, batch))
    except TypeError:
        pass  # it is mixed
    return sum(
        [
            len(data) if data.__class__ is bytes or data.isascii() else held_size(data)
            for data in batch
        ]
    )


@final
class ReceiveQueue(Generic[T]):
    """Items for one task at a time to receive, bounded in number and in size.

    Args:
      max_items: from this number on the queue is full.
      max_size: from this sum of sizes on the queue is full.
      on_room: called when the queue was full and has room again, or was closed.
      refill_when_empty: a full queue has room again once it is empty, instead of once it is
        below both bounds.
      on_sleep: called before the receiver sleeps.
      burst: items that :meth:`receive` returns at most without letting other tasks run.
      burst_seconds: for how long it does so at most, by trio's clock.
      owner: what the queue belongs to, for error messages.
    """

    __slots__ = (
        "_batches",
        "_burst",
        "_burst_ends",
        "_burst_left",
        "_burst_seconds",
        "_clock",
        "_closed",
        "_end",
        "_items",
        "_max_items",
        "_max_size",
        "_on_room",
        "_on_sleep",
        "_owner",
        "_receiver",
        "_receiving",
        "_size",
        "_untaken",
        "at_hand",
        "full",
    )

    def __init__(
        self,
        *,
        max_items: float,
        max_size: float,
        on_room: Callable[[], object],
        refill_when_empty: bool = False,
        on_sleep: Callable[[], object] | None = None,
        burst: int = 0,
        burst_seconds: float = 0,
        owner: str = "channel",
    ) -> None:
        self._max_items = max_items
        self._max_size = max_size
        self._on_room = on_room
        self._on_sleep = on_sleep
        self._burst = burst
        self._burst_seconds = burst_seconds
        self._owner = owner

        self.full: bool = False
        """Whether the sender should wait for ``on_room``."""

        self.at_hand: int = 0
        """How many items, if any, may be taken before :meth:`look` is called again."""

        self._items: deque[T] = deque()
        # The number and the size of the items of each batch; None where all is released at once,
        # when the queue has become empty.
        self._batches: deque[tuple[int, int]] | None = None if refill_when_empty else deque()
        self._untaken = 0  # items of the first batch
        self._size = 0  # of what was not released
        self._end: Callable[[], Exception] | None = None  # makes what follows the last item
        self._closed = False
        self._receiver: trio.lowlevel.Task | None = None  # asleep until there is an item or an end
        self._receiving = False
        self._burst_left = 0
        self._burst_ends = 0.0
        self._clock: Callable[[], float]  # trio's; set where a burst begins

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, size: int) -> None:
        """Add an item and wake the receiver, or drop it if the queue is closed."""
        self.put_many((item,), size)

    @trio.lowlevel.enable_ki_protection
    def put_many(self, items: Sequence[T], size: int) -> None:
        """Add items that are of this size together, as :meth:`put` does."""
        if self._closed or not items:
            return
        if self._batches is not None:
            if not self._items:
                self._untaken = len(items)
            self._batches.append((len(items), size))
        self._items.extend(items)
        self._size += size
        if len(self._items) >= self._max_items or self._size >= self._max_size:
            self.full = True
        if self._receiver is not None:
            self._wake()

    @trio.lowlevel.enable_ki_protection
    def put_back(self, item: T, size: int) -> None:
        """Make this the next item, for the task that has just taken it, or some of it."""
        if self._closed:
            return
        if self._batches is not None:
            if self._items:
                self._batches[0] = self._untaken, self._batches[0][1]
            self._untaken = 1
            self._batches.appendleft((1, size))
        self._items.appendleft(item)
        self._size += size
        if len(self._items) >= self._max_items or self._size >= self._max_size:
            self.full = True

    @trio.lowlevel.enable_ki_protection
    def end(self, error: Callable[[], Exception]) -> None:
        """Let ``receive()`` raise ``error()`` after the last item, a new exception each time."""
        if self._end is None:
            self._end = error
            self._wake()

    @trio.lowlevel.enable_ki_protection
    def close(self, error: Callable[[], Exception]) -> None:
        """Drop the items, now and from now on, and let ``receive()`` raise ``error()``."""
        if self._closed:
            return
        self._closed = True
        self._end = error
        self._items.clear()
        self.at_hand = 0
        if self._batches is not None:
            self._batches.clear()
        self._size = 0
        self._wake()
        if self.full:
            self._make_room()

    def _wake(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            trio.lowlevel.reschedule(receiver)

    def look(self) -> bool:
        """Return whether there is an item to take without letting other tasks run first.

        If so, it sets :attr:`at_hand`, to fewer items the longer the task has taken for each. So
        the clock is not read for each item, and no burst is much longer than it may be.
        """
        if self._burst_left <= 0 or self._receiving or not self._items:
            return False
        left = self._burst_ends - self._clock()
        if left <= 0:
            return False
        most = min(len(self._items), self._burst_left, AT_HAND)
        taken, taking = self._burst - self._burst_left, self._burst_seconds - left
        if most * taking > taken * left:
            most = max(1, int(taken * left / taking))
        self._burst_left -= most
        self.at_hand = most
        return True

    @trio.lowlevel.enable_ki_protection
    def take(self) -> T:
        """Return the next item, of which there must be one."""
        self.at_hand -= 1
        item = self._items.popleft()
        if self._batches is None:
            if not self._items:
                self._size = 0
                if self.full:
                    self._make_room()
            return item
        self._untaken -= 1
        if not self._untaken:
            self._release_batch(self._batches)
        return item

    def _release_batch(self, batches: deque[tuple[int, int]]) -> None:
        self._size -= batches.popleft()[1]
        if batches:
            self._untaken = batches[0][0]
        has_room = len(self._items) < self._max_items and self._size < self._max_size
        if self.full and has_room:
            self._make_room()

    def _make_room(self) -> None:
        self.full = False
        self._on_room()

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> T:
        """Wait for the next item and return it. Cancelled, it has taken nothing.

        Raises:
          Exception: what :meth:`end` or :meth:`close` was given makes it.
          trio.BusyResourceError: another task is receiving.
        """
        if self._receiving:
            raise trio.BusyResourceError(f"another task is receiving from this {self._owner}")
        if self.at_hand > 0 or self.look():
            await trio.lowlevel.checkpoint_if_cancelled()
        else:
            await self._wait()
        if not self._items:
            assert self._end is not None  # without an item, only an end wakes the receiver
            raise self._end()
        return self.take()

    async def _wait(self) -> None:
        """Let other tasks run, and sleep until there is an item or an end."""
        self._receiving = True
        self.at_hand = 0
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
            if not self._items and self._end is None and self._on_sleep is not None:
                self._on_sleep()
            if self._items or self._end is not None:
                await trio.lowlevel.cancel_shielded_checkpoint()
            else:
                await self._sleep()
        finally:
            self._receiving = False
        if self._burst:
            self._begin_burst()

    async def _sleep(self) -> None:
        # Whoever wakes the receiver leaves it an item or an end; a cancellation after that comes
        # too late.
        self._receiver = trio.lowlevel.current_task()

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._receiver = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def _begin_burst(self) -> None:
        self._clock = trio.lowlevel.current_clock().current_time
        self._burst_left = self._burst - 1
        self._burst_ends = self._clock() + self._burst_seconds
