"""A tunnel through a SOCKS proxy, in the protocol of python-socks (RFC 1928, RFC 1929)."""

from __future__ import annotations

import math
import socket
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import trio

from .._interrupts import redeliver_interrupt
from ._causes import describe, failure_of, not_found
from ._proxy import ProxyError, host_and_port
from ._tcp import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._settings import Settings
    from ._proxy import Proxy

_RESOLVED_BY_THE_PROXY: Final = ("socks4a", "socks5h")

_WANTS_CREDENTIALS: Final = (
    "No acceptable authentication methods",
    "Unexpected SOCKS authentication method",
    "Username and password authentication failure",
)
"""How python-socks' messages begin where SOCKS5 refuses the credentials; there is no code."""

_OTHER_USER: Final = 93
"""SOCKS4's reply to a user that is not who the client's machine says it is."""


async def connect_by_socks(proxy: Proxy, settings: Settings) -> trio.SocketStream:
    """Connect to the server through the proxy.

    Nothing is read that follows its answer.

    socks4a and socks5h leave the name to the proxy; socks4 and socks5 resolve it here, to one
    address. Nothing remains open if this raises.

    Raises:
      ProxyError: the proxy was not reached, or refused; or there is no python-socks.
      OSError: the server's name was not found here.
    """
    connect = _connector(proxy, settings)
    import python_socks

    host, port = settings.connect_to
    try:
        # Any: its stream's type has an SSLStream of nothing in particular
        tunnel: Any = await redeliver_interrupt(connect)
    except python_socks.ProxyConnectionError as exc:
        failure = _unreached(proxy, exc.__cause__)
        raise ProxyError(proxy, describe(failure)) from failure
    except socket.gaierror as exc:
        raise not_found(host, exc) from exc
    # a ValueError is for a proxy's reply that is no text, and for a name that cannot be sent
    except (python_socks.ProxyError, ValueError, trio.BrokenResourceError) as exc:
        _drop_tracebacks(exc)
        raise _refusal(proxy, host_and_port(host, port), exc) from exc
    return cast("trio.SocketStream", tunnel.trio_stream)


def _connector(proxy: Proxy, settings: Settings) -> Callable[[], Awaitable[Any]]:
    """Return python-socks' function that connects.

    Raises:
      ProxyError: there is no python-socks.
    """
    try:
        import python_socks
        from python_socks.async_.trio.v2 import Proxy as SocksProxy
    except ImportError as exc:
        message = "SOCKS needs python-socks: pip install python-socks"
        raise ProxyError(proxy, message) from exc
    rdns = proxy.scheme in _RESOLVED_BY_THE_PROXY
    through = SocksProxy(
        python_socks.ProxyType[proxy.scheme[: len("socks5")].upper()],
        proxy.host,
        proxy.port,
        proxy.username.decode("ascii"),
        proxy.password.decode("ascii"),
        rdns=rdns,
    )
    host, port = settings.connect_to
    return partial(
        through.connect,
        "127.0.0.1" if is_loopback(host) and not rdns else host,
        port,
        timeout=math.inf,  # open_timeout bounds it
        local_addr=settings.local_address,
    )


def _refusal(proxy: Proxy, target: str, exc: Exception) -> ProxyError:
    code = getattr(exc, "error_code", None)  # of python-socks' own; not all of them have one
    return ProxyError(
        proxy,
        f"expected a tunnel to {target}, got: {describe(exc)}",
        None if code is None else int(code),
        wants_credentials=code == _OTHER_USER or str(exc).startswith(_WANTS_CREDENTIALS),
    )


def _drop_tracebacks(exc: BaseException | None) -> None:
    """Drop python-socks' frames, whose local variables have the password."""
    while exc is not None:
        exc.__traceback__ = None
        exc = exc.__cause__ or exc.__context__


def _unreached(proxy: Proxy, exc: BaseException | None) -> OSError:
    """Return why there is no TCP to the proxy, which ``trio.open_tcp_stream()`` hides."""
    assert isinstance(exc, OSError)  # python-socks has it from there
    if isinstance(exc, socket.gaierror):
        return not_found(proxy.host, exc)
    # trio.open_tcp_stream() raises from a group of what each address said
    said: tuple[OSError, ...] = getattr(exc.__cause__, "exceptions", (exc,))
    where = host_and_port(proxy.host, proxy.port)
    numbers = [""] if len(said) == 1 else [f" #{n}" for n in range(1, len(said) + 1)]
    failures = {where + number: each for number, each in zip(numbers, said, strict=True)}
    return failure_of(failures)
