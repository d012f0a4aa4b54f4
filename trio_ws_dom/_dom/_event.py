"""Event, the base of all events.

A socket's reader makes a million of them a second, without ``__init__`` and with only those
attributes set that differ. Hence every private attribute has a default on its class.
"""

from __future__ import annotations

import reprlib
import time
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ._webidl import Constant, dom_string

if TYPE_CHECKING:
    from ._event_target import EventTarget

_TIME_ORIGIN = time.perf_counter()


def now() -> float:
    """Return the milliseconds since this module was imported, for an event's timeStamp.

    https://w3c.github.io/hr-time/#dom-domhighrestimestamp
    """
    return (time.perf_counter() - _TIME_ORIGIN) * 1000


class Event:
    """Something that happened, dispatched to the listeners of one EventTarget.

    It can be copied and pickled, and loses its ``target`` by that.

    Args:
      type: such as "message".
      bubbles, cancelable, composed: what the properties of these names are.

    Raises:
      TypeError: the type is no str.

    https://dom.spec.whatwg.org/#interface-event
    """

    NONE = Constant(0)
    CAPTURING_PHASE = Constant(1)
    AT_TARGET = Constant(2)
    BUBBLING_PHASE = Constant(3)

    # What each message's event sets, in half the time that it would take in the ``__dict__``.
    __slots__ = ("__dict__", "__weakref__", "_isTrusted", "_phase", "_target", "_timeStamp")

    # The attributes that ``__repr__`` shows after the type.
    _shown: ClassVar[tuple[str, ...]] = ()

    _type: str = ""
    _target: EventTarget | None
    _phase: int  # not NONE while it is dispatched
    _stop: int = 0  # 1: stopPropagation(), 2: stopImmediatePropagation()
    _bubbles: bool = False
    _cancelable: bool = False
    _canceled: bool = False
    _composed: bool = False
    _passive: bool = False  # a passive listener is being called
    _isTrusted: bool
    _timeStamp: float

    def __init__(
        self,
        type: str,
        *,
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        self._type = dom_string(type, "type")
        self._bubbles = bool(bubbles)
        self._cancelable = bool(cancelable)
        self._composed = bool(composed)
        self._target = None
        self._phase = 0
        self._isTrusted = False
        self._timeStamp = now()

    def __repr__(self) -> str:
        shown = [repr(self._type)]
        shown += [f"{name}={reprlib.repr(getattr(self, name))}" for name in self._shown]
        return f"<{self.__class__.__name__} {' '.join(shown)}>"

    def __getstate__(self) -> tuple[dict[str, Any], dict[str, Any]]:
        # Without what belongs to a dispatch.
        state = cast("tuple[dict[str, Any] | None, dict[str, Any]]", super().__getstate__())
        attributes, slots = {**(state[0] or {})}, state[1]
        attributes.update(_stop=0, _passive=False)
        return attributes, {**slots, "_target": None, "_phase": 0}

    @property
    def type(self) -> str:
        """What happened, such as "message". https://dom.spec.whatwg.org/#dom-event-type"""
        return self._type

    @property
    def target(self) -> EventTarget | None:
        """The object that it is, or was, dispatched to. https://dom.spec.whatwg.org/#dom-event-target"""
        return self._target

    @property
    def srcElement(self) -> EventTarget | None:
        """An old name of ``target``. https://dom.spec.whatwg.org/#dom-event-srcelement"""
        return self._target

    @property
    def currentTarget(self) -> EventTarget | None:
        """The object whose listeners are being called, which is the target, or None.

        https://dom.spec.whatwg.org/#dom-event-currenttarget
        """
        return self._target if self._phase else None

    @property
    def eventPhase(self) -> int:
        """AT_TARGET during the dispatch, otherwise NONE.

        https://dom.spec.whatwg.org/#dom-event-eventphase
        """
        return self._phase

    @property
    def bubbles(self) -> bool:
        """What the constructor was given, without effect.

        https://dom.spec.whatwg.org/#dom-event-bubbles
        """
        return self._bubbles

    @property
    def cancelable(self) -> bool:
        """Whether ``preventDefault()`` works. https://dom.spec.whatwg.org/#dom-event-cancelable"""
        return self._cancelable

    @property
    def defaultPrevented(self) -> bool:
        """Whether it was canceled. https://dom.spec.whatwg.org/#dom-event-defaultprevented"""
        return self._canceled

    @property
    def composed(self) -> bool:
        """What the constructor was given, without effect.

        https://dom.spec.whatwg.org/#dom-event-composed
        """
        return self._composed

    @property
    def isTrusted(self) -> bool:
        """Whether the library made it, not the program.

        https://dom.spec.whatwg.org/#dom-event-istrusted
        """
        return self._isTrusted

    @property
    def timeStamp(self) -> float:
        """When it was made, in milliseconds since the library was imported.

        https://dom.spec.whatwg.org/#dom-event-timestamp
        """
        return self._timeStamp

    @property
    def returnValue(self) -> bool:
        """The opposite of ``defaultPrevented``. Setting it to False cancels the event.

        https://dom.spec.whatwg.org/#dom-event-returnvalue
        """
        return not self._canceled

    @returnValue.setter
    def returnValue(self, value: bool) -> None:
        if not value:
            self._cancel()

    @property
    def cancelBubble(self) -> bool:
        """Whether ``stopPropagation()`` was called. Setting it to True calls it.

        https://dom.spec.whatwg.org/#dom-event-cancelbubble
        """
        return self._stop > 0

    @cancelBubble.setter
    def cancelBubble(self, value: bool) -> None:
        if value:
            self._stop = self._stop or 1

    def stopPropagation(self) -> None:
        """Call no more listeners after the capturing ones.

        https://dom.spec.whatwg.org/#dom-event-stoppropagation
        """
        self._stop = self._stop or 1

    def stopImmediatePropagation(self) -> None:
        """Call no more listeners.

        https://dom.spec.whatwg.org/#dom-event-stopimmediatepropagation
        """
        self._stop = 2

    def preventDefault(self) -> None:
        """Cancel the event, if it is cancelable and the listener is not passive.

        https://dom.spec.whatwg.org/#dom-event-preventdefault
        """
        self._cancel()

    def _cancel(self) -> None:
        # https://dom.spec.whatwg.org/#set-the-canceled-flag
        if self._cancelable and not self._passive:
            self._canceled = True

    def composedPath(self) -> list[EventTarget]:
        """Return a list of the target during the dispatch, otherwise an empty one.

        https://dom.spec.whatwg.org/#dom-event-composedpath
        """
        target = self.currentTarget
        return [] if target is None else [target]

    def initEvent(self, type: str, bubbles: bool = False, cancelable: bool = False) -> None:
        """Make it another event, unless it is being dispatched. The constructor supersedes this.

        https://dom.spec.whatwg.org/#dom-event-initevent
        """
        if self._phase:
            return
        self._type = dom_string(type, "type")
        self._bubbles = bool(bubbles)
        self._cancelable = bool(cancelable)
        self._target = None
        self._stop = 0
        self._canceled = False
        self._isTrusted = False
