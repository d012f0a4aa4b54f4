"""The guarantee, row by row: however a scope is left, what the peer saw and what is left over."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.peer import CLOSE, TEXT, Frame, Peer, close, frame
from support.world import Witness, World, count_files, count_tasks

from trio_ws_dom import (
    WebSocket,
    WebSocketError,
    open_websocket,
    open_websocket_nursery,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SHORT = {"close_timeout": 0.3, "cancelled_close_timeout": 0.1}
"""Seconds; of no consequence in virtual time, and soon over in real time."""


class Scene:
    """One connection, its peer, and the accounts of both."""

    def __init__(self, world: World, nursery: trio.Nursery) -> None:
        self.world = world
        self.nursery = nursery
        self.peers: list[Peer] = []

    async def play(self, part: Callable[[Peer], Awaitable[None]] = Peer.serve) -> None:
        """Have the next connection's peer play a part."""
        self.nursery.start_soon(self._play, part)

    async def _play(self, part: Callable[[Peer], Awaitable[None]]) -> None:
        peer = await self.world.peer()
        self.peers.append(peer)
        async with peer.stream:
            await part(peer)

    def open(self, **options: Any) -> Any:
        return open_websocket(self.world.url, **self.world.options(**SHORT, **options))

    @property
    def peer(self) -> Peer:
        return self.peers[0]


@pytest.fixture
async def scene(world: World, nursery: trio.Nursery) -> Scene:
    return Scene(world, nursery)


async def accept_and_listen(peer: Peer) -> None:
    """A peer that reads everything and answers nothing."""
    await peer.accept()
    await peer.read_to_end()


async def accept_and_stop(peer: Peer) -> None:
    """A peer that is stuck: it neither reads nor writes."""
    await peer.accept()
    await trio.sleep(5)
    await peer.read_to_end()


async def accept_and_flood(peer: Peer) -> None:
    """A peer that sends without end and reads nothing."""
    await peer.accept()
    try:
        while True:
            await peer.send(frame(TEXT, b"x" * 1000) * 50)
            await trio.sleep(0.001)
    except trio.BrokenResourceError:
        peer.ended = "reset"


async def test_block_ends(scene: Scene, clock: object) -> None:
    """At the block's end: 1000, after all that was queued; clean."""
    await scene.play()
    async with scene.open() as ws:
        witness = Witness(ws)
        for number in range(100):
            ws.send(f"{number}")
    witness.check()
    assert [got.payload for got in scene.peer.frames[:-1]] == [b"%d" % n for n in range(100)]
    assert scene.peer.close_code == 1000
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)
    assert witness.events == ["close"]


async def test_block_raises(scene: Scene, clock: object) -> None:
    """An exception in the block: 1001, and the same object comes out, with its context."""
    await scene.play()
    context, boom = KeyError("context"), ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async with scene.open() as ws:
            witness = Witness(ws)
            try:
                raise context
            except KeyError:
                raise boom  # noqa: B904  # the implicit context is what is looked at
    assert caught.value is boom
    assert boom.__context__ is context
    witness.check()
    assert scene.peer.close_code == 1001
    assert ws.closeEvent.wasClean


async def test_block_raises_a_group(scene: Scene, clock: object) -> None:
    """A group of the block's own comes out as the same object too."""
    await scene.play()
    group = ExceptionGroup("mine", [ValueError("one"), KeyError("two")])
    with pytest.raises(ExceptionGroup) as caught:
        async with scene.open():
            raise group
    assert caught.value is group
    assert scene.peer.close_code == 1001


async def test_listener_raises(scene: Scene, clock: object) -> None:
    """A listener's exception: 1001, the block is cancelled once CLOSED, and a group comes out."""
    await scene.play()
    boom = ValueError("boom")

    def raise_boom(event: object) -> None:
        raise boom

    state_when_cancelled = None
    with pytest.raises(ExceptionGroup) as caught:
        async with scene.open() as ws:
            witness = Witness(ws)
            ws.addEventListener("message", raise_boom)
            try:
                await scene.peer.send(frame(TEXT, b"hello"))
                await trio.sleep_forever()
            finally:
                state_when_cancelled = ws.readyState
    assert caught.value.exceptions == (boom,)
    assert state_when_cancelled == WebSocket.CLOSED
    witness.check()
    assert scene.peer.close_code == 1001


async def test_listeners_and_block_raise(scene: Scene, clock: object) -> None:
    """Several listeners' exceptions and the block's own: one flat group, the block's last."""
    await scene.play()
    first, second, own = ValueError("first"), KeyError("second"), OSError("own")

    def raise_(exc: Exception) -> Callable[[object], None]:
        def listener(event: object) -> None:
            raise exc

        return listener

    with pytest.raises(ExceptionGroup) as caught:
        async with scene.open() as ws:
            ws.addEventListener("message", raise_(first))
            ws.addEventListener("message", raise_(second))
            await scene.peer.send(frame(TEXT, b"hello"))
            try:
                await trio.sleep_forever()
            finally:
                raise own
    assert caught.value.exceptions == (first, second, own)


async def test_async_listener_raises(scene: Scene, clock: object) -> None:
    """An async listener's exception ends the scope as a synchronous one's does."""
    await scene.play()
    boom = ValueError("boom")

    async def listener(event: object) -> None:
        await trio.lowlevel.checkpoint()
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with scene.open() as ws:
            witness = Witness(ws)
            ws.onmessage = listener
            await scene.peer.send(frame(TEXT, b"hello"))
            await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)
    witness.check()
    assert scene.peer.close_code == 1001


async def test_close_listener_raises(scene: Scene, clock: object) -> None:
    """An exception in a listener for close is not lost either."""
    await scene.play()
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with scene.open() as ws:
            ws.onclose = listener
    assert caught.value.exceptions == (boom,)
    assert ws.closeEvent.code == 1000


async def test_deadline(scene: Scene, clock: object) -> None:
    """A deadline: 1001, answered and clean; the scope was cancelled, nothing else is raised."""
    await scene.play()
    with trio.CancelScope() as scope:
        async with scene.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            witness = Witness(ws)
            await trio.sleep_forever()
    assert scope.cancelled_caught
    witness.check()
    assert scene.peer.close_code == 1001
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1001, True)


async def test_cancelled_at_the_exit(scene: Scene, clock: object) -> None:
    """A block that ends without exception while its scope is cancelled: 1001, and Cancelled."""
    await scene.play()
    with trio.CancelScope() as scope:
        async with scene.open() as ws:
            witness = Witness(ws)
            scope.cancel()
    assert scope.cancelled_caught
    witness.check()
    assert scene.peer.close_code == 1001
    assert ws.closeEvent.wasClean


async def test_cancelled_in_the_middle_of_a_close(scene: Scene, clock: object) -> None:
    """A cancellation during an ordinary close leaves it ``cancelled_close_timeout`` at most."""
    await scene.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with scene.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            witness = Witness(ws)
            start = trio.current_time()
    assert scope.cancelled_caught
    witness.check()
    assert scene.peer.close_code == 1000
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_sends_in_a_finally(scene: Scene, clock: object) -> None:
    """What the block sends on its way out goes out before the Close."""
    await scene.play()
    with trio.CancelScope() as scope:
        async with scene.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            try:
                await trio.sleep_forever()
            finally:
                ws.send("goodbye")
    assert [got.payload for got in scene.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]
    assert ws.closeEvent.wasClean


async def test_sibling_crashes(scene: Scene, clock: object) -> None:
    """A sibling's crash cancels the block: 1001; the sibling's exception is what comes out."""
    await scene.play()
    boom = ValueError("boom")
    sockets = []

    async def talk() -> None:
        async with scene.open() as ws:
            sockets.append(ws)
            await trio.sleep_forever()

    async def crash() -> None:
        while not sockets:
            await trio.testing.wait_all_tasks_blocked()
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            nursery.start_soon(crash)
    assert caught.value.exceptions == (boom,)
    assert scene.peer.close_code == 1001
    assert sockets[0].closeEvent.wasClean


async def test_peer_closes_first(scene: Scene, clock: object) -> None:
    """The peer's Close is echoed, and the event tells its code and reason."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=close(4321, "enough"))
        await peer.read_to_close()
        await peer.stream.aclose()

    await scene.play(part)
    async with scene.open() as ws:
        event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (4321, "enough", True)
    assert scene.peer.frames == [Frame(CLOSE, (4321).to_bytes(2, "big") + b"enough")]


async def test_program_closes(scene: Scene, clock: object) -> None:
    """A code and reason of the program's own go out, and the block's end adds nothing."""
    await scene.play()
    async with scene.open() as ws:
        witness = Witness(ws)
        ws.close(3001, "see you")
    witness.check()
    assert scene.peer.frames == [Frame(CLOSE, b"\x0b\xb9see you")]
    assert ws.closeEvent.code == 3001


async def test_peer_is_silent(scene: Scene, clock: object) -> None:
    """A peer that never answers the Close: ``close_timeout``, then 1006."""
    await scene.play(accept_and_listen)
    async with scene.open() as ws:
        witness = Witness(ws)
        start = trio.current_time()
    witness.check()
    assert scene.peer.close_code == 1000
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    assert isinstance(ws.failure.__cause__, TimeoutError)
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_peer_is_silent_and_we_are_cancelled(scene: Scene, clock: object) -> None:
    """Under cancellation a silent peer gets ``cancelled_close_timeout`` in all."""
    await scene.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with scene.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            witness = Witness(ws)
            start = trio.current_time()
            await trio.sleep_forever()
    witness.check()
    assert scene.peer.close_code == 1001
    assert ws.closeEvent.code == 1006
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_no_goodbye(scene: Scene, clock: object) -> None:
    """With ``cancelled_close_timeout=0`` a cancelled socket is gone at once, without a Close."""
    await scene.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with open_websocket(
            scene.world.url, **scene.world.options(cancelled_close_timeout=0)
        ) as ws:
            scope.deadline = trio.current_time() + 0.05
            witness = Witness(ws)
            start = trio.current_time()
            await trio.sleep_forever()
    witness.check()
    assert ws.closeEvent.code == 1006
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.05)
    await trio.testing.wait_all_tasks_blocked()
    assert scene.peer.close_code is None


async def test_peer_floods_while_nobody_reads(scene: Scene, clock: object) -> None:
    """A flood cannot extend the close."""
    await scene.play(accept_and_flood)
    async with scene.open() as ws:
        witness = Witness(ws)
        await trio.sleep(0.05)
        start = trio.current_time()
    witness.check()
    assert ws.closeEvent.code == 1006
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_peer_floods_and_then_answers(scene: Scene, clock: object) -> None:
    """Behind any amount of unread messages the peer's Close is found."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"x" * 1000) * 1000)
        await peer.read_to_close()
        await peer.send(frame(TEXT, b"y" * 1000) * 1000, close(1000))
        await peer.stream.aclose()

    await scene.play(part)
    async with scene.open() as ws:
        witness = Witness(ws)
    witness.check()
    assert ws.closeEvent.wasClean


async def test_peer_never_reads(scene: Scene, clock: object) -> None:
    """Megabytes queued for a peer that does not read: the bound, then 1006; nothing is claimed."""
    if not scene.world.real:
        pytest.skip("a memory stream takes any amount: there is nothing to be stuck in")
    await scene.play(accept_and_stop)
    async with scene.open() as ws:
        witness = Witness(ws)
        ws.send(b"x" * 50_000_000)
    witness.check()
    assert ws.closeEvent.code == 1006
    assert ws.bufferedAmount == 50_000_000


async def test_reset_in_mid_message(scene: Scene, clock: object) -> None:
    """TCP is lost in the middle of a message: ``close`` with 1006 and no ``error``."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"x" * 1000)[:500])
        await trio.aclose_forcefully(peer.stream)

    await scene.play(part)
    async with scene.open() as ws:
        witness = Witness(ws)
        await ws.wait_closed()
    witness.check()
    assert witness.events == ["close"]
    assert ws.closeEvent.code == 1006
    with pytest.raises(WebSocketError):
        await ws.receive()


async def test_peer_never_ends_tcp(scene: Scene, clock: object) -> None:
    """A peer that answers the Close and keeps TCP open: clean, within the bound."""

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        await peer.send(close(1000))
        await peer.read_to_end()

    await scene.play(part)
    async with scene.open() as ws:
        witness = Witness(ws)
        start = trio.current_time()
    witness.check()
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_cancelled_while_the_server_says_nothing(scene: Scene, clock: object) -> None:
    """Cancelled before the 101: given up at once, and no Close, as there is no WebSocket."""
    ended = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.read_request()
        await peer.read_to_end()
        ended.set()

    await scene.play(part)
    tasks = count_tasks()
    with trio.move_on_after(0.05) as scope:
        async with scene.open():
            raise AssertionError("the socket is never open")
    assert scope.cancelled_caught
    await ended.wait()
    assert scene.peer.frames == []
    assert count_tasks() < tasks


async def test_three_scopes(scene: Scene, clock: object) -> None:
    """Nested scopes that are cancelled all close with 1001."""
    for _ in range(3):
        await scene.play()
    with trio.CancelScope() as scope:
        async with scene.open() as one, scene.open() as two, scene.open() as three:
            scope.deadline = trio.current_time() + 0.05
            await trio.sleep_forever()
    assert [ws.closeEvent.wasClean for ws in (one, two, three)] == [True] * 3
    assert [peer.close_code for peer in scene.peers] == [1001] * 3


async def test_three_scopes_with_silent_peers(scene: Scene, clock: object) -> None:
    """Nested scopes close side by side: silent peers do not add up their bounds."""
    for _ in range(3):
        await scene.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with scene.open() as one, scene.open() as two, scene.open() as three:
            scope.deadline = trio.current_time() + 0.05
            start = trio.current_time()
            await trio.sleep_forever()
    assert [ws.closeEvent.code for ws in (one, two, three)] == [1006] * 3
    assert [peer.close_code for peer in scene.peers] == [1001] * 3
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_outer_scopes_finally(scene: Scene, clock: object) -> None:
    """What an outer block sends behind an inner scope's exit goes out before its Close."""
    for _ in range(2):
        await scene.play()
    with trio.CancelScope() as scope:
        async with scene.open() as outer:
            scope.deadline = trio.current_time() + 0.05
            try:
                async with scene.open():
                    await trio.sleep_forever()
            finally:
                outer.send("goodbye")
    assert [got.payload for got in scene.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]


async def test_bare_constructor_ends_normally(scene: Scene, clock: object) -> None:
    """A bare socket's nursery waits for it, as for any task, and closes nothing."""

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.send(close(1000))
        await peer.read_to_close()
        await peer.stream.aclose()

    await scene.play(part)
    async with trio.open_nursery() as nursery:
        ws = WebSocket(scene.world.url, nursery=nursery, **scene.world.options())
        witness = Witness(ws)
    witness.check()
    assert witness.events == ["open", "close"]
    assert scene.peer.close_code == 1000


async def test_bare_constructor_is_cancelled(scene: Scene, clock: object) -> None:
    """A bare socket's nursery that is cancelled: 1001, after what its tasks send in a finally."""
    await scene.play()
    async with trio.open_nursery() as nursery:
        ws = WebSocket(scene.world.url, nursery=nursery, **scene.world.options(**SHORT))
        witness = Witness(ws)
        opened = trio.Event()
        ws.onopen = lambda event: opened.set()
        await opened.wait()
        try:
            nursery.cancel_scope.cancel()
            await trio.lowlevel.checkpoint()
        finally:
            ws.send("goodbye")
    witness.check()
    assert [got.payload for got in scene.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]
    assert ws.closeEvent.wasClean


async def test_bare_constructor_listener_raises(scene: Scene, clock: object) -> None:
    """A bare socket's listeners' exceptions come out of its nursery, as one group."""
    await scene.play()
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws = WebSocket(scene.world.url, nursery=nursery, **scene.world.options(**SHORT))
            ws.onopen = listener
    (group,) = caught.value.exceptions
    assert isinstance(group, ExceptionGroup)
    assert group.exceptions == (boom,)
    assert scene.peer.close_code == 1001


async def test_websocket_nursery_ends(scene: Scene, clock: object) -> None:
    """At the end of an open_websocket_nursery's block: 1000 to each, side by side."""
    for _ in range(3):
        await scene.play()
    async with open_websocket_nursery() as sockets:
        every = [sockets.connect(scene.world.url, **scene.world.options(**SHORT)) for _ in range(3)]
        for opens in [ws.when("open") for ws in every]:
            await opens.receive()
    assert [peer.close_code for peer in scene.peers] == [1000] * 3
    assert all(ws.closeEvent.wasClean for ws in every)


async def test_websocket_nursery_gives_up_what_is_connecting(scene: Scene, clock: object) -> None:
    """At the end of the block a socket still CONNECTING fails at once."""

    async def part(peer: Peer) -> None:
        await peer.read_request()
        await peer.read_to_end()

    await scene.play(part)
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect(scene.world.url, **scene.world.options(**SHORT))
        witness = Witness(ws)
        await trio.testing.wait_all_tasks_blocked()
    witness.check()
    assert witness.events == ["error", "close"]
    assert ws.closeEvent.code == 1006


async def test_websocket_nursery_silent_peers(scene: Scene, clock: object) -> None:
    """Several silent peers share one bound."""
    for _ in range(3):
        await scene.play(accept_and_listen)
    async with open_websocket_nursery() as sockets:
        every = [sockets.connect(scene.world.url, **scene.world.options(**SHORT)) for _ in range(3)]
        for opens in [ws.when("open") for ws in every]:
            await opens.receive()
        start = trio.current_time()
    assert all(ws.closeEvent.code == 1006 for ws in every)
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_nothing_is_left(scene: Scene, clock: object) -> None:
    """No task and no file descriptor outlives a scope."""
    files, tasks = count_files(), count_tasks()
    for _ in range(3):
        await scene.play()
        async with scene.open() as ws:
            ws.send("hello")
            ws.onmessage = lambda event: trio.sleep_forever()  # noqa: ASYNC105  # awaited by a task
        await trio.testing.wait_all_tasks_blocked()
        await scene.peers[-1].stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert (count_files(), count_tasks()) == (files, tasks)


async def test_async_listeners_get_their_time(scene: Scene, clock: object) -> None:
    """After ``close`` unfinished async listeners get ``close_timeout``, then they are cancelled."""
    await scene.play()
    outcomes = []

    async def listener(event: object) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            outcomes.append("cancelled")
            raise

    async with scene.open() as ws:
        ws.onmessage = listener
        await scene.peer.send(frame(TEXT, b"hello"))
        ws.addEventListener("close", lambda event: outcomes.append("close"))
        await trio.testing.wait_all_tasks_blocked()
    assert outcomes == ["close", "cancelled"]


async def test_listeners_run_in_the_constructors_context(scene: Scene, clock: object) -> None:
    """Listeners see the context variables of the constructor's caller."""
    await scene.play()
    variable = contextvars.ContextVar("variable", default="nobody's")
    variable.set("caller's")
    seen = []
    async with scene.open() as ws:
        variable.set("changed later")
        ws.onclose = lambda event: seen.append(variable.get())
    assert seen == ["caller's"]


async def test_failure_to_open(scene: Scene, clock: object) -> None:
    """A connection that could not be opened: WebSocketError, bare, with the cause."""

    async def part(peer: Peer) -> None:
        await peer.read_request()
        await peer.stream.aclose()

    await scene.play(part)
    with pytest.raises(WebSocketError) as caught:
        async with scene.open():
            raise AssertionError("the socket is never open")
    assert caught.value.closeCode == 1006
    assert caught.value.__cause__ is not None
