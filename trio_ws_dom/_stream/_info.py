"""The results of ``stream.opened`` and ``stream.closed``, and how these are awaited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from .._net._one_shot import OneShotEvent
    from ._readable import WebSocketReadable
    from ._writable import WebSocketWritable

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketOpenInfo:
    """The result of ``await stream.opened``.

    Attributes:
      readable: the receiving side, a ``trio.abc.ReceiveChannel``.
      writable: the sending side, a ``trio.abc.SendChannel``.
      extensions: the extensions that the server selected.
      protocol: the subprotocol that the server selected, "" if none.
    """

    readable: WebSocketReadable
    writable: WebSocketWritable
    extensions: str
    protocol: str = field(repr=False)  # tokens are sent in its place


@final
class Promise(Generic[T]):
    """Awaitable any number of times, by any number of tasks.

    No matter whether by any at all.
    """

    def __init__(self, settled: OneShotEvent, result: Callable[[], T]) -> None:
        self._settled = settled
        self._result = result

    def __await__(self) -> Generator[Any, Any, T]:
        yield from self._settled.wait().__await__()
        return self._result()
