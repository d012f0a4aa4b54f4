"""A fake network with the addresses of names, and each address's answer to TCP."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence


class FakeNetwork(trio.abc.SocketFactory, trio.abc.HostnameResolver):
    """Names and addresses for the rest of a trio run, also in virtual time.

    Args:
      names: the addresses of each name, an exception to raise, or an async function to call.
      says: what each address answers. An ``errno`` fails with it, seconds as a float or an event
        are waited for before it accepts, and None is silence. Every other address accepts at once.

    Attributes:
      looked_up: the names that were looked up, in order.
      dialled: the addresses that were connected to, in order, with the time of each.
      connected_to: the same as sockets have them.
      bound: the local addresses that sockets were bound to.
      accepted: the server's ends of what was accepted, in order.
    """

    def __init__(
        self,
        names: Mapping[str, Sequence[str] | Exception | Callable[[], Awaitable[Any]]] | None = None,
        says: Mapping[str, int | float | trio.Event | None] | None = None,
    ) -> None:
        self._names = names or {}
        self._says = says or {}
        self.looked_up: list[str] = []
        self.dialled: list[tuple[str, float]] = []
        self.connected_to: list[Any] = []
        self.bound: list[str] = []
        self.accepted: list[trio.SocketStream] = []
        self._theirs: list[socket.socket] = []
        trio.socket.set_custom_socket_factory(self)
        trio.socket.set_custom_hostname_resolver(self)

    def close(self) -> None:
        """Close the server's ends."""
        for theirs in self._theirs:
            theirs.close()

    @property
    def addresses(self) -> list[str]:
        """Return the addresses that were connected to, in order."""
        return [address for address, _ in self.dialled]

    async def getaddrinfo(
        self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        name = host if isinstance(host, str) else host.decode()
        self.looked_up.append(name)
        found = self._names[name]
        if isinstance(found, Exception):
            raise found
        if callable(found):
            return await found()
        return [(_family(address), socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
        raise AssertionError("expected no look-up of an address's name")

    def socket(self, family: Any = 0, type: Any = 0, proto: int = 0) -> Any:
        ours, theirs = socket.socketpair()
        sock = trio.socket.from_stdlib_socket(ours)
        self._theirs.append(theirs)

        async def connect(address: Any) -> None:
            self.dialled.append((address[0], trio.current_time()))
            self.connected_to.append(address)
            await trio.lowlevel.checkpoint()
            said = self._says.get(address[0], 0.0)
            if said is None:
                await trio.sleep_forever()
            elif isinstance(said, int):
                raise OSError(said, os.strerror(said))
            elif isinstance(said, trio.Event):
                await said.wait()
            else:
                await trio.sleep(said)
            self.accepted.append(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))

        async def bind(address: Any) -> None:
            self.bound.append(address[0])
            said = self._says.get(address[0])
            if isinstance(said, int):
                raise OSError(said, os.strerror(said))

        sock.connect, sock.bind = connect, bind  # type: ignore[method-assign]  # a small fake
        return sock


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
