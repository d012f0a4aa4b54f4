"""The guarantee under Ctrl-C: a real SIGINT, in a process of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import trio
from support.peer import Peer

from guarantee.interrupted import (
    IN_A_BARE_NURSERY,
    IN_A_FLOOD,
    IN_A_SLEEPING_LISTENER,
    IN_A_SPINNING_LISTENER,
    IN_AN_ASYNC_LISTENER,
    IN_RECEIVE,
    IN_THE_BODY,
    IN_THE_BODY_WITH_LONG_BOUNDS,
    IN_THE_EXIT,
    IN_THE_EXIT_WITH_LONG_BOUNDS,
    Child,
    listen_and_say_nothing,
    serve_with_a_flood,
    serve_with_a_message,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process"),
]


@pytest.fixture
async def child(nursery: trio.Nursery) -> AsyncIterator[Child]:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        child = Child(listener, nursery)
        try:
            yield child
        finally:
            with trio.CancelScope(shield=True):
                await child.kill()


@pytest.mark.parametrize("body", [IN_THE_BODY, IN_RECEIVE], ids=["body", "receive"])
async def test_idle(body: str, child: Child) -> None:
    """Asleep in the block or in ``receive()``: 1001, answered, bare."""
    await child.start(body, Peer.serve)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    child.check(clean=True)
    assert (child.peer.close_code, child.report["code"]) == (1001, 1001)


async def test_bare_constructor(child: Child) -> None:
    """The bare socket's nursery is cancelled by it: 1001; the group around it is trio's own."""
    await child.start(IN_A_BARE_NURSERY, Peer.serve)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    assert "[KeyboardInterrupt()]" in child.report["outcome"]
    assert (child.report["events"], child.report["clean"]) == (["close"], True)
    assert child.peer.close_code == 1001


async def test_in_the_exit(child: Child) -> None:
    """In the wait for a silent peer, Ctrl-C leaves it ``cancelled_close_timeout``."""
    closing = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        closing.set()
        await peer.read_to_end()

    await child.start(IN_THE_EXIT, part)
    await closing.wait()
    child.interrupt()
    await child.end()
    child.check(clean=False)
    assert (child.peer.close_code, child.report["code"]) == (1000, 1006)


async def test_second_ctrl_c_in_the_exit(child: Child) -> None:
    """A second one resets at once, whatever the bounds are."""
    closing = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        closing.set()
        await peer.read_to_end()

    await child.start(IN_THE_EXIT_WITH_LONG_BOUNDS, part)
    await closing.wait()
    child.interrupt()
    await child.hears("hurried")
    child.interrupt()
    await child.end()
    child.check(clean=False)
    assert (child.peer.close_code, child.report["code"]) == (1000, 1006)


async def test_second_ctrl_c_after_one_in_the_body(child: Child) -> None:
    """The first one, in the block, starts the close; the second one resets at once."""
    closing = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        closing.set()
        await peer.read_to_end()

    await child.start(IN_THE_BODY_WITH_LONG_BOUNDS, part)
    await child.hears("ready")
    child.interrupt()
    await closing.wait()
    child.interrupt()
    await child.end()
    child.check(clean=False)
    assert (child.peer.close_code, child.report["code"]) == (1001, 1006)


async def test_spinning_listener(child: Child) -> None:
    """A listener that never returns is interrupted where it spins."""
    await child.start(IN_A_SPINNING_LISTENER, serve_with_a_message)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    child.check(clean=True)
    assert child.peer.close_code == 1001


async def test_spinning_listener_in_a_flood(child: Child) -> None:
    """The same where more messages are there than can ever be dispatched."""
    await child.start(IN_A_SPINNING_LISTENER, serve_with_a_flood)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    assert (child.report["outcome"], child.report["events"]) == ("bare", ["close"])
    assert child.peer.close_code == 1001


async def test_flood_to_a_fast_listener(child: Child) -> None:
    """Wherever it lands in the dispatching, the pump survives it and the peer is told."""
    await child.start(IN_A_FLOOD, serve_with_a_flood)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    assert (child.report["outcome"], child.report["events"]) == ("bare", ["close"])
    assert child.peer.close_code == 1001


@pytest.mark.parametrize(
    "body", [IN_AN_ASYNC_LISTENER, IN_A_SLEEPING_LISTENER], ids=["spinning", "asleep"]
)
async def test_async_listener(body: str, child: Child) -> None:
    """One that spins is interrupted itself; one that sleeps is cancelled with the scope."""
    await child.start(body, serve_with_a_message)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    child.check(clean=True)
    assert child.peer.close_code == 1001
    assert child.report["notes"] == (["Cancelled"] if body is IN_A_SLEEPING_LISTENER else [])


async def test_without_an_answer(child: Child) -> None:
    """A peer that never answers the 1001: the default bound of a second, then the reset."""
    await child.start(IN_THE_BODY, listen_and_say_nothing)
    await child.hears("ready")
    child.interrupt()
    await child.end()
    child.check(clean=False)
    assert (child.peer.close_code, child.report["code"]) == (1001, 1006)
