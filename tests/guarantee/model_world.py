"""A real connection in its own trio run, to which one thing is done at a time."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import trio
import trio.testing
from support.peer import Peer

from guarantee.faulty_stream import Wire
from trio_ws_dom._net._connection import Connection
from trio_ws_dom._net._handler import ConnectionHandler
from trio_ws_dom._socket._options import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

NEVER = float("inf")


class Handler(ConnectionHandler):
    """A handler that takes every message at once, while ``wants`` is true."""

    def __init__(self) -> None:
        self.wants = True
        self.messages: list[object] = []

    @property
    def accepts_messages(self) -> bool:
        return self.wants

    @property
    def must_pause(self) -> bool:
        return False

    async def pause(self) -> None: ...

    async def on_open(self, response: object) -> None: ...

    def take_messages(self, messages: Any, index: int) -> int:
        self.messages += messages[index:]
        return len(messages)

    def reading_stopped(self, seconds: float) -> None: ...

    def on_bytes_sent(self) -> None: ...

    def on_record(self, record: object) -> None: ...


class Gate(Wire):
    """A wire whose peer can stop reading, and can reset it."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = trio.Event()
        self.reading.set()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        with trio.CancelScope() as waiting:
            self.waiting = waiting
            await self.reading.wait()
        await super().send_all(data)

    def reset(self) -> None:
        self._broken = True
        self._end()
        self.reading.set()


class World:
    """A trio run on a thread, in which one thing is done at a time."""

    def __init__(self) -> None:
        self.clock = trio.testing.MockClock()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=trio.run, args=(self._main,), kwargs={"clock": self.clock}
        )
        self._thread.start()
        self._ready.wait()

    async def _main(self) -> None:
        self.token = trio.lowlevel.current_trio_token()
        self.gate = Gate()
        self.peer = Peer(self.gate.theirs)
        self.handler = Handler()
        options = Arguments("ws://peer.test/", (), {"stream": self.gate}).resolve()
        self.connection = Connection(options, self.handler)
        self.deadlines: deque[float] = deque([NEVER])
        self.done = trio.Event()
        self.over = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._run)
            await self.peer.accept()
            nursery.start_soon(self._read)
            await trio.testing.wait_all_tasks_blocked()
            self._ready.set()
            await self.done.wait()
            nursery.cancel_scope.cancel()
            self.connection._deadline.expire()

    async def _run(self) -> None:
        await self.connection.run()
        self.over = True

    async def _read(self) -> None:
        await self.peer.read_to_end()

    def do(self, action: Callable[[], object]) -> None:
        """Do something in the run, and let its consequences happen at the same moment."""

        async def act() -> None:
            result: Any = action()
            if result is not None:
                await result
            await trio.testing.wait_all_tasks_blocked()
            self.deadlines.append(self.connection._deadline.moment)

        trio.from_thread.run(act, trio_token=self.token)

    def cancel(self) -> None:
        """Bound the close, as a cancellation does."""
        timeout = self.connection._bounds.cancelled_close_timeout
        self.connection.limit_close(self.clock.current_time() + timeout)

    def end(self) -> None:
        trio.from_thread.run_sync(self.done.set, trio_token=self.token)
        self._thread.join()
