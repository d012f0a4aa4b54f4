"""EventTarget, the base of all objects that events are dispatched to."""

# pyright: reportPrivateUsage=false
# (the DOM's own objects, which are one implementation)

from __future__ import annotations

import difflib
from collections.abc import Coroutine
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import trio

from ._errors import DOMException, listener_errors
from ._event import Event
from ._event_handler import EventHandler
from ._listener import (
    AddEventListenerOptions,
    EventListener,
    Listener,
    ListenerList,
    call_listener,
    check_listener,
    check_signal,
    merge_options,
)
from ._webidl import dom_string, wrong_type
from ._when import EventChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ._abort import AbortSignal

_set: Final = object.__setattr__

# The default of all targets' ``_listeners``, which is replaced where the first one is added.
_NO_LISTENERS: Final = cast("dict[str, ListenerList]", MappingProxyType({}))

# The same for their ``_channels``.
_NO_CHANNELS: Final = cast("dict[EventChannel[Event], None]", MappingProxyType({}))


class EventTarget:
    """An object that events can be dispatched to. https://dom.spec.whatwg.org/#eventtarget

    Made for subclassing; a subclass need not call ``super().__init__()``.

    A subclass that can run async listeners sets ``_accepts_coroutines`` and overrides
    ``_run_coroutine``; one that adapts to its listeners overrides ``_listeners_changed``, and one
    that waits for its channels overrides ``_channel_has_room``.
    """

    _accepts_coroutines: ClassVar[bool] = False

    _listeners: dict[str, ListenerList] = _NO_LISTENERS
    """By type; a type without listeners is not in it."""

    _channels: dict[EventChannel[Event], None] = _NO_CHANNELS
    """Those that are open and have not ended, in order."""

    _channels_ended: bool = False
    """Whether there will be no more events for channels."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if any(isinstance(value, EventHandler) for value in vars(cls).values()):
            # Only here, as each assignment to an attribute becomes slower. And not in the class's
            # body, as type checkers would then take any name for an attribute.
            type.__setattr__(cls, "__setattr__", _set_attribute)

    @trio.lowlevel.enable_ki_protection
    def addEventListener(
        self,
        type: str,
        callback: EventListener | None,
        options: bool | AddEventListenerOptions | None = None,
        *,
        once: bool = False,
        passive: bool = False,
        capture: bool = False,
        signal: AbortSignal | None = None,
    ) -> None:
        """Call ``callback`` with each event of this type from now on.

        Adding the same type, callback and capture again does nothing, nor does adding None.

        Args:
          type: such as "message".
          callback: a callable, or an object with a method ``handleEvent``.
          options: ``capture``, or a mapping of the arguments that follow.
          once: remove it right before its first call.
          passive: its ``preventDefault()`` does nothing.
          capture: call it before those that are not.
          signal: an AbortSignal; remove the listener when it aborts, and do not add it if it has.

        Raises:
          TypeError: an argument is something else, or the callback is async and this target has no
            nursery to run it in.

        https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener
        """
        self._check_access("addEventListener()")
        type = dom_string(type, "type")
        chosen = merge_options(
            options, {"once": once, "passive": passive, "capture": capture, "signal": signal}
        )
        signal = chosen.get("signal")
        check_signal(signal)
        if callback is None:
            return
        check_listener(callback, accepts_coroutines=self._accepts_coroutines)
        if signal is not None and signal.aborted:
            return
        capture = bool(chosen.get("capture"))
        if self._find(type, callback, capture) is not None:
            return
        listener = Listener(
            type,
            callback,
            capture=capture,
            once=bool(chosen.get("once")),
            passive=bool(chosen.get("passive")),
        )
        self._add(listener)
        if signal is not None:
            listener.follow(signal, self)

    @trio.lowlevel.enable_ki_protection
    def removeEventListener(
        self,
        type: str,
        callback: EventListener | None,
        options: bool | AddEventListenerOptions | None = None,
        *,
        capture: bool = False,
    ) -> None:
        """Undo ``addEventListener()`` with this type, callback and capture, if it was called.

        Args:
          type, callback, capture: as they were given there.
          options: ``capture``, or a mapping of which only that counts.

        Raises:
          TypeError: an argument is something else.

        https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener
        """
        self._check_access("removeEventListener()")
        type = dom_string(type, "type")
        capture = bool(merge_options(options, {"capture": capture}).get("capture"))
        listener = None if callback is None else self._find(type, callback, capture)
        if listener is not None:
            self._drop(listener)

    @trio.lowlevel.enable_ki_protection
    def dispatchEvent(self, event: Event) -> bool:
        """Call the listeners for this event, all of them before it returns.

        Returns False if one of them canceled the event, else True.

        Raises:
          TypeError: it is no event.
          DOMException: "InvalidStateError", if it is being dispatched already.
          RuntimeError: a channel of this target belongs to the trio run of another thread.
          ExceptionGroup: what listeners raised, flat; the others were called nevertheless. But a
            KeyboardInterrupt or SystemExit ends the dispatch at once.

        https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent
        """
        self._check_access("dispatchEvent()")
        self._check_channels("dispatchEvent()")
        _check_event(event)
        if event._phase:
            raise DOMException(
                f"expected an event that is not being dispatched, got {event!r}",
                "InvalidStateError",
            )
        event._isTrusted = False
        errors: list[BaseException] = []
        try:
            for _ in self._dispatch(event, Exception, errors):
                pass  # async listeners start when this task sleeps
        except BaseException as interrupt:
            if errors:
                # What others had raised before stays visible in the traceback.
                earlier = listener_errors(errors)
                earlier.__context__ = interrupt.__context__
                interrupt.__context__ = earlier
            raise
        if errors:
            raise listener_errors(errors)
        return not event._canceled

    @trio.lowlevel.enable_ki_protection
    def when(
        self, *types: str, max_buffer_size: float = 64, max_buffer_bytes: float = 256 * 1024
    ) -> EventChannel[Event]:
        """Return the events of these types as a channel, from now on until it is closed.

        Args:
          types: at least one, such as "message".
          max_buffer_size: the number of events from which on the channel is full: 1 or more, or
            ``math.inf``. See :class:`EventChannel` for what this means.
          max_buffer_bytes: the bytes of memory in the ``data`` of MessageEvents from which on it is
            full, likewise. Text counts its length times 1, 2 or 4, by its widest character.

        Raises:
          TypeError: there are no types, one of them is no str, or a bound is no integer.
          ValueError: a bound is less than 1.

        https://wicg.github.io/observable/#dom-eventtarget-when
        """
        self._check_access("when()")
        if not types:
            raise TypeError("expected at least one type of event, got none")
        names = tuple(dict.fromkeys(dom_string(type, "types") for type in types))
        channel = EventChannel[Event]._create(
            names, max_buffer_size, max_buffer_bytes, self._unsubscribe, self._channel_has_room
        )
        if self._channels_ended:
            channel._end()
            return channel
        if not self._channels:
            self._channels = {}
        self._channels[channel] = None
        for name in names:
            self._add(Listener(name, channel._put))
        return channel

    # For subclasses of our own:

    def _check_access(self, what: str) -> None:
        """Refuse a call of the method ``what``, by raising, before anything changes."""

    def _check_channels(self, what: str) -> None:
        """Refuse to dispatch an event from another thread than that of a channel's trio run.

        Args:
          what: the call, for the message.

        Raises:
          RuntimeError: it names the call and the remedy.
        """
        for channel in self._channels:
            channel._check_thread(what)

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object], event: Event) -> None:
        """Run the coroutine that a call of a listener returned.

        What this raises counts as raised by the listener. Here there is no nursery to run it in.
        """
        coroutine.close()
        raise TypeError(
            f"expected a listener that returns no coroutine, got {coroutine!r}:"
            " this EventTarget has no nursery to run it in"
        )

    def _listeners_changed(self, type: str) -> None:
        """A listener for this type was added or removed, or its on* attribute set.

        The latter also if it was None and is again.
        """

    def _channel_has_room(self) -> None:
        """A channel that was full has room again, or was closed."""

    def _listeners_for(self, type: str) -> Sequence[Listener]:
        """Return the listeners for this type as they are now, in order."""
        listeners = self._listeners.get(type)
        return () if listeners is None else listeners.in_order()

    def _channel_is_full(self, type: str) -> bool:
        """Return whether a channel for this type of event is full."""
        return any(channel._full and type in channel._types for channel in self._channels)

    def _fire(self, event: Event) -> Sequence[BaseException]:
        """Dispatch an event of our own making, and return what listeners raised, whatever it is.

        https://dom.spec.whatwg.org/#concept-event-fire
        """
        errors: list[BaseException] = []
        for _ in self._dispatch(event, BaseException, errors):
            pass  # as in dispatchEvent()
        return errors

    def _end_channels(self) -> None:
        """There will be no more events for channels, neither for these nor for later ones."""
        self._channels_ended = True
        for channel in list(self._channels):
            self._unsubscribe(channel)
            channel._end()

    # The algorithms:

    def _dispatch(
        self, event: Event, catch: type[BaseException], errors: list[BaseException]
    ) -> Generator[None]:
        """Call the listeners, and yield after each async one, which then has to start.

        https://dom.spec.whatwg.org/#concept-event-dispatch, for a path of one
        """
        event._target = self
        event._phase = Event.AT_TARGET
        try:
            for capture in (True, False):
                # The list is looked up for each phase, as a capturing listener may change it.
                listeners = self._listeners.get(event._type)
                if listeners is None or event._stop:
                    break
                if listeners.capturing or not capture:
                    in_order = listeners.in_order()
                    yield from self._invoke(event, in_order, capture, catch, errors)
        finally:
            event._phase = Event.NONE
            event._stop = 0
            if event._passive:
                event._passive = False

    def _invoke(
        self,
        event: Event,
        listeners: Sequence[Listener],
        capture: bool,
        catch: type[BaseException],
        errors: list[BaseException],
    ) -> Generator[None]:
        # https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke
        for listener in listeners:
            if listener.removed or listener.capture is not capture:
                continue
            if listener.once:
                self._drop(listener)
            is_async = False
            if listener.passive:
                event._passive = True
            try:
                is_async = self._call(listener, event)
            except catch as error:
                errors.append(error)
            if is_async:
                yield
            if listener.passive:
                event._passive = False
            if event._stop == 2:
                return

    def _call(self, listener: Listener, event: Event) -> bool:
        """Call a listener and return whether it is async, and now has to start."""
        result = call_listener(listener.callback, event)
        if result is None:
            return False
        if result is False and listener.slot:
            # https://html.spec.whatwg.org/multipage/webappapis.html#the-event-handler-processing-algorithm
            event._cancel()
        elif isinstance(result, Coroutine):
            self._run_coroutine(cast("Coroutine[Any, Any, object]", result), event)
            return True
        return False

    def _find(self, type: str, callback: EventListener, capture: bool) -> Listener | None:
        listeners = self._listeners.get(type)
        return None if listeners is None else listeners.find(callback, capture)

    def _add(self, listener: Listener) -> None:
        # https://dom.spec.whatwg.org/#add-an-event-listener
        if not self._listeners:
            self._listeners = {}
        listeners = self._listeners.get(listener.type)
        if listeners is None:
            listeners = self._listeners[listener.type] = ListenerList()
        listeners.add(listener)
        self._listeners_changed(listener.type)

    def _drop(self, listener: Listener) -> None:
        # https://dom.spec.whatwg.org/#remove-an-event-listener
        listener.removed = True
        listener.unfollow()
        listeners = self._listeners[listener.type]
        listeners.remove(listener)
        if not listeners:
            del self._listeners[listener.type]
        self._listeners_changed(listener.type)

    def _unsubscribe(self, channel: EventChannel[Event]) -> None:
        if channel not in self._channels:
            return  # it has ended
        del self._channels[channel]
        for name in channel._types:
            listener = self._find(name, channel._put, capture=False)
            assert listener is not None, "nobody else has the channel's callback to remove it"
            self._drop(listener)

    def _set_slot(self, type: str, callback: Callable[[Any], object] | None) -> None:
        # https://html.spec.whatwg.org/multipage/webappapis.html#activate-an-event-handler
        slot = self._slot(type)
        if slot is None and callback is not None:
            self._add(Listener(type, callback, slot=True))
        elif slot is not None and callback is None:
            self._drop(slot)
        else:
            if slot is not None and callback is not None:
                slot.callback = callback
            self._listeners_changed(type)

    def _slot(self, type: str) -> Listener | None:
        listeners = self._listeners.get(type)
        return None if listeners is None else listeners.slot()


def _check_event(event: object) -> None:
    if not isinstance(event, Event):
        raise wrong_type("event", "an Event", event)


def _set_attribute(target: EventTarget, name: str, value: object) -> None:
    """Set an attribute, unless it looks like an on* attribute that the class does not have."""
    # The comparison is the fastest way to ask for names that begin with "on".
    if "on" <= name < "oo" and not hasattr(type(target), name) and _is_handler(value):
        raise AttributeError(_misspelt(type(target), name))
    _set(target, name, value)


def _is_handler(value: object) -> bool:
    return value is None or callable(value) or hasattr(value, "handleEvent")


def _misspelt(cls: type[EventTarget], name: str) -> str:
    names = sorted(name for name in dir(cls) if isinstance(getattr(cls, name), EventHandler))
    nearest = difflib.get_close_matches(name.replace("_", "").lower(), names, n=1)
    remedy = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"expected an event handler of {cls.__name__} ({', '.join(names)}), got {name}{remedy}"
