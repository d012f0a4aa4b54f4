"""The queue that lets one socket per host and port connect at a time."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.checked import instance, not_none
from support.peer import Peer

from trio_ws_dom import WebSocket
from trio_ws_dom._net._dial._connect_queue import Slot, _queues


async def take(slot: Slot, name: str, trace: list[str], done: trio.Event | None = None) -> None:
    """Wait for a slot, record it, and keep it until ``done``."""
    async with slot:
        trace.append(name)
        if done is not None:
            await done.wait()


async def test_slots_come_in_the_order_of_their_making(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    slots = [Slot("host", 80) for _ in range(3)]
    trace: list[str] = []
    for index in (2, 1, 0):
        nursery.start_soon(take, slots[index], str(index), trace)
        await trio.testing.wait_all_tasks_blocked()
    assert trace == ["0", "1", "2"]


async def test_next_slot_comes_after_the_first_was_left(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    done = trio.Event()
    trace: list[str] = []
    nursery.start_soon(take, Slot("host", 80), "first", trace, done)
    nursery.start_soon(take, Slot("host", 80), "second", trace)
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["first"]
    done.set()
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["first", "second"]


async def test_other_hosts_and_ports_have_queues_of_their_own(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    done = trio.Event()
    trace: list[str] = []
    for host, port in (("a", 80), ("a", 81), ("b", 80)):
        nursery.start_soon(take, Slot(host, port), f"{host}{port}", trace, done)
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(trace) == ["a80", "a81", "b80"]
    done.set()


@pytest.mark.parametrize("leaver", [0, 1])
async def test_cancelled_slot_leaves_the_queue(
    leaver: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The first one has its slot when it is cancelled, and the second one waits for it."""
    slots = [Slot("host", 80) for _ in range(3)]
    scopes = [trio.CancelScope() for _ in range(3)]
    trace: list[str] = []

    async def hold(index: int) -> None:
        with scopes[index]:
            await take(slots[index], str(index), trace, trio.Event())

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


async def test_empty_queue_is_forgotten(autojump_clock: Any) -> None:
    async with Slot("host", 80):
        assert list(_queues.get()) == [("host", 80)]
    assert _queues.get() == {}


def test_each_trio_run_has_queues_of_its_own() -> None:

    async def leave_one() -> None:
        Slot("host", 80)

    async def take_one() -> None:
        with trio.fail_after(1):
            async with Slot("host", 80):
                pass

    trio.run(leave_one)
    trio.run(take_one, clock=trio.testing.MockClock(autojump_threshold=0))


class Server:
    """A listener on loopback, and the connections that it has accepted."""

    async def __aenter__(self) -> Server:
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


async def test_second_socket_dials_after_the_first_is_open() -> None:
    async with Server() as server, trio.open_nursery() as nursery:
        for number in range(2):
            WebSocket(f"{server.url}{number}", nursery=nursery)
        peer = await server.accept()
        assert peer.request.startswith(b"GET /0 ")
        with trio.move_on_after(0.05) as scope:
            await server.accept()
        assert scope.cancelled_caught
        await peer.send(peer.response())
        assert (await server.accept()).request.startswith(b"GET /1 ")
        instance(trio.SocketStream, peer.stream).socket.close()
        nursery.cancel_scope.cancel()


async def test_without_serialize_connects_sockets_dial_side_by_side() -> None:
    async with Server() as server, trio.open_nursery() as nursery:
        for _ in range(2):
            WebSocket(server.url, nursery=nursery, serialize_connects=False)
        for _ in range(2):
            await server.accept()
        nursery.cancel_scope.cancel()


async def test_socket_closed_in_the_queue_fails_at_once_and_the_next_moves_up() -> None:
    async with Server() as server, trio.open_nursery() as nursery:
        first, second, third = (WebSocket(server.url, nursery=nursery) for _ in range(3))
        opened = third.when("open")
        peer = await server.accept()
        second.close()
        assert (await second.wait_closed()).code == 1006
        await peer.send(peer.response())
        other = await server.accept()
        await other.send(other.response())
        await opened.receive()
        assert first.readyState == WebSocket.OPEN
        for each in (peer, other):
            nursery.start_soon(each.finish)
        await first.aclose()
        await third.aclose()


async def test_time_in_the_queue_does_not_count_for_open_timeout(
    nursery: trio.Nursery, network: Any, autojump_clock: Any
) -> None:
    network({"peer.test": trio.sleep_forever})
    start = trio.current_time()
    sockets = [WebSocket("ws://peer.test/", nursery=nursery, open_timeout=10) for _ in range(3)]
    ends: list[float] = []
    for ws in sockets:
        await ws.wait_closed()
        ends.append(trio.current_time() - start)
    assert ends == pytest.approx([10, 20, 30])
    assert all(isinstance(not_none(ws.failure).__cause__, TimeoutError) for ws in sockets)
