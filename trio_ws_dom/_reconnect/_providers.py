"""What each try to connect is made from: values, or functions of the program that give them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, final

import trio

from .._net._user_code import await_user, call_user
from .._socket._options import DEFAULT_OPEN_TIMEOUT, resolve

if TYPE_CHECKING:
    from .._socket._options import ConnectOptions, Headers, SharedOptions

T = TypeVar("T")
X = TypeVar("X")

Function: TypeAlias = Callable[[], T | Awaitable[T]]
"""Sync or async, and without arguments."""

Asked: TypeAlias = T | Function[T]
"""A value, or a function that is asked for it before each try to connect."""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """What one try is made from: the arguments of ``open_websocket``, which were checked.

    Attributes:
      where: the URL, without credentials.
    """

    where: str
    url: str
    protocols: str | Iterable[str]
    options: ConnectOptions


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """See :func:`reconnecting_websocket`."""

    url: Asked[str]
    protocols: Asked[str | Iterable[str]]
    headers: Asked[Headers]
    stream: Function[trio.abc.Stream] | None
    options: SharedOptions

    async def ask(self) -> Target:
        """What the next try is made from, but for the stream.

        Raises:
          DOMException, TypeError, ValueError: something of it is bad.
          BaseException: what the functions raise.
        """
        url = await _ask(self.url)
        protocols = kept(await _ask(self.protocols))
        headers: Headers = await _ask(self.headers)
        options = cast("ConnectOptions", {**self.options, "headers": kept(headers)})
        # now, as with bad arguments a stream would have no owner
        follows = self.stream is not None
        address, _ = resolve(url, protocols, options, stream_follows=follows)
        return Target(address.where, url, protocols, options)

    async def dial(self, target: Target) -> None:
        """Ask for the stream, if that is the program's to give, within ``open_timeout``.

        Raises:
          TimeoutError: there was none in time.
          BaseException: what the function raises.
        """
        if self.stream is None:
            return
        timeout = self.options.get("open_timeout", DEFAULT_OPEN_TIMEOUT)
        with trio.move_on_after(timeout) as scope:
            target.options["stream"] = await _ask(self.stream)
        if scope.cancelled_caught:
            raise TimeoutError(f"no stream within open_timeout ({timeout:g} seconds)")


async def _ask(source: Asked[T]) -> T:
    if not callable(source):
        return source
    # Ctrl-C may land in the program's own, and not where what it gave could get lost
    value: Any = call_user(source)
    if isinstance(value, Awaitable):
        return await await_user(cast("Awaitable[T]", value))
    return cast("T", value)


def kept(value: X) -> X:
    """The same, but for what can be gone through only once."""
    if isinstance(value, Iterator):
        return cast("X", tuple(cast("Iterator[object]", value)))
    return value
