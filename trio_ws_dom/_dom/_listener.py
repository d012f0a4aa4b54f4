"""What an EventTarget knows of its listeners, and the one place where they are called."""

# pyright: reportPrivateUsage=false
# (the DOM's own objects, which are one implementation)

from __future__ import annotations

import functools
import inspect
import types
import weakref
from collections.abc import Callable, Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Protocol,
    TypeAlias,
    TypedDict,
    TypeVar,
    final,
    runtime_checkable,
)

import trio

from ._webidl import wrong_type

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ._abort import AbortSignal
    from ._event import Event

E_contra = TypeVar("E_contra", contravariant=True)
Owner = TypeVar("Owner")


class EventListenerObject(Protocol[E_contra]):
    """An object that can be a listener though it cannot be called.

    https://dom.spec.whatwg.org/#callbackdef-eventlistener
    """

    def handleEvent(self, event: E_contra, /) -> object:
        """Handle an event. The method is looked up again for each event."""


# Any, because a listener for "message" is annotated to take MessageEvent, not just an Event.
EventListener: TypeAlias = Callable[[Any], object] | EventListenerObject[Any]
"""What ``addEventListener()`` takes."""


@runtime_checkable
class Abortable(Protocol):
    """What addEventListener() needs of an AbortSignal, which itself is an EventTarget."""

    @property
    def aborted(self) -> bool:
        """Whether it has happened."""
        ...

    def _add_algorithm(
        self,
        owner: Owner,
        algorithm: Callable[[Owner], object],
        check: Callable[[Owner, str], object],
        /,
    ) -> None: ...

    def _remove_algorithm(self, owner: object, /) -> None: ...


class AddEventListenerOptions(TypedDict, total=False):
    """The options of ``addEventListener()``, as a mapping.

    https://dom.spec.whatwg.org/#dictdef-addeventlisteneroptions
    """

    capture: bool
    once: bool
    passive: bool
    signal: AbortSignal | None


_SLOT: Final = "slot"


@final
class Listener:
    """One registration at an EventTarget. https://dom.spec.whatwg.org/#concept-event-listener

    Attributes:
      callback: what is called; it changes only where ``slot`` is true.
      slot: whether this belongs to an on* attribute, whose value is ``callback``.
      removed: whether it was removed, which it stays.
    """

    __slots__ = (
        "__weakref__",
        "_signal",
        "_target",
        "callback",
        "capture",
        "once",
        "passive",
        "removed",
        "slot",
        "type",
    )

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
        self.capture = capture
        self.once = once
        self.passive = passive
        self.slot = slot
        self.removed = False
        self._signal: Abortable | None = None  # that removes this listener
        self._target: weakref.ref[Target] | None = None  # whose listener this is, if _signal is set

    @property
    def key(self) -> Hashable:
        """What no two listeners of a target for a type share."""
        return _SLOT if self.slot else key_of(self.callback, self.capture)

    def follow(self, signal: Abortable, target: Target) -> None:
        """Have ``target`` drop this listener when ``signal`` aborts.

        The signal, which may live long, knows this listener only weakly, and this listener its
        target. So neither is kept alive by the signal.
        """
        self._signal = signal
        self._target = weakref.ref(target)
        signal._add_algorithm(self, Listener._aborted, Listener._check_access)

    def _followed_target(self) -> Target | None:
        return None if self._target is None else self._target()

    def _aborted(self) -> None:
        target = self._followed_target()
        if target is not None:
            target._drop(self)

    def _check_access(self, what: str) -> None:
        target = self._followed_target()
        if target is not None:
            target._check_access(what)

    def unfollow(self) -> None:
        """Let the signal, if there is one, forget this listener."""
        if self._signal is not None:
            self._signal._remove_algorithm(self)
            self._signal = None


class Target(Protocol):
    """What a listener needs of its EventTarget."""

    def _drop(self, listener: Listener, /) -> None: ...

    def _check_access(self, what: str, /) -> None: ...


_FEW: Final = 8
"""Listeners of one type that are searched one by one, as a dict of one takes 184 bytes a socket."""


@final
class ListenerList:
    """The listeners of a target for one type, in order, none twice.

    A dispatch goes through a tuple of its own. If there are more than a few, that is made when it
    is needed, so adding and removing a listener takes the same time however many there are.
    """

    __slots__ = ("_by_key", "_in_order", "capturing")

    def __init__(self) -> None:
        self.capturing = 0
        """How many of them have ``capture``."""

        self._by_key: dict[Hashable, Listener] | None = None  # once there were more than a few
        self._in_order: tuple[Listener, ...] | None = ()  # None: to be made from ``_by_key``

    def __bool__(self) -> bool:
        return bool(self._in_order if self._by_key is None else self._by_key)

    def in_order(self) -> tuple[Listener, ...]:
        """Return the listeners as they are now."""
        if self._in_order is None:
            assert self._by_key is not None  # which it is made from
            self._in_order = tuple(self._by_key.values())
        return self._in_order

    def find(self, callback: EventListener, capture: bool) -> Listener | None:
        """Return the listener that adding these would be adding again."""
        return self._with_key(key_of(callback, capture))

    def slot(self) -> Listener | None:
        """Return the listener of the on* attribute, if that is set."""
        return self._with_key(_SLOT)

    def _with_key(self, key: Hashable) -> Listener | None:
        if self._by_key is not None:
            return self._by_key.get(key)
        return next((listener for listener in self.in_order() if listener.key == key), None)

    def add(self, listener: Listener) -> None:
        """Add a listener whose key is not there yet."""
        self.capturing += listener.capture
        if self._by_key is None:
            listeners = (*self.in_order(), listener)
            if len(listeners) <= _FEW:
                self._in_order = listeners
                return
            self._by_key = {each.key: each for each in listeners}
        self._by_key[listener.key] = listener
        self._in_order = None

    def remove(self, listener: Listener) -> None:
        """Remove a listener that is there."""
        self.capturing -= listener.capture
        if self._by_key is None:
            self._in_order = tuple(each for each in self.in_order() if each is not listener)
            return
        del self._by_key[listener.key]
        self._in_order = None


def key_of(callback: EventListener, capture: bool) -> Hashable:
    """Return what distinguishes a listener from others of its target and type."""
    # A bound method is another object at each access.
    if isinstance(callback, types.MethodType):
        return id(callback.__self__), id(callback.__func__), capture
    if isinstance(callback, types.BuiltinMethodType | types.MethodWrapperType):
        return callback, capture
    return id(callback), capture


@trio.lowlevel.disable_ki_protection
def call_listener(callback: EventListener, event: Event) -> object:
    """Call a listener, where Ctrl-C may interrupt it though our caller is protected.

    Returns what it returns and raises what it raises.
    https://webidl.spec.whatwg.org/#call-a-user-objects-operation
    """
    if callable(callback):
        return callback(event)
    return callback.handleEvent(event)


def check_listener(callback: object, *, accepts_coroutines: bool) -> None:
    """Raise TypeError for what cannot be a listener of this target."""
    if not callable(callback) and not hasattr(callback, "handleEvent"):
        raise wrong_type(
            "callback", "a callable, an object with a method handleEvent, or None", callback
        )
    if not accepts_coroutines and _is_async(callback):
        raise TypeError(
            f"expected a listener that is no async function, got {callback!r}:"
            " this EventTarget has no nursery to run it in"
        )


def check_signal(signal: object) -> None:
    """Raise TypeError for what is neither an AbortSignal nor None."""
    if signal is not None and not isinstance(signal, Abortable):
        raise wrong_type("signal", "an AbortSignal or None", signal)


def merge_options(
    options: bool | Mapping[str, object] | None, given: AddEventListenerOptions
) -> AddEventListenerOptions:
    """Return the options given by keyword, with those of the standard's third argument.

    https://dom.spec.whatwg.org/#event-flatten-more

    Raises:
      TypeError: ``options`` is something else, or has another key.
    """
    if options is None:
        return given
    if isinstance(options, bool):
        return {**given, "capture": options}
    if not isinstance(options, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
        raise wrong_type("options", "a bool (capture) or a mapping", options)
    others = sorted(map(str, options.keys() - AddEventListenerOptions.__optional_keys__))
    if others:
        raise TypeError(
            f"expected options of capture, once, passive and signal, got {', '.join(others)}"
        )
    merged: Any = {**given, **options}
    result: AddEventListenerOptions = merged
    return result


def _is_async(callback: Any) -> bool:
    function = _unwrap(callback if callable(callback) else callback.handleEvent)
    if inspect.iscoroutinefunction(function):
        return True
    # An instance is called by its class's __call__; a handleEvent need not be callable yet.
    return inspect.iscoroutinefunction(getattr(function.__class__, "__call__", None))  # noqa: B004  # wanted is the code


def _unwrap(function: Any) -> Any:
    return _unwrap(function.func) if isinstance(function, functools.partial) else function
