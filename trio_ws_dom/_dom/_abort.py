"""AbortController and AbortSignal.

What reacts to a signal holds it, and the signal holds what reacts only weakly. So a signal that
lives as long as the program keeps nothing else alive.

A signal of ``any()`` holds its sources, and they hold it only weakly. The task of a ``timeout()``
holds its signal only weakly, too, and ends with it. But a program need not keep a signal to hear
from it, so while it has "abort" listeners it is held by its sources, and by the task.

https://dom.spec.whatwg.org/#abort-signal-garbage-collection
"""

# pyright: reportPrivateUsage=false
# (the DOM's own objects, which are one implementation)

from __future__ import annotations

import contextlib
import contextvars
import signal as signals_of_the_system
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, final
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

import trio

from ._context import require_trio_run
from ._errors import DOMException, listener_errors
from ._event import Event
from ._event_handler import EventHandler
from ._event_target import EventTarget
from ._webidl import enforced_unsigned_long_long, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

Owner = TypeVar("Owner")

_Algorithm: TypeAlias = "tuple[Callable[[Any], object], Callable[[Any, str], object]]"
"""What to call with its owner when the signal aborts, and the check before that."""


@final
class AbortSignal(EventTarget):
    """A signal that something should stop, from an AbortController, abort(), timeout() or any().

    https://dom.spec.whatwg.org/#interface-AbortSignal
    """

    onabort: EventHandler[Event] = EventHandler("abort")

    _aborted: bool
    _reason: object
    _traceback: TracebackType | None  # of the reason, when it aborted
    _algorithms: WeakKeyDictionary[Any, _Algorithm]  # by owner, in order
    _sources: Sequence[AbortSignal]  # of a signal of any(); they are no such signals themselves
    _dependents: WeakValueDictionary[int, AbortSignal]  # by id(), which have this as a source
    _kept: set[AbortSignal]  # those of the dependents that have "abort" listeners
    _keepers: Sequence[set[AbortSignal]]  # which hold this signal while it has such listeners

    def __init__(self) -> None:
        raise TypeError(
            "AbortSignal has no public constructor, use AbortController().signal,"
            " AbortSignal.abort(), AbortSignal.timeout() or AbortSignal.any()"
        )

    @classmethod
    def _create(cls) -> AbortSignal:
        self = cls.__new__(cls)
        self._aborted = False
        self._reason = None
        self._traceback = None
        self._algorithms = WeakKeyDictionary()
        self._sources = ()
        self._dependents = WeakValueDictionary()
        self._kept = set()
        self._keepers = ()
        return self

    def __repr__(self) -> str:
        return f"<AbortSignal {f'aborted: {self._reason!r}' if self._aborted else 'not aborted'}>"

    @property
    def aborted(self) -> bool:
        """Whether it has happened. https://dom.spec.whatwg.org/#dom-abortsignal-aborted"""
        return self._aborted

    @property
    def reason(self) -> Any:
        """What ``abort()`` was given, or a DOMException, or None before.

        https://dom.spec.whatwg.org/#dom-abortsignal-reason
        """
        return self._reason

    def throwIfAborted(self) -> None:
        """Raise the reason, if aborted.

        It is the same object each time, with the traceback that it had when the signal aborted. A
        reason that is no exception cannot be raised, so an "AbortError" that shows it is raised.

        https://dom.spec.whatwg.org/#dom-abortsignal-throwifaborted
        """
        if not self._aborted:
            return
        if isinstance(self._reason, BaseException):
            # Otherwise it would collect the frames, with their locals, of all callers.
            raise self._reason.with_traceback(self._traceback)
        raise DOMException(f"aborted, the reason is {self._reason!r}", "AbortError")

    @staticmethod
    def abort(reason: object = None) -> AbortSignal:
        """Return a signal that is aborted already, without a reason for an "AbortError".

        https://dom.spec.whatwg.org/#dom-abortsignal-abort
        """
        signal = AbortSignal._create()
        signal._mark(_abort_error() if reason is None else reason)
        return signal

    @staticmethod
    def timeout(milliseconds: float) -> AbortSignal:
        """Return a signal that aborts after this many milliseconds, for a "TimeoutError".

        The time is that of trio's clock. A system task of trio waits for it, so it needs no nursery
        and does not keep the run alive; it ends at once if nothing refers to the signal any more.
        Nobody is there to catch what listeners raise: it goes to ``sys.unraisablehook``, as Python
        does with what finalizers raise; but Ctrl-C goes on to the main task.

        Args:
          milliseconds: from 0 to 2**53 - 1; a fraction is cut off.

        Raises:
          TypeError: it is no such number.
          RuntimeError: called outside of trio.

        https://dom.spec.whatwg.org/#dom-abortsignal-timeout
        """
        milliseconds = enforced_unsigned_long_long(milliseconds, "milliseconds")
        require_trio_run("AbortSignal.timeout()")
        deadline = trio.current_time() + milliseconds / 1000
        signal = AbortSignal._create()
        kept: set[AbortSignal] = set()
        signal._keepers = (kept,)
        scope = trio.CancelScope()
        # Nothing may be done in the middle of a garbage collection, which may also run in another
        # thread; but to leave a message for trio is fine.
        token = trio.lowlevel.current_trio_token()
        reference = ref(signal, partial(_cancel_soon, token, scope))
        trio.lowlevel.spawn_system_task(
            _abort_at,
            reference,
            kept,
            deadline,
            scope,
            name="AbortSignal.timeout",
            # Listeners see the context of the caller, as with any task that it starts.
            context=contextvars.copy_context(),
        )
        return signal

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """Return a signal that aborts with the first of these, for the same reason.

        Raises:
          TypeError: one of them is no AbortSignal.

        https://dom.spec.whatwg.org/#dom-abortsignal-any
        """
        sources = list(signals)
        for source in sources:
            _check_signal(source)
        result = AbortSignal._create()
        for source in sources:
            if source._aborted:
                result._mark(source._reason)
                result._traceback = source._traceback
                return result
        result._depend_on(sources)
        return result

    def _depend_on(self, signals: Sequence[AbortSignal]) -> None:
        # https://dom.spec.whatwg.org/#create-a-dependent-abort-signal
        roots = (signal._sources or (signal,) for signal in signals)
        self._sources = tuple(dict.fromkeys(source for some in roots for source in some))
        self._keepers = [source._kept for source in self._sources]
        for source in self._sources:
            source._dependents[id(self)] = self

    def _add_algorithm(
        self,
        owner: Owner,
        algorithm: Callable[[Owner], object],
        check: Callable[[Owner, str], object],
    ) -> None:
        """Have ``algorithm(owner)`` called before the event, once.

        It must not raise. An owner has one algorithm, and should hold this signal, which knows it
        only weakly. Does nothing if aborted. https://dom.spec.whatwg.org/#abortsignal-add

        Args:
          check: called as ``check(owner, "abort()")`` before anything is aborted by a controller;
            raises RuntimeError in another thread than the owner's.
        """
        if not self._aborted:
            self._algorithms[owner] = algorithm, check

    def _remove_algorithm(self, owner: object) -> None:
        """Undo ``_add_algorithm()``, if it has not been called yet.

        https://dom.spec.whatwg.org/#abortsignal-remove
        """
        self._algorithms.pop(owner, None)

    def _listeners_changed(self, type: str) -> None:
        self._keep_alive()

    def _keep_alive(self) -> None:
        """Be held by the keepers while there are listeners, of this signal or of dependents."""
        for keeper in self._keepers:
            if "abort" in self._listeners or self._kept:
                keeper.add(self)
            else:
                keeper.discard(self)
        for source in self._sources:
            source._keep_alive()

    def _mark(self, reason: object) -> None:
        self._aborted = True
        self._reason = reason
        self._traceback = reason.__traceback__ if isinstance(reason, BaseException) else None
        for keeper in self._keepers:
            keeper.discard(self)
        self._keepers = ()
        sources, self._sources = self._sources, ()
        for source in sources:
            source._keep_alive()

    def _signal_abort(self, reason: object) -> Sequence[BaseException]:
        """Abort it and those that depend on it, and return what listeners raised.

        https://dom.spec.whatwg.org/#abortsignal-signal-abort
        """
        # All are marked before the first listener can look at them.
        aborting = self._not_aborted()
        for signal in aborting:
            signal._mark(reason)
        return [error for signal in aborting for error in signal._run_abort_steps()]

    def _not_aborted(self) -> Sequence[AbortSignal]:
        """Return this signal and those that depend on it, as far as they have not aborted."""
        if self._aborted:
            return ()
        return [self, *(s for s in self._dependents.values() if not s._aborted)]

    def _check_abort(self) -> None:
        """Refuse to abort what belongs to the trio run of another thread, before anything changes.

        Raises:
          RuntimeError: it names the call and the remedy.
        """
        for signal in self._not_aborted():
            signal._check_channels("abort()")
            for owner, (_, check) in list(signal._algorithms.items()):
                check(owner, "abort()")

    def _run_abort_steps(self) -> Sequence[BaseException]:
        # https://dom.spec.whatwg.org/#run-the-abort-steps; one algorithm may remove another.
        for owner in list(self._algorithms):
            entry = self._algorithms.pop(owner, None)
            if entry is not None:
                algorithm, _ = entry
                algorithm(owner)
        event = Event("abort")
        event._isTrusted = True
        return self._fire(event)


@final
class AbortController:
    """The means to abort its signal. https://dom.spec.whatwg.org/#interface-abortcontroller"""

    def __init__(self) -> None:
        self._signal = AbortSignal._create()

    @property
    def signal(self) -> AbortSignal:
        """The signal, always the same.

        https://dom.spec.whatwg.org/#dom-abortcontroller-signal
        """
        return self._signal

    @trio.lowlevel.enable_ki_protection
    def abort(self, reason: object = None) -> None:
        """Abort the signal, without a reason for an "AbortError", unless it has aborted.

        Raises:
          ExceptionGroup: what listeners raised, flat, of this signal and those that depend on it;
            all were called. But a lone KeyboardInterrupt comes out bare.
          RuntimeError: something that reacts belongs to the trio run of another thread; nothing
            has happened then.

        https://dom.spec.whatwg.org/#dom-abortcontroller-abort
        """
        self._signal._check_abort()
        errors = self._signal._signal_abort(_abort_error() if reason is None else reason)
        if errors:
            raise listener_errors(errors)


def _abort_error() -> DOMException:
    return DOMException("the operation was aborted", "AbortError")


def _check_signal(signal: object) -> None:
    if not isinstance(signal, AbortSignal):
        raise wrong_type("signals", "AbortSignals", signal)


@trio.lowlevel.enable_ki_protection
def _cancel_soon(
    token: trio.lowlevel.TrioToken, scope: trio.CancelScope, _: ref[AbortSignal]
) -> None:
    with contextlib.suppress(trio.RunFinishedError):
        token.run_sync_soon(scope.cancel)


async def _abort_at(
    reference: ref[AbortSignal],
    kept: set[AbortSignal],
    deadline: float,
    scope: trio.CancelScope,
) -> None:
    with scope:
        await trio.sleep_until(deadline)
    signal = reference()
    if signal is None:
        return
    errors = signal._signal_abort(DOMException("the time is up", "TimeoutError"))
    others = [error for error in errors if not isinstance(error, KeyboardInterrupt)]
    if others:
        _Unraisable(listener_errors(others))
    if len(others) < len(errors):
        # A system task must not raise, so Ctrl-C is pressed again where it is protected.
        signals_of_the_system.raise_signal(signals_of_the_system.SIGINT)


@final
class _Unraisable:
    """Hands an exception to sys.unraisablehook, which is how Python treats finalizers'."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:
        raise self._error
