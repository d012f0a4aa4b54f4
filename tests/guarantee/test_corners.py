"""Corners: unusual things that a program may do, each with a defined result."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import textwrap
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.peer import TEXT, Peer, frame
from support.world import Witness, World, count_tasks

from trio_ws_dom import WebSocket, WebSocketError, open_websocket, open_websocket_nursery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHORT: dict[str, Any] = {"close_timeout": 0.3, "cancelled_close_timeout": 0.1}
"""Seconds; of no consequence in virtual time, and soon over in real time."""

HELLO = frame(TEXT, b"hello")


class Stage:
    """The next connections' peers, and what they saw."""

    def __init__(self, world: World, nursery: trio.Nursery) -> None:
        self._world = world
        self._nursery = nursery
        self.peers: list[Peer] = []

    def peer(self, *hello: bytes, answers: bool = True) -> dict[str, Any]:
        """Have a peer ready, which says something first; gives the options to connect with."""
        self._nursery.start_soon(self._play, b"".join(hello), answers)
        return self._world.options(**SHORT)

    async def _play(self, hello: bytes, answers: bool) -> None:
        peer = await self._world.peer()
        self.peers.append(peer)
        async with peer.stream:
            await peer.accept(then=hello)
            await (peer.finish if answers else peer.read_to_end)()

    @property
    def url(self) -> str:
        return self._world.url

    @property
    def code(self) -> int | None:
        return self.peers[0].close_code


@pytest.fixture
async def stage(world: World, nursery: trio.Nursery) -> Stage:
    return Stage(world, nursery)


async def test_nursery_cancelled_from_a_listener(stage: Stage, clock: object) -> None:
    """A listener that cancels the bare socket's nursery: 1001, and clean."""
    async with trio.open_nursery() as nursery:
        ws = WebSocket(stage.url, nursery=nursery, **stage.peer(HELLO))
        witness = Witness(ws)
        ws.onmessage = lambda event: nursery.cancel_scope.cancel()
    witness.check()
    assert stage.code == 1001
    assert ws.closeEvent.wasClean


async def test_scope_cancelled_from_a_listener(stage: Stage, clock: object) -> None:
    """The same for the scope around an open_websocket."""
    with trio.CancelScope() as scope:
        async with open_websocket(stage.url, **stage.peer(HELLO)) as ws:
            ws.onmessage = lambda event: scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert stage.code == 1001
    assert ws.closeEvent.wasClean


async def test_many_aclose(stage: Stage, clock: object) -> None:
    """aclose() from several tasks at once: one Close, the first one's; all wait until CLOSED."""
    states = []

    async def aclose(ws: WebSocket, code: int) -> None:
        await ws.aclose(code)
        states.append(ws.readyState)

    async with open_websocket(stage.url, **stage.peer()) as ws, trio.open_nursery() as nursery:
        await aclose_first(ws, nursery)
        for code in (3001, 3002, 3003):
            nursery.start_soon(aclose, ws, code)
    assert states == [WebSocket.CLOSED] * 3
    assert stage.code == 3000


async def aclose_first(ws: WebSocket, nursery: trio.Nursery) -> None:
    nursery.start_soon(ws.aclose, 3000)
    await trio.lowlevel.checkpoint()


async def test_aclose_of_which_one_is_cancelled(stage: Stage, clock: object) -> None:
    """One of the waiting tasks is cancelled: the close is hurried, for all of them."""
    async with open_websocket(stage.url, **stage.peer(answers=False)) as ws:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ws.aclose)
            with trio.move_on_after(0.01):
                await ws.aclose()
        took = trio.current_time() - start
    assert ws.closeEvent.code == 1006
    assert took < SHORT["close_timeout"]


async def test_aclose_in_an_async_listener(stage: Stage, clock: object) -> None:
    """A listener may await the end of its own socket: close is dispatched by another task."""
    done = []

    async with open_websocket(stage.url, **stage.peer(HELLO)) as ws:

        async def listener(event: object) -> None:
            await ws.aclose(3001)
            done.append(ws.readyState)

        ws.onmessage = listener
        await ws.wait_closed()
    assert done == [WebSocket.CLOSED]
    assert stage.code == 3001


async def test_exit_while_another_task_receives(stage: Stage, clock: object) -> None:
    """A task blocked in receive() when the block is left: ClosedResourceError."""
    caught = []

    async def receive(ws: WebSocket) -> None:
        with pytest.raises(trio.ClosedResourceError) as raised:
            await ws.receive()
        caught.append(raised.value)

    async with trio.open_nursery() as nursery:
        async with open_websocket(stage.url, **stage.peer()) as ws:
            nursery.start_soon(receive, ws)
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert ws.readyState == WebSocket.CLOSED
    assert len(caught) == 1
    assert stage.code == 1000


async def test_exit_while_another_task_drains(stage: Stage, clock: object) -> None:
    """A task in drain() when the block is left comes back once all has left."""
    done = []

    async def drain(ws: WebSocket) -> None:
        await ws.drain()
        done.append(ws.bufferedAmount)

    async with trio.open_nursery() as nursery:
        async with open_websocket(stage.url, **stage.peer()) as ws:
            ws.send(b"x" * 100_000)
            nursery.start_soon(drain, ws)
    assert done == [0]


async def test_drain_of_a_socket_that_breaks(stage: Stage, clock: object) -> None:
    """A task in drain() is told when the socket is closed with bytes not sent."""
    caught = []

    async def drain(ws: WebSocket) -> None:
        with pytest.raises(WebSocketError) as raised:
            await ws.drain()
        caught.append(raised.value)

    async with trio.open_nursery() as nursery:
        async with open_websocket(stage.url, **stage.peer()) as ws:
            ws.close()
            ws.send("counted, not sent")
            nursery.start_soon(drain, ws)
    assert caught[0].closeCode == 1005


@pytest.mark.parametrize("name", ["open", "message", "error", "close"])
async def test_listener_raises_at(name: str, stage: Stage, clock: object) -> None:
    """Whatever the event, the exception comes out, in one flat group, and the socket is CLOSED."""
    boom = ValueError(name)

    def listener(event: object) -> None:
        raise boom

    wrong = frame(3)  # a reserved opcode: the socket fails, and fires error
    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket_nursery() as sockets:
            options = stage.peer(HELLO, *[wrong] * (name == "error"))
            ws = sockets.connect(stage.url, **options)
            witness = Witness(ws)
            ws.addEventListener("message", lambda event: None)
            ws.addEventListener(name, listener)
            await ws.wait_closed() if name == "error" else await trio.sleep(0.1)
            if name == "error":
                await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)
    witness.check()


async def test_all_listeners_raise(stage: Stage, clock: object) -> None:
    """Several events' listeners: all of their exceptions, in the order of the events."""
    booms = {name: ValueError(name) for name in ("open", "message", "close")}

    def listener(event: Any) -> None:
        raise booms[event.type]

    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket_nursery() as sockets:
            ws = sockets.connect(stage.url, **stage.peer(HELLO))
            for name in booms:
                ws.addEventListener(name, listener)
            await trio.sleep_forever()
    # closing begins with the first: message events fire only while OPEN
    assert caught.value.exceptions == (booms["open"], booms["close"])


async def test_async_listeners_that_never_end(stage: Stage, clock: object) -> None:
    """They hold up the exit for ``close_timeout``, and no longer; nothing is left of them."""
    ended = []

    async def forever(event: object) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append(event)

    tasks = count_tasks()
    async with open_websocket(stage.url, **stage.peer(HELLO * 150)) as ws:
        ws.onmessage = ws.onclose = forever
        await trio.testing.wait_all_tasks_blocked(0.01)
        start = trio.current_time()
    took = trio.current_time() - start
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert len(ended) == 101  # of messages, and one of close
    assert took < 2 * SHORT["close_timeout"] + 0.2
    assert count_tasks() <= tasks


async def test_async_listener_that_resists(stage: Stage, clock: object) -> None:
    """A listener's own shield holds the scope, as any task's holds its nursery."""
    order = []

    async def stubborn(event: object) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)
        order.append("listener")

    async with open_websocket(stage.url, **stage.peer(HELLO)) as ws:
        ws.onmessage = stubborn
        await trio.testing.wait_all_tasks_blocked(0.01)
    order.append("out")
    assert order == ["listener", "out"]


async def messages(stage: Stage, options: dict[str, Any]) -> AsyncIterator[str | bytes]:
    async with open_websocket(stage.url, **options) as ws:
        async for message in ws:
            yield message


async def test_async_generator(stage: Stage, clock: object) -> None:
    """A scope in an async generator that is closed as it should be: 1001 (GeneratorExit).

    One that is left lying until the run ends breaks trio itself, as any nursery in one does.
    """
    async with aclosing(messages(stage, stage.peer(HELLO, HELLO))) as source:
        async for message in source:
            assert message == "hello"
            break
    assert stage.code == 1001


def test_guest_mode() -> None:
    """trio as a guest of asyncio: a scope runs and ends there as it does anywhere."""
    seen: list[object] = []

    async def main() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_one, listener)
            port = listener.socket.getsockname()[1]
            with trio.move_on_after(0.05):
                async with open_websocket(f"ws://127.0.0.1:{port}") as ws:
                    await trio.sleep_forever()
            seen.append((ws.closeEvent.code, ws.closeEvent.wasClean))

    async def serve_one(listener: trio.SocketListener) -> None:
        async with listener:
            await Peer(await listener.accept()).serve()

    async def host() -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            main,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        (await done).unwrap()

    asyncio.run(host())
    assert seen == [(1001, True)]


async def test_contextvars(stage: Stage, clock: object) -> None:
    """Listeners see the constructor's caller's context; what they set stays theirs."""
    variable = contextvars.ContextVar("variable", default="nobody's")
    variable.set("caller's")
    seen = []

    def listener(event: object) -> None:
        seen.append(variable.get())
        variable.set("listener's")

    async def async_listener(event: object) -> None:
        seen.append(variable.get())

    async with open_websocket(stage.url, **stage.peer(HELLO)) as ws:
        ws.addEventListener("message", async_listener)
        ws.addEventListener("message", listener)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert variable.get() == "caller's"
    assert sorted(seen)[0] == "caller's"
    assert variable.get() == "caller's"


async def test_made_in_a_cancelled_nursery(stage: Stage, clock: object) -> None:
    """A socket in a nursery that is cancelled already: error and close, and nothing on the wire."""
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.cancel()
        ws = WebSocket(
            stage.url, nursery=nursery, **SHORT, stream=trio.testing.memory_stream_pair()[0]
        )
        witness = Witness(ws)
    witness.check()
    assert witness.events == ["error", "close"]


async def test_opened_in_a_cancelled_scope(stage: Stage, clock: object) -> None:
    """open_websocket() under cancellation: Cancelled, and the block is not entered."""
    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_websocket(stage.url, stream=trio.testing.memory_stream_pair()[0]):
            raise AssertionError("the block was entered")
    assert scope.cancelled_caught


async def test_made_in_a_closed_nursery(stage: Stage, clock: object) -> None:
    """A socket in a nursery that is over: RuntimeError, at once."""
    async with trio.open_nursery() as nursery:
        pass
    with pytest.raises(RuntimeError):
        WebSocket(stage.url, nursery=nursery, stream=trio.testing.memory_stream_pair()[0])


async def test_base_exceptions(stage: Stage, clock: object) -> None:
    """SystemExit in the block: 1001, and it comes out bare."""
    with pytest.raises(SystemExit) as caught:
        async with open_websocket(stage.url, **stage.peer()):
            sys.exit(3)
    assert caught.value.code == 3
    assert stage.code == 1001


PROGRAM = """
import sys, threading, trio
from support.peer import Peer
from trio_ws_dom import open_websocket

is_open = threading.Event()

async def serve(listener):
    async with listener:
        await Peer(await listener.accept()).serve()

async def main():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, listener)
        port = listener.socket.getsockname()[1]
        async with open_websocket(f"ws://127.0.0.1:{port}") as ws:
            is_open.set()
            await trio.sleep_forever()

def left_in_a_thread():
    threading.Thread(target=trio.run, args=(main,), daemon=True).start()
    assert is_open.wait(5)

def left_as_a_guest():
    from collections import deque
    jobs = deque()
    trio.lowlevel.start_guest_run(
        main, run_sync_soon_threadsafe=jobs.append, done_callback=print
    )
    while not is_open.is_set():
        if jobs:
            jobs.popleft()()
"""


@pytest.mark.real
@pytest.mark.parametrize("how", ["left_in_a_thread", "left_as_a_guest"])
def test_interpreter_exit(how: str, request: pytest.FixtureRequest) -> None:
    """An interpreter that ends with an open socket: no noise but a ResourceWarning, and no hang."""
    tests = request.config.rootpath / "tests"
    program = textwrap.dedent(PROGRAM) + f"\n{how}()\n"
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        cwd=tests,
    )
    assert ran.returncode == 0
    assert ran.stdout == ""
    ours = [line for line in ran.stderr.splitlines() if "trio_ws_dom" in line]
    assert ours == []
