"""TCP to one host, by whichever of its addresses accepts first.

A host has one address or several. The first one is tried; once it has failed, or has not answered
for :data:`ATTEMPT_DELAY`, the next one is tried beside it, and so on. The first that accepts wins,
and the others are abandoned (RFC 8305, "Happy Eyeballs"). Those that did not fail are kept, for the
case that the winner accepts and then says nothing.

``trio.open_tcp_stream()`` does the first half of this. It is not used, as it does not report which
address said what, nor which remain; as Ctrl-C may land in the tasks in which it connects; and as it
takes twice the time for a host with one address, which most hosts are.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import suppress
from typing import Any, Final, TypeAlias, final

import trio

from ._causes import failure_of, listed, not_found, words_of
from ._proxy import host_and_port

ATTEMPT_DELAY: Final = 0.25
"""Seconds until the next address is tried beside one that has not answered (RFC 8305 section 8)."""

_Target: TypeAlias = tuple[int, int, int, tuple[Any, ...]]
"""Family, type and protocol of a socket, and the address to connect it to."""

_Won: TypeAlias = tuple[_Target, trio.SocketStream]
"""An address that accepted, and the connection."""


@final
class TcpDialler:
    """The addresses of one host and port, and what each of them said.

    Args:
      local_address: the IP address to connect from; None: the system chooses.
    """

    def __init__(self, host: str, port: int, local_address: str | None = None) -> None:
        self._host = host
        self._port = port
        self._local_address = local_address
        self._resolved = False
        self._remaining: list[_Target] = []  # those that neither accepted nor failed
        self._accepted = ""  # the address of the newest stream
        self._failures: dict[str, OSError] = {}  # by address, in order

    def __str__(self) -> str:
        """Name what :meth:`connect` waits for."""
        if not self._resolved:
            return f"the addresses of {self._host}"
        return f"TCP to {listed([_text(target) for target in self._remaining])}"

    @property
    def has_more(self) -> bool:
        """Whether there are addresses that have neither accepted nor failed."""
        return bool(self._remaining)

    async def connect(self) -> trio.SocketStream:
        """Connect to whichever of the remaining addresses accepts first.

        Raises:
          OSError: none does, or there are none (``socket.gaierror`` if the resolver says so). If
            all failed alike it has their ``errno``, which makes it a ConnectionRefusedError and
            the like, and its cause is the first one's own error.
          ValueError: the host's name cannot be one.
        """
        if not self._resolved:
            self._remaining = await self._resolve()
            self._resolved = True
        if len(self._remaining) == 1:
            won = await self._attempt(self._remaining[0])
        else:
            won = await self._race()
        if won is None:
            raise failure_of(self._failures)
        target, stream = won
        self._remaining.remove(target)
        self._accepted = _text(target)
        return stream

    def discard(self, exc: OSError) -> None:
        """Record that the address that accepted last turned out to be of no use."""
        self._failures[self._accepted] = exc

    async def _resolve(self) -> list[_Target]:
        literal = _literal(self._host, self._port)
        if literal is not None:
            targets = [literal]
        elif is_loopback(self._host):
            targets = _loopback(self._port)
        else:
            targets = await _look_up(self._host, self._port)
        if self._local_address is not None:
            targets = _of_the_family_of(self._local_address, targets)
        return _interleaved(targets)

    async def _attempt(self, target: _Target) -> _Won | None:
        """Connect to one address.

        Returns None if that fails.
        """
        try:
            sock = trio.socket.socket(*target[:3])
            try:
                if self._local_address is not None:
                    await _bind(sock, self._local_address)
                await sock.connect(target[3])
                return target, trio.SocketStream(sock)
            except BaseException:
                sock.close()
                raise
        except OSError as exc:
            # without the traceback, whose frames a program would keep along with the error
            self._failures[_text(target)] = exc.with_traceback(None)
            self._remaining.remove(target)
            return None

    async def _race(self) -> _Won | None:
        """Connect to several addresses, each some time after the one before."""
        winners: list[_Won] = []

        @trio.lowlevel.enable_ki_protection
        async def run(target: _Target, failed: trio.Event) -> None:
            won = await self._attempt(target)
            if won is None:
                failed.set()
            else:
                winners.append(won)
                nursery.cancel_scope.cancel()

        try:
            async with trio.open_nursery() as nursery:
                for target in tuple(self._remaining):
                    failed = trio.Event()
                    nursery.start_soon(run, target, failed)
                    with trio.move_on_after(ATTEMPT_DELAY):
                        await failed.wait()
        except BaseException:
            _close(winners)
            raise
        _close(winners[1:])  # they accepted in the same moment
        return winners[0] if winners else None


def is_loopback(host: str) -> bool:
    """Return whether a name is of this machine, so that no resolver needs to be asked.

    RFC 6761 section 6.3 allows it, and browsers do it.
    """
    name = host.removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


async def _look_up(host: str, port: int) -> list[_Target]:
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        raise not_found(host, exc) from exc
    if not found:  # as a resolver of the program's may have it
        raise socket.gaierror(socket.EAI_NONAME, f"name not found: {host} (no addresses)")
    return [(family, kind, proto, address) for family, kind, proto, _, address in found]


def _literal(host: str, port: int) -> _Target | None:
    """Return the target for an IP address, but for one with a zone, which the system resolves."""
    family, more = (socket.AF_INET6, (0, 0)) if ":" in host else (socket.AF_INET, ())
    try:
        socket.inet_pton(family, host)
    except OSError:
        return None
    return family, socket.SOCK_STREAM, 0, (host, port, *more)


def _loopback(port: int) -> list[_Target]:
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 0, ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", port)),
    ]


def _of_the_family_of(local_address: str, targets: list[_Target]) -> list[_Target]:
    """Return the targets that can be connected to from an address.

    Raises:
      OSError: there are none.
    """
    version = ipaddress.ip_address(local_address).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    fitting = [target for target in targets if target[0] == family]
    if not fitting:
        tried = listed([_text(target) for target in targets])
        raise OSError(
            errno.EAFNOSUPPORT,
            f"expected a host with an IPv{version} address, as local_address is one, got {tried}",
        )
    return fitting


def _interleaved(targets: list[_Target]) -> list[_Target]:
    """Return the targets with the address families in turns (RFC 8305 section 4).

    The order within each family, and the family that comes first, are the resolver's.
    """
    first = [target for target in targets if target[0] == targets[0][0]]
    others = [target for target in targets if target[0] != targets[0][0]]
    pairs = min(len(first), len(others))
    taken = [target for pair in zip(first, others, strict=False) for target in pair]
    return taken + first[pairs:] + others[pairs:]


async def _bind(sock: trio.socket.SocketType, local_address: str) -> None:
    # else bind() takes a port for this socket alone; so connect() does, and sockets to different
    # servers can share one
    with suppress(AttributeError, OSError):  # Linux has it
        sock.setsockopt(socket.IPPROTO_IP, trio.socket.IP_BIND_ADDRESS_NO_PORT, 1)
    try:
        await sock.bind((local_address, 0))
    except OSError as exc:
        words = f"local_address {local_address} cannot be used: {words_of(exc)}"
        raise OSError(words) from exc.with_traceback(None)


def _close(winners: list[_Won]) -> None:
    for _, stream in winners:
        stream.socket.close()


def _text(target: _Target) -> str:
    host, port = target[3][:2]
    return host_and_port(host, port)
