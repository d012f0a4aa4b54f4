"""One CONNECTING per host and port: the queue."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.peer import Peer

from trio_ws_dom import WebSocket
from trio_ws_dom._net._dial._connect_queue import Turn, _queues


async def take(turn: Turn, name: str, trace: list[str], done: trio.Event | None = None) -> None:
    """Have a turn, and note it."""
    async with turn:
        trace.append(name)
        if done is not None:
            await done.wait()


async def test_order_of_making(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Turns come in the order in which they were made, whoever waits first."""
    turns = [Turn("host", 80) for _ in range(3)]
    trace: list[str] = []
    for index in (2, 1, 0):
        nursery.start_soon(take, turns[index], str(index), trace)
        await trio.testing.wait_all_tasks_blocked()
    assert trace == ["0", "1", "2"]


async def test_one_at_a_time(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The next comes when the one before has given up its place."""
    done, trace = trio.Event(), []
    nursery.start_soon(take, Turn("host", 80), "first", trace, done)
    nursery.start_soon(take, Turn("host", 80), "second", trace)
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["first"]
    done.set()
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["first", "second"]


async def test_other_places_do_not_wait(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Another host or another port is another queue."""
    done, trace = trio.Event(), []
    for host, port in (("a", 80), ("a", 81), ("b", 80)):
        nursery.start_soon(take, Turn(host, port), f"{host}{port}", trace, done)
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(trace) == ["a80", "a81", "b80"]
    done.set()


@pytest.mark.parametrize("leaver", [0, 1])
async def test_cancelled_ones_leave_the_queue(
    leaver: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Whether it waits or has its turn, the others come to theirs."""
    turns = [Turn("host", 80) for _ in range(3)]
    scopes = [trio.CancelScope() for _ in range(3)]
    trace: list[str] = []

    async def hold(index: int) -> None:
        with scopes[index]:
            await take(turns[index], str(index), trace, trio.Event())

    for index in range(3):
        nursery.start_soon(hold, index)
    await trio.testing.wait_all_tasks_blocked()
    scopes[leaver].cancel()
    await trio.testing.wait_all_tasks_blocked()
    scopes[1 - leaver].cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert trace[-1] == "2"
    scopes[2].cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert _queues.get() == {}


async def test_queues_are_forgotten(autojump_clock: Any) -> None:
    """Nothing is kept of a place where nobody connects."""
    async with Turn("host", 80):
        assert list(_queues.get()) == [("host", 80)]
    assert _queues.get() == {}


def test_each_run_has_its_own() -> None:
    """A run that was ended in the middle leaves nothing to the next one."""

    async def leave_one() -> None:
        Turn("host", 80)

    async def take_one() -> None:
        with trio.fail_after(1):
            async with Turn("host", 80):
                pass

    trio.run(leave_one)
    trio.run(take_one, clock=trio.testing.MockClock(autojump_threshold=0))


class Place:
    """A listener on loopback, and what it has accepted."""

    async def __aenter__(self) -> Place:
        self._listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
        self._open: list[trio.abc.AsyncResource] = [self._listener]
        self.url = "ws://{}:{}/".format(*self._listener.socket.getsockname())
        return self

    async def __aexit__(self, *exc: object) -> None:
        for each in self._open:
            await trio.aclose_forcefully(each)

    async def accept(self) -> Peer:
        self._open.append(stream := await self._listener.accept())
        peer = Peer(stream)
        await peer.read_request()
        return peer


async def test_sockets_wait_for_each_other() -> None:
    """The second one dials when the first one is open."""
    async with Place() as place, trio.open_nursery() as nursery:
        for number in range(2):
            WebSocket(f"{place.url}{number}", nursery=nursery)
        peer = await place.accept()
        assert peer.request.startswith(b"GET /0 ")
        with trio.move_on_after(0.05) as scope:
            await place.accept()
        assert scope.cancelled_caught
        await peer.send(peer.response())
        assert (await place.accept()).request.startswith(b"GET /1 ")
        peer.stream.socket.close()
        nursery.cancel_scope.cancel()


async def test_sockets_that_do_not_wait() -> None:
    """With ``serialize_connects=False`` they dial side by side."""
    async with Place() as place, trio.open_nursery() as nursery:
        for _ in range(2):
            WebSocket(place.url, nursery=nursery, serialize_connects=False)
        for _ in range(2):
            await place.accept()
        nursery.cancel_scope.cancel()


async def test_closing_one_that_waits() -> None:
    """A socket closed while it waits fails at once, and the one behind it moves up."""
    async with Place() as place, trio.open_nursery() as nursery:
        first, second, third = (WebSocket(place.url, nursery=nursery) for _ in range(3))
        opened = third.when("open")
        peer = await place.accept()
        second.close()
        assert (await second.wait_closed()).code == 1006
        await peer.send(peer.response())
        other = await place.accept()
        await other.send(other.response())
        await opened.receive()
        assert first.readyState == WebSocket.OPEN
        for each in (peer, other):
            nursery.start_soon(each.finish)
        await first.aclose()
        await third.aclose()


async def test_waiting_does_not_count_for_open_timeout(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A queue of slow ones does not make the last one late: it is timed from its dialling on."""
    trio.socket.set_custom_socket_factory(NoSockets())
    trio.socket.set_custom_hostname_resolver(NoSockets())
    start = trio.current_time()
    sockets = [WebSocket("ws://peer.test/", nursery=nursery, open_timeout=10) for _ in range(3)]
    ends = []
    for ws in sockets:
        await ws.wait_closed()
        ends.append(trio.current_time() - start)
    assert ends == pytest.approx([10, 20, 30])
    assert all(isinstance(ws.failure.__cause__, TimeoutError) for ws in sockets)


class NoSockets(trio.abc.SocketFactory, trio.abc.HostnameResolver):
    """A network in which every lookup takes for ever."""

    def socket(self, *args: Any) -> Any:
        raise AssertionError("nothing is resolved")

    async def getaddrinfo(self, *args: Any) -> Any:
        await trio.sleep_forever()

    async def getnameinfo(self, *args: Any) -> Any:
        raise AssertionError("nobody asks")
