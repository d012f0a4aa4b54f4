"""The events of sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ._event import Event
from ._webidl import unsigned_long, unsigned_short, usv_string

if TYPE_CHECKING:
    from collections.abc import Iterable


class MessageEvent(Event):
    """A message came. https://html.spec.whatwg.org/multipage/comms.html#messageevent"""

    __slots__ = ("_data", "_origin")

    _shown: ClassVar[tuple[str, ...]] = ("data", "origin")

    _type = "message"
    _data: Any
    _origin: str
    _lastEventId: str = ""
    _source: object = None
    _ports: tuple[object, ...] = ()

    def __init__(
        self,
        type: str,
        *,
        data: Any = None,
        origin: str = "",
        lastEventId: str = "",
        source: object = None,
        ports: Iterable[object] = (),
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        super().__init__(type, bubbles=bubbles, cancelable=cancelable, composed=composed)
        self._set_message(data, origin, lastEventId, source, ports)

    def _set_message(
        self,
        data: Any,
        origin: str,
        lastEventId: str,
        source: object,
        ports: Iterable[object],
    ) -> None:
        self._data = data
        self._origin = usv_string(origin)
        self._lastEventId = str(lastEventId)
        self._source = source
        self._ports = tuple(ports)

    @property
    def data(self) -> Any:
        """The message.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-data
        """
        return self._data

    @property
    def origin(self) -> str:
        """Whom it is from: of a socket its URL's scheme, host and port.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-origin
        """
        return self._origin

    @property
    def lastEventId(self) -> str:
        """Of server-sent events, not of sockets.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-lasteventid
        """
        return self._lastEventId

    @property
    def source(self) -> object:
        """Of messages between windows, not of sockets.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-source
        """
        return self._source

    @property
    def ports(self) -> tuple[object, ...]:
        """Of messages between windows, not of sockets.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-ports
        """
        return self._ports

    def initMessageEvent(
        self,
        type: str,
        bubbles: bool = False,
        cancelable: bool = False,
        data: Any = None,
        origin: str = "",
        lastEventId: str = "",
        source: object = None,
        ports: Iterable[object] = (),
    ) -> None:
        """An old way to make an event; does nothing while it is dispatched.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-initmessageevent
        """
        if self._phase:
            return
        self.initEvent(type, bubbles, cancelable)
        self._set_message(data, origin, lastEventId, source, ports)


class CloseEvent(Event):
    """A connection is closed. https://websockets.spec.whatwg.org/#closeevent"""

    _shown: ClassVar[tuple[str, ...]] = ("code", "reason", "wasClean")

    _type = "close"
    _wasClean: bool = False
    _code: int = 0
    _reason: str = ""

    def __init__(
        self,
        type: str,
        *,
        wasClean: bool = False,
        code: int = 0,
        reason: str = "",
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        super().__init__(type, bubbles=bubbles, cancelable=cancelable, composed=composed)
        self._wasClean = bool(wasClean)
        self._code = unsigned_short(code)
        self._reason = usv_string(reason)

    @property
    def wasClean(self) -> bool:
        """Whether both sides said goodbye.

        https://websockets.spec.whatwg.org/#dom-closeevent-wasclean
        """
        return self._wasClean

    @property
    def code(self) -> int:
        """The peer's code; 1005 if it gave none, 1006 if it said no goodbye.

        https://websockets.spec.whatwg.org/#dom-closeevent-code
        """
        return self._code

    @property
    def reason(self) -> str:
        """The peer's reason, or "". https://websockets.spec.whatwg.org/#dom-closeevent-reason"""
        return self._reason


class ErrorEvent(Event):
    """Something failed. https://html.spec.whatwg.org/multipage/webappapis.html#errorevent"""

    _shown: ClassVar[tuple[str, ...]] = ("message", "error")

    _type = "error"
    _message: str = ""
    _filename: str = ""
    _lineno: int = 0
    _colno: int = 0
    _error: BaseException | None = None

    def __init__(
        self,
        type: str,
        *,
        message: str = "",
        filename: str = "",
        lineno: int = 0,
        colno: int = 0,
        error: BaseException | None = None,
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        super().__init__(type, bubbles=bubbles, cancelable=cancelable, composed=composed)
        self._message = str(message)
        self._filename = usv_string(filename)
        self._lineno = unsigned_long(lineno)
        self._colno = unsigned_long(colno)
        self._error = error

    @property
    def message(self) -> str:
        """What happened, for people.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-message
        """
        return self._message

    @property
    def filename(self) -> str:
        """Of errors in scripts, not of sockets.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-filename
        """
        return self._filename

    @property
    def lineno(self) -> int:
        """Of errors in scripts, not of sockets.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-lineno
        """
        return self._lineno

    @property
    def colno(self) -> int:
        """Of errors in scripts, not of sockets.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-colno
        """
        return self._colno

    @property
    def error(self) -> BaseException | None:
        """The exception itself.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-error
        """
        return self._error
