"""A tunnel through a SOCKS proxy, as python-socks speaks to one (RFC 1928, RFC 1929)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import trio

from ._proxy import ProxyError, host_and_port

if TYPE_CHECKING:
    from ._proxy import Proxy


async def connect_by_socks(proxy: Proxy, host: str, port: int) -> trio.abc.Stream:
    """A stream to the server, with nothing read from it.

    socks4a and socks5h leave the name to the proxy; socks4 and socks5 resolve it here, to one
    address. Cancelled, or with an exception, nothing is left open.

    Raises:
      ProxyError: the proxy was not reached, or refused; or there is no python-socks.
      OSError: the server's name was to be resolved here, and was not.
    """
    try:
        import python_socks
        from python_socks.async_.trio.v2 import Proxy as SocksProxy
    except ImportError as exc:
        message = "SOCKS needs python-socks: pip install python-socks"
        raise ProxyError(proxy, message) from exc
    kind = python_socks.ProxyType[proxy.scheme[: len("socks5")].upper()]
    through = SocksProxy(
        kind,
        proxy.host,
        proxy.port,
        proxy.username.decode("ascii"),
        proxy.password.decode("ascii"),
        rdns=proxy.scheme in ("socks4a", "socks5h"),
    )
    try:
        # Any: its stream's type has an SSLStream of nothing in particular
        tunnel: Any = await through.connect(host, port, timeout=math.inf)
    except python_socks.ProxyConnectionError as exc:
        raise ProxyError(proxy, str(exc.__cause__)) from exc
    # a ValueError is for a proxy's reply that is no text, and for a name that cannot be sent
    except (python_socks.ProxyError, ValueError, trio.BrokenResourceError) as exc:
        code = exc.error_code if isinstance(exc, python_socks.ProxyError) else None
        message = f"expected a tunnel to {host_and_port(host, port)}, got: {exc}"
        raise ProxyError(proxy, message, None if code is None else int(code)) from exc
    stream: trio.abc.Stream = tunnel.trio_stream
    return stream
