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
    IN_THE_BODY_WITH_A_SHORT_BOUND,
    IN_THE_EXIT,
    IN_THE_EXIT_WITH_LONG_BOUNDS,
    Program,
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
async def program(nursery: trio.Nursery) -> AsyncIterator[Program]:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        yield Program(listener, nursery)


@pytest.mark.parametrize("body", [IN_THE_BODY, IN_RECEIVE], ids=["body", "receive"])
async def test_idle(body: str, program: Program) -> None:
    """Asleep in the block or in ``receive()``: 1001, answered, bare."""
    async with program.runs(body, Peer.serve):
        await program.says("ready")
        program.interrupt()
    program.check(clean=True)
    assert (program.peer.close_code, program.report["code"]) == (1001, 1001)


async def test_bare_constructor(program: Program) -> None:
    """The bare socket's nursery is cancelled by it: 1001; the group around it is trio's own."""
    async with program.runs(IN_A_BARE_NURSERY, Peer.serve):
        await program.says("ready")
        program.interrupt()
    assert "[KeyboardInterrupt()]" in program.report["outcome"]
    assert (program.report["events"], program.report["clean"]) == (["close"], True)
    assert program.peer.close_code == 1001


async def test_in_the_exit(program: Program) -> None:
    """In the wait for a silent peer, Ctrl-C leaves it ``cancelled_close_timeout``."""
    closing = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        closing.set()
        await peer.read_to_end()

    async with program.runs(IN_THE_EXIT, part):
        await closing.wait()
        program.interrupt()
    program.check(clean=False)
    assert (program.peer.close_code, program.report["code"]) == (1000, 1006)


async def test_second_ctrl_c_in_the_exit(program: Program) -> None:
    """A second one resets at once, whatever the bounds are."""
    closing = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        closing.set()
        await peer.read_to_end()

    async with program.runs(IN_THE_EXIT_WITH_LONG_BOUNDS, part):
        await closing.wait()
        program.interrupt()
        await program.says("hurried")
        program.interrupt()
    program.check(clean=False)
    assert (program.peer.close_code, program.report["code"]) == (1000, 1006)


async def test_second_ctrl_c_after_one_in_the_body(program: Program) -> None:
    """The first one, in the block, starts the close; the second one resets at once."""
    closing = trio.Event()

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        closing.set()
        await peer.read_to_end()

    async with program.runs(IN_THE_BODY, part):
        await program.says("ready")
        program.interrupt()
        await closing.wait()
        program.interrupt()
    program.check(clean=False)
    assert (program.peer.close_code, program.report["code"]) == (1001, 1006)


async def test_spinning_listener(program: Program) -> None:
    """A listener that never returns is interrupted where it spins."""
    async with program.runs(IN_A_SPINNING_LISTENER, serve_with_a_message):
        await program.says("ready")
        program.interrupt()
    program.check(clean=True)
    assert program.peer.close_code == 1001


async def test_spinning_listener_in_a_flood(program: Program) -> None:
    """The same where more messages are there than can ever be dispatched."""
    async with program.runs(IN_A_SPINNING_LISTENER, serve_with_a_flood):
        await program.says("ready")
        program.interrupt()
    assert (program.report["outcome"], program.report["events"]) == ("bare", ["close"])
    assert program.peer.close_code == 1001


async def test_flood_to_a_fast_listener(program: Program) -> None:
    """Wherever it lands in the dispatching, the pump survives it and the peer is told."""
    async with program.runs(IN_A_FLOOD, serve_with_a_flood):
        await program.says("ready")
        program.interrupt()
    assert (program.report["outcome"], program.report["events"]) == ("bare", ["close"])
    assert program.peer.close_code == 1001


@pytest.mark.parametrize(
    "body", [IN_AN_ASYNC_LISTENER, IN_A_SLEEPING_LISTENER], ids=["spinning", "asleep"]
)
async def test_async_listener(body: str, program: Program) -> None:
    """One that spins is interrupted itself; one that sleeps is cancelled with the scope."""
    async with program.runs(body, serve_with_a_message):
        await program.says("ready")
        program.interrupt()
    program.check(clean=True)
    assert program.peer.close_code == 1001
    assert program.report["notes"] == (["Cancelled"] if body is IN_A_SLEEPING_LISTENER else [])


async def test_without_an_answer(program: Program) -> None:
    """A peer that never answers the 1001: the bound, then the reset."""
    async with program.runs(IN_THE_BODY_WITH_A_SHORT_BOUND, listen_and_say_nothing):
        await program.says("ready")
        program.interrupt()
    program.check(clean=False)
    assert (program.peer.close_code, program.report["code"]) == (1001, 1006)
