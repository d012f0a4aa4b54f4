"""The guarantee under Ctrl-C, by a real SIGINT in a child process."""

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
async def test_ctrl_c_in_an_idle_block_sends_1001_and_comes_out_bare(
    body: str, program: Program
) -> None:
    async with program.runs(body, Peer.serve):
        await program.says("ready")
        program.interrupt()
    program.check(clean=True)
    assert (program.peer.close_code, program.report["code"]) == (1001, 1001)


async def test_ctrl_c_cancels_the_nursery_of_a_bare_socket(program: Program) -> None:
    """The nursery closes with 1001, and raises a group as trio does."""
    async with program.runs(IN_A_BARE_NURSERY, Peer.serve):
        await program.says("ready")
        program.interrupt()
    assert "[KeyboardInterrupt()]" in program.report["outcome"]
    assert (program.report["events"], program.report["clean"]) == (["close"], True)
    assert program.peer.close_code == 1001


async def test_ctrl_c_in_the_exit_leaves_cancelled_close_timeout(program: Program) -> None:
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


async def test_a_second_ctrl_c_in_the_exit_resets_at_once(program: Program) -> None:
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


async def test_a_second_ctrl_c_after_one_in_the_body_resets_at_once(program: Program) -> None:
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


async def test_ctrl_c_interrupts_a_listener_that_never_returns(program: Program) -> None:
    async with program.runs(IN_A_SPINNING_LISTENER, serve_with_a_message):
        await program.says("ready")
        program.interrupt()
    program.check(clean=True)
    assert program.peer.close_code == 1001


async def test_ctrl_c_interrupts_a_listener_in_a_flood(program: Program) -> None:
    async with program.runs(IN_A_SPINNING_LISTENER, serve_with_a_flood):
        await program.says("ready")
        program.interrupt()
    assert (program.report["outcome"], program.report["events"]) == ("bare", ["close"])
    assert program.peer.close_code == 1001


async def test_the_connection_survives_ctrl_c_anywhere_in_the_dispatch(program: Program) -> None:
    async with program.runs(IN_A_FLOOD, serve_with_a_flood):
        await program.says("ready")
        program.interrupt()
    assert (program.report["outcome"], program.report["events"]) == ("bare", ["close"])
    assert program.peer.close_code == 1001


@pytest.mark.parametrize(
    "body", [IN_AN_ASYNC_LISTENER, IN_A_SLEEPING_LISTENER], ids=["spinning", "asleep"]
)
async def test_ctrl_c_ends_async_listeners(body: str, program: Program) -> None:
    """One that spins is itself interrupted, and one that sleeps is cancelled with the scope."""
    async with program.runs(body, serve_with_a_message):
        await program.says("ready")
        program.interrupt()
    program.check(clean=True)
    assert program.peer.close_code == 1001
    assert program.report["notes"] == (["Cancelled"] if body is IN_A_SLEEPING_LISTENER else [])


async def test_ctrl_c_with_a_silent_peer_takes_the_bound_and_then_resets(program: Program) -> None:
    async with program.runs(IN_THE_BODY_WITH_A_SHORT_BOUND, listen_and_say_nothing):
        await program.says("ready")
        program.interrupt()
    program.check(clean=False)
    assert (program.peer.close_code, program.report["code"]) == (1001, 1006)
