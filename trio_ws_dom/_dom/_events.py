"""The events of sockets, and CustomEvent for those of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ._event import Event
from ._webidl import dom_string, unsigned_long, unsigned_short, usv_string

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._blob import Blob


class MessageEvent(Event):
    """A message came. https://html.spec.whatwg.org/multipage/comms.html#messageevent

    Args:
      type: such as "message".
      data: the message; a program may put anything into its own events.
      origin, lastEventId, source, ports: what the properties of these names are.
      bubbles, cancelable, composed: as :class:`Event` takes them.

    Raises:
      TypeError: the type, the origin or the ID is no str.
    """

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
        self._origin = usv_string(origin, "origin")
        self._lastEventId = dom_string(lastEventId, "lastEventId")
        self._source = source
        self._ports = tuple(ports)

    @property
    def data(self) -> str | bytes | Blob:
        """The message, of a socket a ``str`` for text and what its ``binaryType`` says for binary.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-data
        """
        data: str | bytes | Blob = self._data
        return data

    @property
    def origin(self) -> str:
        """The scheme, host and port of the socket's URL.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-origin
        """
        return self._origin

    @property
    def lastEventId(self) -> str:
        """A property of server-sent events, not of sockets.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-lasteventid
        """
        return self._lastEventId

    @property
    def source(self) -> object:
        """A property of messages between windows, not of sockets.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-source
        """
        return self._source

    @property
    def ports(self) -> tuple[object, ...]:
        """A property of messages between windows, not of sockets.

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
        """Make it another event, unless it is being dispatched. The constructor supersedes this.

        https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-initmessageevent
        """
        if self._phase:
            return
        self.initEvent(type, bubbles, cancelable)
        self._set_message(data, origin, lastEventId, source, ports)


class CloseEvent(Event):
    """A connection is closed. https://websockets.spec.whatwg.org/#closeevent

    Args:
      type: such as "close".
      wasClean, code, reason: what the properties of these names are; for the latter two None means
        that it is not given.
      bubbles, cancelable, composed: as :class:`Event` takes them.

    Raises:
      TypeError: the type or the reason is no str, or the code no number.
    """

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
        code: float | None = 0,
        reason: str | None = "",
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        super().__init__(type, bubbles=bubbles, cancelable=cancelable, composed=composed)
        self._wasClean = bool(wasClean)
        self._code = 0 if code is None else unsigned_short(code, "code")
        self._reason = "" if reason is None else usv_string(reason, "reason")

    @property
    def wasClean(self) -> bool:
        """Whether the closing handshake was completed.

        https://websockets.spec.whatwg.org/#dom-closeevent-wasclean
        """
        return self._wasClean

    @property
    def code(self) -> int:
        """The peer's code, or 1005 if its Close had none, or 1006 if it sent no Close.

        https://websockets.spec.whatwg.org/#dom-closeevent-code
        """
        return self._code

    @property
    def reason(self) -> str:
        """The peer's reason, or "". https://websockets.spec.whatwg.org/#dom-closeevent-reason"""
        return self._reason


class ErrorEvent(Event):
    """Something failed. https://html.spec.whatwg.org/multipage/webappapis.html#errorevent

    Args:
      type: such as "error".
      message, filename, lineno, colno, error: what the properties of these names are.
      bubbles, cancelable, composed: as :class:`Event` takes them.

    Raises:
      TypeError: the type, the message or the file's name is no str, or another one no number.
    """

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
        lineno: float = 0,
        colno: float = 0,
        error: BaseException | None = None,
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        super().__init__(type, bubbles=bubbles, cancelable=cancelable, composed=composed)
        self._message = dom_string(message, "message")
        self._filename = usv_string(filename, "filename")
        self._lineno = unsigned_long(lineno, "lineno")
        self._colno = unsigned_long(colno, "colno")
        self._error = error

    @property
    def message(self) -> str:
        """What happened, for people.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-message
        """
        return self._message

    @property
    def filename(self) -> str:
        """A property of errors in scripts, not of sockets.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-filename
        """
        return self._filename

    @property
    def lineno(self) -> int:
        """A property of errors in scripts, not of sockets.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-lineno
        """
        return self._lineno

    @property
    def colno(self) -> int:
        """A property of errors in scripts, not of sockets.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-colno
        """
        return self._colno

    @property
    def error(self) -> BaseException | None:
        """The exception itself.

        https://html.spec.whatwg.org/multipage/webappapis.html#dom-errorevent-error
        """
        return self._error


class CustomEvent(Event):
    """An event of the program's own, with something in it.

    Args:
      type: a name of the program's choice.
      detail: anything.
      bubbles, cancelable, composed: as :class:`Event` takes them.

    Raises:
      TypeError: the type is no str.

    https://dom.spec.whatwg.org/#interface-customevent
    """

    _shown: ClassVar[tuple[str, ...]] = ("detail",)

    _detail: Any = None

    def __init__(
        self,
        type: str,
        *,
        detail: Any = None,
        bubbles: bool = False,
        cancelable: bool = False,
        composed: bool = False,
    ) -> None:
        super().__init__(type, bubbles=bubbles, cancelable=cancelable, composed=composed)
        self._detail = detail

    @property
    def detail(self) -> Any:
        """What the program put into it. https://dom.spec.whatwg.org/#dom-customevent-detail"""
        return self._detail

    def initCustomEvent(
        self, type: str, bubbles: bool = False, cancelable: bool = False, detail: Any = None
    ) -> None:
        """Make it another event, unless it is being dispatched. The constructor supersedes this.

        https://dom.spec.whatwg.org/#dom-customevent-initcustomevent
        """
        if not self._phase:
            self.initEvent(type, bubbles, cancelable)
            self._detail = detail
