"""What an EventTarget knows of a listener, and the one place where listeners are called."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, final, runtime_checkable

from trio.lowlevel import disable_ki_protection

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._event import Event


class EventListenerObject(Protocol):
    """An object that can be a listener though it cannot be called.

    https://dom.spec.whatwg.org/#callbackdef-eventlistener
    """

    def handleEvent(self, event: Any, /) -> object:
        """Called with each event; looked up anew each time."""


# Any, because a listener for "message" is annotated to take MessageEvent, not just an Event.
EventListener: TypeAlias = "Callable[[Any], object] | EventListenerObject"


@runtime_checkable
class Abortable(Protocol):
    """What addEventListener() needs of an AbortSignal, which itself is an EventTarget."""

    @property
    def aborted(self) -> bool:
        """Whether it has happened."""
        ...

    def _add_algorithm(self, algorithm: Callable[[], object], /) -> None: ...

    def _remove_algorithm(self, algorithm: Callable[[], object], /) -> None: ...


@final
class Listener:
    """One registration at an EventTarget. https://dom.spec.whatwg.org/#concept-event-listener

    `removed` never goes back to False. `slot` says that it stands for an on* attribute, whose value
    is `callback`; that of others never changes.
    """

    __slots__ = ("callback", "capture", "detach", "once", "passive", "removed", "slot", "type")

    def __init__(
        self,
        type: str,
        callback: EventListener,
        *,
        capture: bool = False,
        once: bool = False,
        passive: bool = False,
        slot: bool = False,
    ) -> None:
        self.type = type
        self.callback = callback
        self.capture = bool(capture)
        self.once = bool(once)
        self.passive = bool(passive)
        self.slot = slot
        self.removed = False
        # Makes the AbortSignal forget about the listener.
        self.detach: Callable[[], None] | None = None

    def matches(self, callback: EventListener, capture: bool) -> bool:
        """Whether adding `callback` would be adding this listener again."""
        if self.slot or self.capture is not capture:
            return False
        # Each access to a bound method makes another object, equal to the one before.
        return self.callback is callback or (callable(callback) and self.callback == callback)


@disable_ki_protection
def call_listener(callback: EventListener, event: Event) -> object:
    """Call a listener, where Ctrl-C may interrupt it though our caller is protected.

    Gives what it returns and raises what it raises.
    https://webidl.spec.whatwg.org/#call-a-user-objects-operation
    """
    if callable(callback):
        return callback(event)
    return callback.handleEvent(event)


def check_listener(callback: object, *, accepts_coroutines: bool) -> None:
    """Raise TypeError for what cannot be a listener of this target."""
    if not callable(callback) and not hasattr(callback, "handleEvent"):
        raise TypeError(
            f"a listener must be callable, or have a method handleEvent, or be None: {callback!r}"
        )
    if not accepts_coroutines and _is_async(callback):
        raise TypeError(f"this EventTarget has no nursery to run async listeners in: {callback!r}")


def check_signal(signal: object) -> None:
    """Raise TypeError for what is neither an AbortSignal nor None."""
    if signal is not None and not isinstance(signal, Abortable):
        raise TypeError(f"expected signal as an AbortSignal or None, got {signal!r}")


def _is_async(callback: Any) -> bool:
    function = _unwrap(callback if callable(callback) else callback.handleEvent)
    if inspect.iscoroutinefunction(function):
        return True
    # An instance is called by its class's __call__; a handleEvent need not be callable yet.
    return inspect.iscoroutinefunction(getattr(function.__class__, "__call__", None))  # noqa: B004  # wanted is the code


def _unwrap(function: Any) -> Any:
    return _unwrap(function.func) if isinstance(function, functools.partial) else function
