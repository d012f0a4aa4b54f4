"""AbortController and AbortSignal."""

from __future__ import annotations

import contextvars
import signal as signals_of_the_system
from typing import TYPE_CHECKING, Any, Final, final
from weakref import WeakValueDictionary

import trio

from ._errors import DOMException, listener_errors
from ._event import Event
from ._event_handler import EventHandler
from ._event_target import EventTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# The largest integer of [EnforceRange] unsigned long long,
# https://webidl.spec.whatwg.org/#abstract-opdef-converttoint
_MAX_MILLISECONDS: Final = 2**53 - 1


@final
class AbortSignal(EventTarget):
    """Says that something is to be given up; from an AbortController, abort(), timeout(), any().

    https://dom.spec.whatwg.org/#interface-AbortSignal
    """

    onabort: EventHandler[Event] = EventHandler("abort")

    _aborted: bool = False
    _reason: object = None

    # In order, and none twice.
    _algorithms: dict[Callable[[], object], None]

    # A dependent signal knows its sources. They know it only weakly, for many short-lived ones may
    # hang on a long-lived source; but strongly as long as somebody waits for it to abort.
    # https://dom.spec.whatwg.org/#abort-signal-garbage-collection
    _sources: tuple[AbortSignal, ...] = ()
    _dependent: bool = False
    _dependents: WeakValueDictionary[int, AbortSignal]
    _awaited_dependents: set[AbortSignal]

    def __init__(self) -> None:
        raise TypeError(
            "AbortSignal has no public constructor, use AbortController().signal,"
            " AbortSignal.abort(), AbortSignal.timeout() or AbortSignal.any()"
        )

    @classmethod
    def _create(cls) -> AbortSignal:
        self = cls.__new__(cls)
        self._algorithms = {}
        self._dependents = WeakValueDictionary()
        self._awaited_dependents = set()
        return self

    def __repr__(self) -> str:
        return f"<AbortSignal {f'aborted: {self._reason!r}' if self._aborted else 'not aborted'}>"

    @property
    def aborted(self) -> bool:
        """Whether it has happened. https://dom.spec.whatwg.org/#dom-abortsignal-aborted"""
        return self._aborted

    @property
    def reason(self) -> Any:
        """What abort() was given, or a DOMException; None before.

        https://dom.spec.whatwg.org/#dom-abortsignal-reason
        """
        return self._reason

    def throwIfAborted(self) -> None:
        """Raise the reason, if aborted.

        A reason that is no exception cannot be raised: then raise an AbortError that shows it.
        https://dom.spec.whatwg.org/#dom-abortsignal-throwifaborted
        """
        if not self._aborted:
            return
        if isinstance(self._reason, BaseException):
            raise self._reason
        raise DOMException(f"aborted, the reason is {self._reason!r}", "AbortError")

    @staticmethod
    def abort(reason: object = None) -> AbortSignal:
        """A signal that is aborted already; without a reason, for an AbortError.

        https://dom.spec.whatwg.org/#dom-abortsignal-abort
        """
        signal = AbortSignal._create()
        signal._mark(_abort_error() if reason is None else reason)
        return signal

    @staticmethod
    def timeout(milliseconds: float) -> AbortSignal:
        """A signal that aborts after so many milliseconds of trio's clock, for a TimeoutError.

        A system task of trio waits for it, so it needs no nursery and does not keep the run alive.
        Nobody is there to catch what listeners raise: it goes to sys.unraisablehook, as Python does
        with what finalizers raise; but Ctrl-C goes on to the main task.

        Raises:
          TypeError: milliseconds is no number from 0 to 2**53 - 1.
          RuntimeError: called outside of trio.

        https://dom.spec.whatwg.org/#dom-abortsignal-timeout
        """
        if not 0 <= milliseconds <= _MAX_MILLISECONDS:
            raise TypeError(f"milliseconds must be from 0 to 2**53 - 1, not {milliseconds!r}")
        signal = AbortSignal._create()
        trio.lowlevel.spawn_system_task(
            _abort_at,
            signal,
            trio.current_time() + milliseconds / 1000,
            name="AbortSignal.timeout",
            # Listeners see the context of the caller, as with any task that it starts.
            context=contextvars.copy_context(),
        )
        return signal

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """A signal that aborts with the first of these, for the same reason.

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
                return result
        result._depend_on(sources)
        return result

    def _depend_on(self, signals: Sequence[AbortSignal]) -> None:
        # https://dom.spec.whatwg.org/#create-a-dependent-abort-signal
        self._dependent = True
        roots = (s._sources if s._dependent else (s,) for s in signals)
        self._sources = tuple(dict.fromkeys(source for some in roots for source in some))
        for source in self._sources:
            source._dependents[id(self)] = self

    def _add_algorithm(self, algorithm: Callable[[], object]) -> None:
        """Have `algorithm` called before the event, once; it must not raise.

        Does nothing if aborted. https://dom.spec.whatwg.org/#abortsignal-add
        """
        if not self._aborted:
            self._algorithms[algorithm] = None
            self._keep_alive()

    def _remove_algorithm(self, algorithm: Callable[[], object]) -> None:
        """Undo _add_algorithm(), if it has not been called yet.

        https://dom.spec.whatwg.org/#abortsignal-remove
        """
        self._algorithms.pop(algorithm, None)
        self._keep_alive()

    def _listeners_changed(self, type: str) -> None:
        self._keep_alive()

    def _keep_alive(self) -> None:
        awaited = bool(self._algorithms) or "abort" in self._listeners
        for source in self._sources:
            if awaited:
                source._awaited_dependents.add(self)
            else:
                source._awaited_dependents.discard(self)

    def _mark(self, reason: object) -> None:
        self._aborted = True
        self._reason = reason
        for source in self._sources:
            source._awaited_dependents.discard(self)
        self._sources = ()

    def _signal_abort(self, reason: object) -> Sequence[BaseException]:
        """Abort it and those that depend on it, and give what listeners raised.

        https://dom.spec.whatwg.org/#abortsignal-signal-abort
        """
        if self._aborted:
            return ()
        # All are marked before the first listener can look at them.
        aborting = [self, *(s for s in self._dependents.values() if not s._aborted)]
        for signal in aborting:
            signal._mark(reason)
        return [error for signal in aborting for error in signal._run_abort_steps()]

    def _run_abort_steps(self) -> Sequence[BaseException]:
        # https://dom.spec.whatwg.org/#run-the-abort-steps; one algorithm may remove another.
        while self._algorithms:
            algorithm = next(iter(self._algorithms))
            del self._algorithms[algorithm]
            algorithm()
        event = Event("abort")
        event._isTrusted = True
        return self._fire(event)


@final
class AbortController:
    """Aborts its signal. https://dom.spec.whatwg.org/#interface-abortcontroller"""

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
        """Abort the signal, without a reason for an AbortError; again: does nothing.

        Raises:
          ExceptionGroup: what listeners raised, flat, of this signal and those that depend on it;
            all were called. But a lone KeyboardInterrupt comes out bare.

        https://dom.spec.whatwg.org/#dom-abortcontroller-abort
        """
        errors = self._signal._signal_abort(_abort_error() if reason is None else reason)
        if errors:
            raise listener_errors(errors)


def _abort_error() -> DOMException:
    return DOMException("the operation was aborted", "AbortError")


def _check_signal(signal: object) -> None:
    if not isinstance(signal, AbortSignal):
        raise TypeError(f"expected AbortSignals in AbortSignal.any(), got {signal!r}")


async def _abort_at(signal: AbortSignal, deadline: float) -> None:
    await trio.sleep_until(deadline)
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
