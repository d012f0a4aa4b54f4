"""What each try to connect is made from, be it values or functions that return them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, final

import trio

from .._net._user_code import await_user, call_user
from .._socket._dial_options import DEFAULT_OPEN_TIMEOUT
from .._socket._options import Arguments

if TYPE_CHECKING:
    from .._socket._options import ConnectOptions, Headers, SharedOptions

T = TypeVar("T")
X = TypeVar("X")

Provider: TypeAlias = Callable[[], T | Awaitable[T]]
"""A function without arguments, sync or async, that is called before each try to connect."""

ValueOrProvider: TypeAlias = T | Provider[T]
"""A value, or a function that returns it."""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """What one try is made from.

    Attributes:
      where: the URL without credentials and query.
      arguments: of ``open_websocket``, checked.
    """

    where: str
    arguments: Arguments


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # secrets are in it
class Providers:
    """The arguments of :func:`reconnecting_websocket` that concern a single connection."""

    url: ValueOrProvider[str]
    protocols: ValueOrProvider[str | Iterable[str]]
    headers: ValueOrProvider[Headers]
    stream: Provider[trio.abc.Stream] | None
    options: SharedOptions

    async def next_target(self) -> Target:
        """Return what the next try is made from, except for the stream.

        Raises:
          DOMException, TypeError, ValueError: one of the values is bad.
          BaseException: what the functions raise.
        """
        # with names of their own, tracebacks that show local variables would show these
        arguments = Arguments(
            await _resolve(self.url),
            reusable(await _resolve(self.protocols)),
            cast(
                "ConnectOptions",
                {**self.options, "headers": reusable(await _resolve(self.headers))},
            ),
        )
        # checked now: with bad arguments nobody would own the stream that comes next
        settings = arguments.resolve(stream_follows=self.stream is not None)
        return Target(settings.address.where, arguments)

    async def dial(self, target: Target) -> None:
        """Add the stream to the target's options, if the program dials, within ``open_timeout``.

        Raises:
          TimeoutError: there was none in time.
          BaseException: what the function raises.
        """
        if self.stream is None:
            return
        timeout = self.options.get("open_timeout", DEFAULT_OPEN_TIMEOUT)
        with trio.move_on_after(timeout) as scope:
            target.arguments.options["stream"] = await _resolve(self.stream)
        if scope.cancelled_caught:
            raise TimeoutError(f"no stream within open_timeout ({timeout:g} seconds)")


async def _resolve(given: ValueOrProvider[T]) -> T:
    if not callable(given):
        return given
    # Ctrl-C may land in the program's function, but not where its result could get lost
    value: Any = call_user(given)
    if isinstance(value, Awaitable):
        return await await_user(cast("Awaitable[T]", value))
    return cast("T", value)


def reusable(value: X) -> X:
    """Return an iterator as a tuple, so that every try can use it, and anything else as it is."""
    if isinstance(value, Iterator):
        return cast("X", tuple(cast("Iterator[object]", value)))
    return value
