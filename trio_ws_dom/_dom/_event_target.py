"""EventTarget, whom events are dispatched to."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from trio.lowlevel import enable_ki_protection

from ._errors import DOMException, listener_errors
from ._event import Event
from ._listener import (
    Abortable,
    EventListener,
    Listener,
    call_listener,
    check_listener,
    check_signal,
)
from ._when import EventChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class EventTarget:
    """Somebody whom events can be dispatched to. https://dom.spec.whatwg.org/#eventtarget

    Made for subclassing; a subclass need not call `super().__init__()`.

    A subclass that can run async listeners sets `_accepts_coroutines` and overrides
    `_run_coroutine`; one that adapts to its listeners overrides `_listeners_changed`.
    """

    _accepts_coroutines: ClassVar[bool] = False

    # All three are replaced, never changed in place: the defaults can be shared, and a dispatch
    # goes on with the list that it began with.
    _listeners: Mapping[str, Sequence[Listener]] = MappingProxyType({})
    _slots: Mapping[str, Listener] = MappingProxyType({})
    _channels: Sequence[EventChannel] = ()

    @enable_ki_protection
    def addEventListener(
        self,
        type: str,
        callback: EventListener | None,
        *,
        once: bool = False,
        passive: bool = False,
        capture: bool = False,
        signal: Abortable | None = None,
    ) -> None:
        """Call `callback` with each event of this type from now on.

        Adding the same type, callback and capture again does nothing, nor does adding None.

        Args:
          type: such as "message".
          callback: a callable, or an object with a method `handleEvent`.
          once: remove it right before its first call.
          passive: its preventDefault() does nothing.
          capture: call it before those that are not.
          signal: an AbortSignal; remove it when that aborts, and if it has do not add it.

        Raises:
          TypeError: callback or signal is something else, or async without a nursery to run in.

        https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener
        """
        check_signal(signal)
        if callback is None:
            return
        check_listener(callback, accepts_coroutines=self._accepts_coroutines)
        if signal is not None and signal.aborted:
            return
        listener = Listener(str(type), callback, capture=capture, once=once, passive=passive)
        if self._find(listener.type, callback, listener.capture) is None:
            self._add(listener)
            if signal is not None:
                self._drop_on_abort(listener, signal)

    @enable_ki_protection
    def removeEventListener(
        self, type: str, callback: EventListener | None, *, capture: bool = False
    ) -> None:
        """Undo addEventListener() with the same three arguments; without one, do nothing.

        https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener
        """
        if callback is None:
            return
        listener = self._find(str(type), callback, bool(capture))
        if listener is not None:
            self._drop(listener)

    @enable_ki_protection
    def dispatchEvent(self, event: Event) -> bool:
        """Call the listeners for this event, all before returning.

        Gives False if one of them canceled the event, else True.

        Raises:
          TypeError: it is no event.
          DOMException: InvalidStateError, if it is being dispatched already.
          ExceptionGroup: what listeners raised, flat; the others were called nevertheless. But a
            KeyboardInterrupt or SystemExit ends the dispatch at once.

        https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent
        """
        _check_event(event)
        if event._phase:
            raise DOMException(f"{event!r} is being dispatched already", "InvalidStateError")
        event._isTrusted = False
        errors: list[BaseException] = []
        try:
            self._dispatch(event, Exception, errors)
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

    @enable_ki_protection
    def when(self, *types: str, max_buffer_size: float = 64) -> EventChannel:
        """The events of these types as a channel, subscribed from now on until it is closed.

        Args:
          types: at least one, such as "message".
          max_buffer_size: at least 1, or math.inf; see EventChannel for what happens beyond.

        Raises:
          TypeError: there are no types, or max_buffer_size is no integer.
          ValueError: max_buffer_size is less than 1.

        https://wicg.github.io/observable/#dom-eventtarget-when
        """
        if not types:
            raise TypeError("when() needs at least one type of event")
        names = tuple(dict.fromkeys(map(str, types)))
        channel = EventChannel._create(names, max_buffer_size, self._unsubscribe)
        self._channels = [*self._channels, channel]
        for name in names:
            self._add(Listener(name, channel._put))
        return channel

    # For subclasses of our own:

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Called with the coroutine that a call of a listener returned.

        What it raises counts as raised by the listener. This one closes it and raises TypeError.
        """
        coroutine.close()
        raise TypeError(
            f"a listener returned {coroutine!r}, but this EventTarget has no nursery to run it in"
        )

    def _listeners_changed(self, type: str) -> None:
        """Called when a listener for this type was added or removed, or its on* attribute set.

        The latter also if it was None and is again.
        """

    def _fire(self, event: Event) -> Sequence[BaseException]:
        """Dispatch an event of our own making, and give what listeners raised, whatever it is.

        https://dom.spec.whatwg.org/#concept-event-fire
        """
        errors: list[BaseException] = []
        self._dispatch(event, BaseException, errors)
        return errors

    def _end_channels(self) -> None:
        """Say to all channels that there will be no more events."""
        for channel in self._channels:
            self._unsubscribe(channel)
            channel._end()

    # The algorithms:

    def _dispatch(
        self, event: Event, catch: type[BaseException], errors: list[BaseException]
    ) -> None:
        # https://dom.spec.whatwg.org/#concept-event-dispatch, for a path of one
        event._target = self
        event._phase = Event.AT_TARGET
        try:
            for capture in (True, False):
                if not event._stop:
                    self._invoke(event, capture, catch, errors)
        finally:
            event._phase = Event.NONE
            event._stop = 0

    def _invoke(
        self, event: Event, capture: bool, catch: type[BaseException], errors: list[BaseException]
    ) -> None:
        # https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke
        for listener in self._listeners.get(event._type, ()):
            if listener.removed or listener.capture is not capture:
                continue
            if listener.once:
                self._drop(listener)
            event._passive = listener.passive
            try:
                self._call(listener, event)
            except catch as error:
                errors.append(error)
            finally:
                event._passive = False
            if event._stop == 2:
                return

    def _call(self, listener: Listener, event: Event) -> None:
        result = call_listener(listener.callback, event)
        if result is None:
            return
        if result is False and listener.slot:
            # https://html.spec.whatwg.org/multipage/webappapis.html#the-event-handler-processing-algorithm
            event._cancel()
        elif isinstance(result, Coroutine):
            self._run_coroutine(cast(Coroutine[Any, Any, object], result))

    def _find(self, type: str, callback: EventListener, capture: bool) -> Listener | None:
        for listener in self._listeners.get(type, ()):
            if listener.matches(callback, capture):
                return listener
        return None

    def _add(self, listener: Listener) -> None:
        # https://dom.spec.whatwg.org/#add-an-event-listener
        earlier = self._listeners.get(listener.type, ())
        self._listeners = {**self._listeners, listener.type: [*earlier, listener]}
        self._listeners_changed(listener.type)

    def _drop_on_abort(self, listener: Listener, signal: Abortable) -> None:
        drop = partial(self._drop, listener)
        signal._add_algorithm(drop)
        listener.detach = partial(signal._remove_algorithm, drop)

    def _drop(self, listener: Listener) -> None:
        # https://dom.spec.whatwg.org/#remove-an-event-listener
        listener.removed = True
        if listener.detach is not None:
            listener.detach()
        listeners = dict(self._listeners)
        others = [each for each in listeners.pop(listener.type) if each is not listener]
        if others:
            listeners[listener.type] = others
        self._listeners = listeners
        self._listeners_changed(listener.type)

    def _unsubscribe(self, channel: EventChannel) -> None:
        if channel not in self._channels:
            return  # it has ended
        self._channels = [each for each in self._channels if each is not channel]
        for name in channel._types:
            listener = self._find(name, channel._put, capture=False)
            assert listener is not None, "nobody else has the channel's callback to remove it"
            self._drop(listener)

    def _set_slot(self, type: str, callback: Callable[[Any], object] | None) -> None:
        # https://html.spec.whatwg.org/multipage/webappapis.html#activate-an-event-handler
        slot = self._slots.get(type)
        if slot is None and callback is not None:
            slot = Listener(type, callback, slot=True)
            self._slots = {**self._slots, type: slot}
            self._add(slot)
        elif slot is not None and callback is None:
            self._slots = {name: each for name, each in self._slots.items() if name != type}
            self._drop(slot)
        else:
            if slot is not None and callback is not None:
                slot.callback = callback
            self._listeners_changed(type)

    def _slot(self, type: str) -> Any:
        return self._slots[type].callback if type in self._slots else None


def _check_event(event: object) -> None:
    if not isinstance(event, Event):
        raise TypeError(f"dispatchEvent() takes an Event, not {event!r}")
