"""An EventTarget whose listeners run in a nursery, and whose listeners' errors are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import trio

from .._dom._event_target import EventTarget
from .._net._user_code import await_user, call_user

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from .._dom._event import Event
    from .._trace._records import TraceRecord


class NurseryTarget(EventTarget, ABC):
    """The part of a socket that knows of listeners, and nothing of the connection."""

    _accepts_coroutines: ClassVar[bool] = True

    _nursery: trio.Nursery | None = None  # while async listeners may be called
    _calls: dict[trio.CancelScope, None]  # of async listeners, that are not over
    _calls_end = float("inf")  # when these are cancelled, by trio's clock
    _interrupted = False  # a batch of messages is to be looked at afresh
    _errors: list[BaseException]  # that listeners raised
    _trace: Callable[[TraceRecord], object] | None = None

    @abstractmethod
    def _listeners_failed(self, errors: Sequence[BaseException]) -> None:
        """Listeners raised these."""

    @abstractmethod
    def _listener_done(self) -> None:
        """A call of an async listener is over."""

    def _dispatch_trusted(self, event: Event) -> None:
        event._isTrusted = True
        errors = self._fire(event)
        if errors:
            self._listeners_failed(errors)

    def _traced(self, record: TraceRecord) -> None:
        """Tell the trace, which is the program's, and so are its errors."""
        if self._trace is not None:
            try:
                call_user(self._trace, record)
            except BaseException as exc:  # kept, and raised from the scope
                self._trace = None
                self._listeners_failed([exc])

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object]) -> None:
        if self._nursery is None:
            coroutine.close()
            raise RuntimeError(f"{self!r} runs async listeners while it lives in its nursery only")
        scope = trio.CancelScope(deadline=self._calls_end)
        self._calls[scope] = None
        self._interrupted = True
        self._nursery.start_soon(self._run_listener, coroutine, scope)

    @trio.lowlevel.enable_ki_protection
    async def _run_listener(
        self, coroutine: Coroutine[Any, Any, object], scope: trio.CancelScope
    ) -> None:
        try:
            with scope:
                await await_user(coroutine)
        except trio.Cancelled:
            raise
        except BaseException as exc:  # kept, and raised from the scope
            self._listeners_failed([exc])
        finally:
            coroutine.close()  # it has not begun, if Ctrl-C came at once
            del self._calls[scope]
            self._listener_done()

    def _end_calls(self, grace: float) -> None:
        """The calls of async listeners have so many seconds left."""
        self._calls_end = min(self._calls_end, trio.current_time() + grace)
        for scope in self._calls:
            scope.deadline = self._calls_end
