"""The errors of the DOM, and how those of event listeners are raised."""

# pyright: reportPrivateUsage=false
# (makes its own classes)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import trio

from ._webidl import clamped_short, dom_string, usv_string

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message


# https://webidl.spec.whatwg.org/#dfn-error-names-table
_LEGACY_CODES: Final = {
    "IndexSizeError": 1,
    "HierarchyRequestError": 3,
    "WrongDocumentError": 4,
    "InvalidCharacterError": 5,
    "NoModificationAllowedError": 7,
    "NotFoundError": 8,
    "NotSupportedError": 9,
    "InUseAttributeError": 10,
    "InvalidStateError": 11,
    "SyntaxError": 12,
    "InvalidModificationError": 13,
    "NamespaceError": 14,
    "InvalidAccessError": 15,
    "TypeMismatchError": 17,
    "SecurityError": 18,
    "NetworkError": 19,
    "AbortError": 20,
    "URLMismatchError": 21,
    "QuotaExceededError": 22,
    "TimeoutError": 23,
    "InvalidNodeTypeError": 24,
    "DataCloneError": 25,
}

_NORMAL_CLOSURE: Final = 1000
# A Close frame's payload has 125 bytes, two of them are the code: RFC 6455, section 5.5.
_MAX_REASON: Final = 123


class DOMException(Exception):
    """What the standards throw, an error whose kind is its ``name``.

    As in a browser, ``str()`` of it is its name and its message.

    Args:
      message: what happened, for people.
      name: such as "AbortError".

    Raises:
      TypeError: one of them is no str.

    https://webidl.spec.whatwg.org/#idl-DOMException
    """

    INDEX_SIZE_ERR: ClassVar[int] = 1
    DOMSTRING_SIZE_ERR: ClassVar[int] = 2
    HIERARCHY_REQUEST_ERR: ClassVar[int] = 3
    WRONG_DOCUMENT_ERR: ClassVar[int] = 4
    INVALID_CHARACTER_ERR: ClassVar[int] = 5
    NO_DATA_ALLOWED_ERR: ClassVar[int] = 6
    NO_MODIFICATION_ALLOWED_ERR: ClassVar[int] = 7
    NOT_FOUND_ERR: ClassVar[int] = 8
    NOT_SUPPORTED_ERR: ClassVar[int] = 9
    INUSE_ATTRIBUTE_ERR: ClassVar[int] = 10
    INVALID_STATE_ERR: ClassVar[int] = 11
    SYNTAX_ERR: ClassVar[int] = 12
    INVALID_MODIFICATION_ERR: ClassVar[int] = 13
    NAMESPACE_ERR: ClassVar[int] = 14
    INVALID_ACCESS_ERR: ClassVar[int] = 15
    VALIDATION_ERR: ClassVar[int] = 16
    TYPE_MISMATCH_ERR: ClassVar[int] = 17
    SECURITY_ERR: ClassVar[int] = 18
    NETWORK_ERR: ClassVar[int] = 19
    ABORT_ERR: ClassVar[int] = 20
    URL_MISMATCH_ERR: ClassVar[int] = 21
    QUOTA_EXCEEDED_ERR: ClassVar[int] = 22
    TIMEOUT_ERR: ClassVar[int] = 23
    INVALID_NODE_TYPE_ERR: ClassVar[int] = 24
    DATA_CLONE_ERR: ClassVar[int] = 25

    _message: str = ""
    _name: str = "Error"

    def __init__(self, message: str = "", name: str = "Error") -> None:
        super().__init__(message)
        self._message = dom_string(message, "message")
        self._name = dom_string(name, "name")

    @property
    def name(self) -> str:
        """The kind of error, such as "SyntaxError".

        https://webidl.spec.whatwg.org/#dom-domexception-name
        """
        return self._name

    @property
    def message(self) -> str:
        """What happened, for people. https://webidl.spec.whatwg.org/#dom-domexception-message"""
        return self._message

    @property
    def code(self) -> int:
        """The number by which old programs know the name, or 0 if it has none.

        https://webidl.spec.whatwg.org/#dom-domexception-code
        """
        return _LEGACY_CODES.get(self._name, 0)

    def __str__(self) -> str:
        return f"{self._name}: {self._message}" if self._message else self._name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._message!r}, {self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Not through __init__, as that of a subclass may take other arguments, or none at all.
        return _restore, (type(self), self.args), self.__dict__


def _restore(cls: type[DOMException], args: tuple[Any, ...]) -> DOMException:
    return cls.__new__(cls, *args)


class WebSocketError(DOMException, trio.BrokenResourceError):
    """A WebSocket connection was closed otherwise than cleanly, or should be.

    As a ``trio.BrokenResourceError`` it is understood by code written for any channel or stream.
    ``str()`` of it is its message, as its class says what its name says.

    Args:
      message: what happened, for people.
      closeCode: 1000 or 3000 to 4999; with a reason and without it, it is 1000.
      reason: at most 123 bytes of UTF-8; None is "".

    Raises:
      DOMException: InvalidAccessError for another code, SyntaxError for a longer reason.
      TypeError: the code is no number, or the reason no str.

    https://websockets.spec.whatwg.org/#websocketerror
    """

    _name = "WebSocketError"
    _closeCode: int | None = None
    _reason: str = ""

    def __init__(
        self, message: str = "", *, closeCode: float | None = None, reason: str | None = ""
    ) -> None:
        super().__init__(message, "WebSocketError")
        self._closeCode, self._reason = valid_close(closeCode, reason)

    @classmethod
    def _create(cls, message: str, closeCode: int | None, reason: str) -> Self:
        """Return one with any code, such as the 1006 that only the library may give."""
        self = cls.__new__(cls, message)
        self._message = message
        self._closeCode = closeCode
        self._reason = reason
        return self

    def __str__(self) -> str:
        return self._message

    @property
    def closeCode(self) -> int | None:
        """The code of the close, if there is one.

        https://websockets.spec.whatwg.org/#dom-websocketerror-closecode
        """
        return self._closeCode

    @property
    def reason(self) -> str:
        """The reason of the close, or "".

        https://websockets.spec.whatwg.org/#dom-websocketerror-reason
        """
        return self._reason


def valid_close(code: float | None, reason: str | None) -> tuple[int | None, str]:
    """Return a close code and a reason that a program gave, converted.

    None for either means that it was not given. A reason cannot be sent without a code, so with a
    reason the code is 1000 if it was not given.

    https://websockets.spec.whatwg.org/#validate-close-code-and-reason

    Raises:
      DOMException: "InvalidAccessError" for another code, "SyntaxError" for a longer reason.
      TypeError: the code is no number, or the reason no str.
    """
    number = None if code is None else clamped_short(code, "code")
    text = "" if reason is None else usv_string(reason, "reason")
    if number is not None and number != _NORMAL_CLOSURE and not 3000 <= number <= 4999:
        raise DOMException(
            f"expected a close code of 1000 or from 3000 to 4999, got {number}",
            "InvalidAccessError",
        )
    size = len(text.encode())
    if size > _MAX_REASON:
        raise DOMException(
            f"expected a reason of at most {_MAX_REASON} bytes of UTF-8, got {size}", "SyntaxError"
        )
    return (_NORMAL_CLOSURE if number is None and text else number), text


class HandshakeError(WebSocketError):
    """The server answered the opening handshake, but did not open a WebSocket.

    A browser hides the answer from scripts. Made by the library only.
    """

    _status: int = 0
    _headers: Message
    _body: bytes = b""

    def __init__(self) -> None:
        raise TypeError("HandshakeError has no public constructor")

    @classmethod
    def _refused(cls, message: str, status: int, headers: Message, body: bytes) -> Self:
        """Return one with this answer and the closeCode 1006, as for any failed opening."""
        self = cls._create(message, 1006, "")
        self._status = status
        self._headers = headers
        self._body = body
        return self

    @property
    def status(self) -> int:
        """The status code of the answer, such as 403."""
        return self._status

    @property
    def headers(self) -> Message:
        """The headers of the answer, by names in upper or lower case."""
        return self._headers

    @property
    def body(self) -> bytes:
        """The start of the answer's body."""
        return self._body


def listener_errors(
    errors: Sequence[BaseException], body: BaseException | None = None
) -> BaseException:
    """Return the one exception to raise for all that listeners, and a trace, raised.

    Ctrl-C that happened to land in a listener is not the listener's error, so a KeyboardInterrupt
    on its own is returned bare. Everything else becomes one flat group.

    Args:
      errors: what the listeners raised, in order; at least one.
      body: what the block around them raised; it becomes the last member.
    """
    if body is None and len(errors) == 1 and isinstance(errors[0], KeyboardInterrupt):
        return errors[0]
    members = [*errors] if body is None else [*errors, body]
    return BaseExceptionGroup("exceptions raised by event listeners, or by the trace", members)


def socket_error(message: str, closeCode: int | None, reason: str) -> WebSocketError:
    """Return a WebSocketError of the library's own, with any code, such as 1006."""
    return WebSocketError._create(message, closeCode, reason)


def handshake_error(message: str, status: int, headers: Message, body: bytes) -> HandshakeError:
    """Return the error of a server's answer that is no 101."""
    return HandshakeError._refused(message, status, headers, body)


def without_code(error: WebSocketError) -> WebSocketError:
    """Return the error after its code was removed."""
    error._closeCode = None
    return error
