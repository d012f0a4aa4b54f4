"""The calls of async listeners, as tasks.

A browser runs an async function up to its first ``await`` within the event's dispatch. Here each
call is a task of its own, so that it can be cancelled, have cancel scopes, and be waited for. The
order is kept all the same: a task that starts takes the oldest call that has not started, whichever
order the scheduler runs them in, and the dispatch waits in :meth:`ListenerTasks.wait_started` until
every call has come to its first ``await``.
"""

from __future__ import annotations

import reprlib
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, Final, final

import trio

from .._net._log import LOGGER
from .._net._user_code import await_user

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

MAX_UNFINISHED: Final = 100
"""Calls that may be unfinished before the reading waits for them."""

MAX_UNFINISHED_BYTES: Final = 1024 * 1024
"""Bytes of messages (as the inbox counts them) in unfinished calls, likewise."""


@final
class _Call:
    """One call of an async listener.

    Attributes:
      name: of the event and the listener, for messages.
      size: bytes of the event's message.
    """

    __slots__ = ("coroutine", "name", "scope", "size")

    def __init__(
        self, coroutine: Coroutine[Any, Any, object], name: str, size: int, deadline: float
    ) -> None:
        self.coroutine = coroutine
        self.name = name
        self.size = size
        self.scope = trio.CancelScope(deadline=deadline)


@final
class ListenerTasks:
    """The unfinished calls of one socket's async listeners.

    Args:
      nursery: where they run.
      where: the URL, for the log.
      on_error: called with what a call raised.
      on_done: called when a call is over.
    """

    __slots__ = (
        "_bytes",
        "_calls",
        "_deadline",
        "_nursery",
        "_on_done",
        "_on_error",
        "_over",
        "_started",
        "_timeout",
        "_unstarted",
        "_where",
    )

    def __init__(
        self,
        nursery: trio.Nursery,
        where: str,
        on_error: Callable[[BaseException], object],
        on_done: Callable[[], object],
    ) -> None:
        self._nursery = nursery
        self._where = where
        self._on_error = on_error
        self._on_done = on_done
        self._calls: dict[_Call, None] = {}  # that are not over, in order
        self._unstarted: deque[_Call] = deque()
        self._bytes = 0  # of the messages of these calls
        self._deadline = inf  # when the calls are cancelled, by trio's clock
        self._timeout: float | None = None  # of ``listener_timeout``, once it runs
        self._started: trio.Event | None = None  # while somebody waits for it
        self._over: trio.Event | None = None  # likewise

    @property
    def full(self) -> bool:
        """Whether the reading should wait."""
        return len(self._calls) >= MAX_UNFINISHED or self._bytes >= MAX_UNFINISHED_BYTES

    @property
    def has_unstarted(self) -> bool:
        """Whether there are calls that have not come to their first ``await``."""
        return bool(self._unstarted)

    def add(self, coroutine: Coroutine[Any, Any, object], event_type: str, size: int) -> None:
        """Run a listener's coroutine as a task, after those that were added before.

        Args:
          event_type: for messages.
          size: bytes of the message that the listener was called with.
        """
        listener = getattr(coroutine, "__qualname__", None) or reprlib.repr(coroutine)
        call = _Call(coroutine, f"{event_type} listener {listener}", size, self._deadline)
        self._calls[call] = None
        self._unstarted.append(call)
        self._bytes += size
        self._nursery.start_soon(self._run, name=f"{self._where}: async {call.name}")

    async def wait_started(self) -> None:
        """Wait until every call has reached its first ``await`` or is over. One task may wait.

        The wait is shielded: it takes as long as the scheduler needs to start a task.
        """
        with trio.CancelScope(shield=True):
            while self._unstarted:
                self._started = trio.Event()
                await self._started.wait()

    @trio.lowlevel.enable_ki_protection
    async def _run(self) -> None:
        call = self._unstarted.popleft()
        if not self._unstarted and self._started is not None:
            self._started.set()  # the waiting task runs after this one has come to its first await
            self._started = None
        try:
            with call.scope:
                await await_user(call.coroutine)
            if call.scope.cancelled_caught and self._timeout is not None:
                self._on_error(self._too_slow(call))
        except trio.Cancelled:
            raise
        except BaseException as exc:  # kept, and raised from the scope
            self._on_error(exc)
        finally:
            call.coroutine.close()  # it has not begun, if Ctrl-C was pressed at once
            del self._calls[call]
            self._bytes -= call.size
            self._on_done()
            if self._over is not None and not self._calls:
                self._over.set()

    def _too_slow(self, call: _Call) -> trio.TooSlowError:
        message = (
            f"{self._where}: expected the async {call.name} to finish within {self._timeout:g}"
            " seconds of the block's end (listener_timeout), but it was still running, and was"
            " cancelled"
        )
        LOGGER.warning("%s", message)
        return trio.TooSlowError(message)

    # The end.

    def end_within(self, seconds: float) -> None:
        """Cancel what still runs after so many seconds, as an error of the program."""
        self._timeout = seconds
        self._limit_to(trio.current_time() + seconds)

    def cancel(self) -> None:
        """Cancel all calls, now and from now on."""
        self._timeout = None
        self._limit_to(-inf)

    def _limit_to(self, moment: float) -> None:
        self._deadline = min(self._deadline, moment)
        for call in self._calls:
            call.scope.deadline = self._deadline

    async def wait_over(self) -> None:
        """Wait until no call is running."""
        while self._calls:
            self._over = trio.Event()
            await self._over.wait()
