"""The opening of one connection, with its queue, its steps and its bounds.

``open_timeout`` bounds all of it from dialling on. Where the host that is dialled (the server, or
the proxy on the way to it) has several addresses, ``address_timeout`` bounds how long the one that
accepted TCP may then be silent; after that the next one is dialled. The last one has all the time
that remains.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, final

import trio

from .._traced import TracedStream
from ._causes import describe
from ._connect_queue import Slot
from ._fake_network import intercepted, note_fake_servers
from ._ports import check_port
from ._proxy import ProxyError
from ._proxy_choice import choose_proxy
from ._socks import connect_by_socks
from ._tcp import TcpDialler
from ._tls import start_tls
from ._tunnel import open_tunnel
from ._upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._trace._records import TraceRecord
    from ..._wire._http._response import Response
    from .._log import Log
    from .._settings import Settings
    from ._proxy import Proxy


@final
class Opening:
    """From CONNECTING to the server's 101.

    Args:
      settings: the connection's.
      log: the connection's.
      on_record: takes the trace's records.

    Attributes:
      settings: as given.
      stream: as soon as there is one, also if the opening fails; the caller must close it.
    """

    def __init__(
        self, settings: Settings, log: Log, on_record: Callable[[TraceRecord], None]
    ) -> None:
        self.stream: trio.abc.Stream | None = None
        self.settings = settings
        self._log = log
        self._on_record = on_record
        self._scope = trio.CancelScope()
        self._slot: Slot | None = None  # in the queue, if there is one to wait in
        self._proxy: Proxy | None = None  # once it was chosen, if there is one
        self._silence: trio.CancelScope | None = None  # while an address may not be silent
        self._step: object = "its turn"  # what is waited for, as a timeout reports it

    def enqueue(self) -> None:
        """Take a slot in the queue of the server's host and port.

        :meth:`run` must follow.
        """
        settings = self.settings
        if settings.serialize_connects and settings.stream is None:
            self._slot = Slot(*settings.connect_to)

    def cancel(self) -> None:
        """Make :meth:`run` end at once."""
        self._scope.cancel()

    async def run(self) -> Response:
        """Connect.

        The time counts from dialling on, without that in the queue.

        Raises:
          TimeoutError: ``open_timeout`` is over, or it was cancelled.
          HandshakeFailure: the server's answer was not a good 101.
          OSError: resolving, connecting or TLS (``ssl.SSLError``) failed.
          ProxyError: the proxy failed; it is an OSError, too.
          trio.BrokenResourceError: the connection was lost.
        """
        try:
            with self._scope:
                if self._slot is None:
                    return await self._open()
                async with self._slot:
                    return await self._open()
            through = "" if self._proxy is None else f" through {self._proxy}"
            raise TimeoutError(
                f"timed out: not open{through} within open_timeout"
                f" ({self.settings.open_timeout:g} seconds), waiting for {self._step}"
            )
        except Exception as exc:
            note_fake_servers(self.settings, exc)
            raise

    async def _open(self) -> Response:
        settings = self.settings
        self._scope.deadline = trio.current_time() + settings.open_timeout
        connect = intercepted(settings)
        if connect is not None:  # TLS counts as done
            self.stream = connect()
            return await self._upgrade(self.stream)
        if settings.stream is not None:
            self.stream = settings.stream
            if _is_tls(settings.stream):
                return await self._upgrade(settings.stream)
            return await self._secure(settings.stream)
        host, port = settings.connect_to
        check_port(port)
        proxy = self._proxy = await choose_proxy(settings)
        if proxy is None:
            return await self._dial(host, port)
        if proxy.scheme.startswith("socks"):
            self._step = "the proxy's tunnel"
            self.stream = await connect_by_socks(proxy, settings)
            return await self._secure(self.stream)
        return await self._dial(proxy.host, proxy.port)

    async def _dial(self, host: str, port: int) -> Response:
        """Open by the first address of a host, the server's or the proxy's, that is not silent."""
        settings = self.settings
        dialler = TcpDialler(host, port, settings.local_address)
        while True:
            self.stream = tcp = await self._connect(dialler)
            if not dialler.has_more:
                return await self._pass(tcp)
            with trio.CancelScope() as self._silence:
                self._await_a_sign()
                return await self._pass(tcp)
            self._silence = None
            await trio.aclose_forcefully(self.stream)
            seconds = f"{settings.address_timeout:g} seconds"
            dialler.discard(TimeoutError(f"silent for address_timeout, {seconds}"))

    async def _connect(self, dialler: TcpDialler) -> trio.SocketStream:
        self._step = dialler
        try:
            return await dialler.connect()
        except (OSError, ValueError) as exc:  # a ValueError is for a name that cannot be one
            if self._proxy is None:
                raise
            raise ProxyError(self._proxy, describe(exc)) from exc

    async def _pass(self, tcp: trio.SocketStream) -> Response:
        """Pass the HTTP proxy, if there is one."""
        settings, proxy = self.settings, self._proxy
        if proxy is None:
            return await self._secure(tcp)
        self._step = "the proxy's tunnel"
        stream: trio.abc.Stream = tcp
        if proxy.scheme == "https":
            try:
                stream = await start_tls(tcp, settings.proxy_ssl_context, proxy.tls_name, "http:")
            except OSError as exc:
                plain = getattr(exc, "reason", None) == "WRONG_VERSION_NUMBER"
                hint = "; a proxy without TLS has an http: URL" if plain else ""
                raise ProxyError(proxy, f"{exc}{hint}") from exc
        stream = await open_tunnel(stream, proxy, *settings.connect_to)
        self.stream = stream
        if self._silence is not None:  # the proxy has spoken; how it gets there is its own matter
            self._silence.deadline = inf
            self._silence = None
        return await self._secure(stream)

    async def _secure(self, stream: trio.abc.Stream) -> Response:
        """Start TLS with the server, for ``wss:``."""
        settings = self.settings
        if settings.address.secure:
            self._step = "the TLS handshake"
            stream = await start_tls(stream, settings.ssl_context, settings.server_hostname, "ws:")
            self.stream = stream
            self._await_a_sign()
        return await self._upgrade(stream)

    def _await_a_sign(self) -> None:
        """Give the address its time to say something, if there are others."""
        if self._silence is not None:
            self._silence.deadline = trio.current_time() + self.settings.address_timeout

    async def _upgrade(self, stream: trio.abc.Stream) -> Response:
        """Hold the opening handshake."""
        settings = self.settings
        self._log.dialled()
        if settings.trace is not None:
            self.stream = stream = TracedStream(stream, settings, self._on_record)
        self._step = "the server's answer"
        response = await upgrade(stream, settings, self._silence)
        self._log.answered(response)
        return response


def _is_tls(stream: trio.abc.Stream) -> bool:
    return isinstance(stream, trio.SSLStream)
