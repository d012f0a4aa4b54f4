"""TCP to a host with one address or several, and the errors about those that fail."""

from __future__ import annotations

import errno
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.checked import instance, members, not_none
from support.failing import failure_to_open
from support.fake_network import FakeNetwork

from trio_ws_dom import WebSocket
from trio_ws_dom._net._dial._tcp import ATTEMPT_DELAY, TcpDialler

if TYPE_CHECKING:
    from collections.abc import Callable

    Network = Callable[..., FakeNetwork]

ONE, TWO, THREE, SIX = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::6"

REFUSED, UNREACHABLE = errno.ECONNREFUSED, errno.EHOSTUNREACH


@pytest.fixture
def closed_port() -> Any:
    """A port on loopback that refuses connections."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


async def failure(network: Network, says: dict[str, int | float | None]) -> OSError:
    """Return why a host with these addresses cannot be connected to."""
    network({"host": list(says)}, says)
    with pytest.raises(OSError) as caught:
        await TcpDialler("host", 80).connect()
    return caught.value


# The text of the errors.


async def test_closed_port_is_connection_refused(closed_port: int) -> None:
    error = await failure_to_open(f"ws://127.0.0.1:{closed_port}/")
    address = f"127.0.0.1:{closed_port}"
    assert str(error) == f"ws://{address}/: connection refused (tried {address})"
    assert type(error.__cause__) is ConnectionRefusedError
    assert error.__cause__.errno == REFUSED


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (errno.ECONNREFUSED, "connection refused", ConnectionRefusedError),
        (errno.ETIMEDOUT, "timed out", TimeoutError),
        (errno.EHOSTUNREACH, "host unreachable", OSError),
        (errno.ENETUNREACH, "network unreachable", OSError),
        (errno.ENOBUFS, os.strerror(errno.ENOBUFS), OSError),
    ],
)
async def test_addresses_that_fail_alike_make_one_error_of_their_kind(
    code: int, words: str, kind: type, network: Network, autojump_clock: Any
) -> None:
    error = await failure(network, {ONE: code, SIX: code})
    assert (type(error), error.errno) == (kind, code)
    assert error.strerror == f"{words} (tried {ONE}:80, [{SIX}]:80)"
    assert (type(error.__cause__), instance(OSError, error.__cause__).errno) == (kind, code)


async def test_addresses_that_fail_differently_are_each_named(
    network: Network, autojump_clock: Any
) -> None:
    error = await failure(network, {ONE: REFUSED, TWO: UNREACHABLE})
    each = f"{ONE}:80 (connection refused), {TWO}:80 (host unreachable)"
    assert str(error) == f"no address accepts connections: {each}"
    causes = [instance(OSError, each) for each in members(error.__cause__)]
    assert [cause.errno for cause in causes] == [REFUSED, UNREACHABLE]


async def test_what_this_machine_lacks_does_not_hide_what_the_host_says(
    network: Network, autojump_clock: Any
) -> None:
    """Without IPv6, as in many containers, a closed port of localhost is reported as that."""
    error = await failure(network, {SIX: errno.EADDRNOTAVAIL, ONE: REFUSED})
    assert isinstance(error, ConnectionRefusedError)
    assert f"[{SIX}]:80 ({os.strerror(errno.EADDRNOTAVAIL)})" in str(error)


async def test_many_addresses_are_not_all_named(network: Network, autojump_clock: Any) -> None:
    error = await failure(network, {f"192.0.2.{n}": REFUSED for n in range(50)})
    assert str(error.strerror).endswith("192.0.2.5:80 and 44 more)")


async def test_errors_that_are_kept_hold_no_frames(network: Network, autojump_clock: Any) -> None:
    error = await failure(network, {ONE: REFUSED})
    assert not_none(error.__cause__).__traceback__ is None


async def test_name_that_is_not_found(network: Network, autojump_clock: Any) -> None:
    missing = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    network({"missing.test": missing})
    error = await failure_to_open("ws://missing.test/")
    assert str(error) == (
        "ws://missing.test/: name not found: missing.test (Name or service not known)"
    )
    assert isinstance(error.__cause__, socket.gaierror)
    assert error.__cause__.errno == socket.EAI_NONAME
    assert error.__cause__.__cause__ is missing


async def test_resolver_that_fails_for_now(network: Network, autojump_clock: Any) -> None:
    network({"host": socket.gaierror(socket.EAI_AGAIN, "Temporary failure")})
    with pytest.raises(socket.gaierror, match=r"name not resolved: host \(Temporary failure\)"):
        await TcpDialler("host", 80).connect()


async def test_name_without_addresses_is_not_found(network: Network, autojump_clock: Any) -> None:
    network({"host": []})
    with pytest.raises(socket.gaierror, match=r"name not found: host \(no addresses\)"):
        await TcpDialler("host", 80).connect()


# Which address wins.


async def test_next_address_is_tried_at_once_after_a_failure(
    network: Network, autojump_clock: Any
) -> None:
    made = network({"host": [ONE, TWO]}, {ONE: REFUSED})
    start = trio.current_time()
    async with await TcpDialler("host", 80).connect():
        assert made.dialled == [(ONE, start), (TWO, start)]


async def test_next_address_is_tried_beside_one_that_is_slow(
    network: Network, autojump_clock: Any
) -> None:
    made = network({"host": [ONE, TWO, THREE]}, {ONE: None, TWO: None})
    start = trio.current_time()
    async with await TcpDialler("host", 80).connect():
        assert made.dialled == [
            (ONE, start),
            (TWO, pytest.approx(start + ATTEMPT_DELAY)),
            (THREE, pytest.approx(start + 2 * ATTEMPT_DELAY)),
        ]


async def test_slow_address_wins_over_a_slower_one(network: Network, autojump_clock: Any) -> None:
    network({"host": [ONE, TWO]}, {ONE: 1.0, TWO: 60.0})
    start = trio.current_time()
    async with await TcpDialler("host", 80).connect():
        assert trio.current_time() - start == pytest.approx(1)


async def test_kinds_of_addresses_take_turns(network: Network, autojump_clock: Any) -> None:
    """RFC 8305 section 4 says so, as one kind may be broken as a whole."""
    made = network({"host": [SIX, "2001:db8::7", "2001:db8::8", ONE]}, {SIX: REFUSED, ONE: REFUSED})
    async with await TcpDialler("host", 80).connect():
        assert made.addresses == [SIX, ONE, "2001:db8::7"]


async def set_after(event: trio.Event, seconds: float) -> None:
    await trio.sleep(seconds)
    event.set()


async def test_of_two_that_accept_at_once_one_is_kept(
    network: Network, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    both = trio.Event()
    made = network({"host": [ONE, TWO]}, {ONE: both, TWO: both})
    nursery.start_soon(set_after, both, 1)
    dialler = TcpDialler("host", 80)
    async with await dialler.connect():
        assert len(made.accepted) == 2
        assert await made.accepted[1].receive_some() == b""
        assert dialler.has_more


@pytest.mark.parametrize("addresses", [[ONE], [ONE, TWO]])
async def test_cancelled_connecting_leaves_nothing_open(
    addresses: list[str], network: Network, autojump_clock: Any
) -> None:
    network({"host": addresses}, dict.fromkeys(addresses))
    with trio.move_on_after(1) as scope:
        await TcpDialler("host", 80).connect()
    assert scope.cancelled_caught  # a socket that is still open is a ResourceWarning


async def test_cancelled_as_an_address_accepts_leaves_nothing_open(
    network: Network, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    accepts = trio.Event()
    made = network({"host": [ONE, TWO]}, {ONE: accepts, TWO: None})

    async def accept_and_cancel() -> None:
        await trio.sleep(1)
        accepts.set()
        scope.cancel()

    nursery.start_soon(accept_and_cancel)
    with trio.CancelScope() as scope:
        await TcpDialler("host", 80).connect()
    assert scope.cancelled_caught
    assert await made.accepted[0].receive_some() == b""


@pytest.mark.parametrize("addresses", [[ONE], [ONE, TWO]])
def test_interrupt_while_connecting_is_deferred(addresses: list[str]) -> None:
    """It comes out of the main task, as any other, and the socket is closed."""
    sockets: list[WebSocket] = []

    class CtrlC(trio.abc.SocketFactory):
        pressed = False

        def socket(self, family: Any = 0, type: Any = 0, proto: int = 0) -> Any:
            if not self.pressed:
                self.pressed = True
                signal.raise_signal(signal.SIGINT)
            raise OSError(REFUSED, "refused")

    async def main() -> None:
        FakeNetwork({"host": addresses})
        trio.socket.set_custom_socket_factory(CtrlC())
        async with trio.open_nursery() as nursery:
            sockets.append(WebSocket("ws://host/", nursery=nursery))

    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(main)
    assert [type(exc) for exc in caught.value.exceptions] == [KeyboardInterrupt]
    assert sockets[0].readyState == WebSocket.CLOSED


# Hosts that are looked up, and those that are not.


@pytest.mark.parametrize(
    ("host", "address"), [("192.0.2.1", "192.0.2.1"), ("[2001:db8::6]", "2001:db8::6")]
)
async def test_ip_address_is_not_looked_up(
    host: str, address: str, network: Network, autojump_clock: Any
) -> None:
    made = network({}, {address: REFUSED})
    await failure_to_open(f"ws://{host}/")
    assert (made.looked_up, made.addresses) == ([], [address])


async def test_zone_of_an_ip_address_is_connected_to(network: Network, autojump_clock: Any) -> None:
    made = network({})
    async with await TcpDialler("fe80::1%1", 80).connect():
        assert made.connected_to == [("fe80::1", 80, 0, 1)]


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "a.b.localhost.", "LOCALHOST"])
async def test_localhost_and_all_below_it_is_loopback_without_the_resolver(
    host: str, network: Network, autojump_clock: Any
) -> None:
    made = network({}, {"::1": REFUSED, "127.0.0.1": REFUSED})
    error = await failure_to_open(f"ws://{host}:8000/")
    assert made.addresses == ["::1", "127.0.0.1"]
    assert made.looked_up == []
    assert "connection refused (tried [::1]:8000, 127.0.0.1:8000)" in str(error)


async def test_name_that_only_ends_like_localhost_is_looked_up(
    network: Network, autojump_clock: Any
) -> None:
    made = network({"notlocalhost": [ONE]}, {ONE: REFUSED})
    await failure_to_open("ws://notlocalhost/")
    assert made.looked_up == ["notlocalhost"]


# The local address.


async def test_local_address_is_bound(network: Network, autojump_clock: Any) -> None:
    made = network({"host": [ONE]})
    async with await TcpDialler("host", 80, "192.0.2.99").connect():
        assert made.bound == ["192.0.2.99"]


async def test_local_address_of_loopback_is_the_clients() -> None:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        port = listener.socket.getsockname()[1]
        async with (
            await TcpDialler("127.0.0.1", port, "127.0.0.2").connect(),
            await listener.accept() as accepted,
        ):
            assert accepted.socket.getpeername()[0] == "127.0.0.2"


async def test_only_addresses_of_the_local_addresss_kind_are_tried(
    network: Network, autojump_clock: Any
) -> None:
    made = network({"host": [SIX, ONE]})
    async with await TcpDialler("host", 80, "192.0.2.99").connect():
        assert made.addresses == [ONE]


async def test_host_without_addresses_of_the_local_addresss_kind(
    network: Network, autojump_clock: Any
) -> None:
    network({"host": [SIX]})
    expected = rf"expected a host with an IPv4 address, as local_address is one, got \[{SIX}\]:80"
    with pytest.raises(OSError, match=expected):
        await TcpDialler("host", 80, "192.0.2.99").connect()


async def test_local_address_that_is_not_this_machines(
    network: Network, autojump_clock: Any
) -> None:
    network({"host": [ONE]}, {"192.0.2.99": errno.EADDRNOTAVAIL})
    expected = r"local_address 192\.0\.2\.99 cannot be used: .+ \(tried 192\.0\.2\.1:80\)"
    with pytest.raises(OSError, match=expected) as caught:
        await TcpDialler("host", 80, "192.0.2.99").connect()
    cause = not_none(caught.value.__cause__)
    assert instance(OSError, cause.__cause__).errno == errno.EADDRNOTAVAIL
