"""Values of which a test knows more than their declared types say."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from trio_ws_dom import CloseEvent, WebSocket

T = TypeVar("T")


def not_none(value: T | None) -> T:
    """Return a value, which must be there."""
    assert value is not None
    return value


def members(group: object) -> tuple[Exception, ...]:
    """Return the exceptions of a group, which must be one."""
    assert isinstance(group, ExceptionGroup), f"expected an exception group, got {group!r}"
    return cast("ExceptionGroup[Exception]", group).exceptions


def parts(exc: BaseException | None) -> tuple[BaseException, ...]:
    """Return the exceptions of a group, none if it is no group."""
    if isinstance(exc, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", exc).exceptions
    return ()


def instance(kind: type[T], value: object) -> T:
    """Return a value, which must be of this type."""
    assert isinstance(value, kind), f"expected {kind.__name__}, got {value!r}"
    return value


def close_event(ws: WebSocket) -> CloseEvent:
    """Return the event that closed a socket, which is CLOSED."""
    assert ws.closeEvent is not None
    return ws.closeEvent
