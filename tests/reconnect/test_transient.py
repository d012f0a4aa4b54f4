"""What is tried again and what is not: the default's table, and the caller's own rule."""

from __future__ import annotations

import socket
import ssl
from email.message import Message
from typing import Any

import pytest
import trio
from support.scripted_server import ScriptedServer, closing, down, lost, refusing

from trio_ws_dom import (
    CloseEvent,
    DOMException,
    HandshakeError,
    ProxyError,
    WebSocketError,
    is_transient,
    reconnecting_websocket,
)

AGAIN = [1000, 1001, 1005, 1011, 1012, 1013, 1014, 3001, 3008, 3999, 4000, 4004, 4399, 4600, 4999]
FINAL = [1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]


@pytest.mark.parametrize(
    ("code", "again"),
    [*((code, True) for code in AGAIN), *((code, False) for code in FINAL)],
)
def test_codes(code: int, again: bool) -> None:
    """Clean closes."""
    assert is_transient(CloseEvent("close", code=code, wasClean=True)) is again


STATUSES = [
    *((status, True) for status in (408, 425, 429, 500, 502, 503, 504, 511, 521, 599)),
    *((status, False) for status in (101, 200, 302, 400, 401, 403, 404, 405, 407, 410, 426)),
    *((status, False) for status in (501, 505)),
]


@pytest.mark.parametrize(("status", "again"), STATUSES)
def test_statuses(status: int, again: bool) -> None:
    """Answers to the handshake; and the codes that echo them."""
    assert is_transient(HandshakeError._refused("", status, Message(), b"")) is again
    if status >= 400:
        assert is_transient(CloseEvent("close", code=4000 + status, wasClean=True)) is again


def due_to(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def lost_to(cause: Exception) -> Exception:
    return due_to(WebSocketError("lost"), cause)


def proxy_lost_to(cause: Exception) -> Exception:
    return lost_to(due_to(ProxyError("proxy", "down"), cause))


@pytest.mark.parametrize(
    ("cause", "again"),
    [
        (lost_to(ConnectionResetError()), True),
        (lost_to(socket.gaierror()), True),
        (lost_to(TimeoutError()), True),
        (lost_to(EOFError()), True),
        (lost_to(ssl.SSLError("cut off")), True),
        (lost_to(ssl.SSLCertVerificationError()), False),
        (lost_to(PermissionError("port 25 is blocked")), False),
        (proxy_lost_to(ConnectionRefusedError()), True),
        (proxy_lost_to(ssl.SSLCertVerificationError()), False),
        (proxy_lost_to(ImportError("python_socks")), False),
        (lost_to(ProxyError("environment", "not a URL")), False),
        (lost_to(ProxyError("proxy", "busy", 503)), True),
        (lost_to(ProxyError("proxy", "who are you?", 407)), False),
        (lost_to(ProxyError("proxy", "unreachable", 3)), True),
        (lost_to(ProxyError("proxy", "not allowed", 2)), False),
        (OSError(), True),
        (trio.TooSlowError(), True),
        (trio.BrokenResourceError(), True),
        (ssl.SSLCertVerificationError(), False),
        (PermissionError(), False),
        (DOMException("bad", "SyntaxError"), False),
        (TypeError(), False),
        (ValueError(), False),
        (ExceptionGroup("", [OSError()]), False),
    ],
)
def test_errors(cause: Exception, again: bool) -> None:
    """Connections that failed, and what the program's functions raise."""
    assert is_transient(cause) is again


# What becomes of it in the loop.


async def test_fatal_refusal(memory: ScriptedServer, autojump_clock: object) -> None:
    """A failure to open that is not transient comes out of ``async with``, bare."""
    with pytest.raises(HandshakeError) as caught:
        async for attempt in memory.loop(down, refusing(403)):
            async with attempt:
                raise AssertionError("it was never open")
    assert caught.value.status == 403
    assert len(memory.times) == 2


async def test_fatal_close(memory: ScriptedServer, autojump_clock: object) -> None:
    """A clean close that is not transient is an error where the loop would go on."""
    turns = 0
    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(closing(4401, "token")):
            async with attempt as ws:
                async for _ in ws:
                    pass
            turns += 1
    assert (caught.value.closeCode, caught.value.reason, turns) == (4401, "token", 1)
    assert str(caught.value).startswith("ws://peer.test/: closed with 4401 'token', ")


async def test_fatal_close_and_break(memory: ScriptedServer, autojump_clock: object) -> None:
    """It is none where the program leaves the loop."""
    async for attempt in memory.loop(closing(4401)):
        async with attempt as ws:
            async for _ in ws:
                pass
            break
    assert ws.closeEvent.code == 4401


async def test_fatal_loss_in_the_block(memory: ScriptedServer, autojump_clock: object) -> None:
    """An unclean end that is not transient is not taken: what the block raised comes out."""
    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(lost, is_transient=lambda cause: False):
            async with attempt as ws:
                try:
                    await ws.receive()
                except WebSocketError as exc:
                    error = exc
                    raise
    assert caught.value is error


async def test_fatal_loss_unseen(memory: ScriptedServer, autojump_clock: object) -> None:
    """If the block did not raise it, the loop does."""
    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(lost, is_transient=lambda cause: False):
            async with attempt as ws:
                await ws.wait_closed()
    assert caught.value is ws.failure


async def test_fatal_error_handled_in_the_loop(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """A program that goes on all the same gets the next turn, and is not told twice."""
    errors = []
    async for attempt in memory.loop(refusing(403), lost):
        try:
            async with attempt as ws:
                if len(errors) == 2:
                    break
                await ws.receive()
                raise AssertionError("it was lost")
        except HandshakeError as exc:
            errors.append(exc)
        else:
            errors.append(ws.failure)
    assert attempt.retry.cause is errors[1]


async def test_environment_with_a_bad_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is named in a way nobody can read is told, not tried again."""
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://:::")
    monkeypatch.setenv("all_proxy", "http://:::")
    with pytest.raises(WebSocketError) as caught:
        async for attempt in reconnecting_websocket("ws://peer.test/"):
            async with attempt:
                raise AssertionError("it was never open")
    assert isinstance(caught.value.__cause__, ProxyError)


async def test_rule_of_the_callers(memory: ScriptedServer, autojump_clock: object) -> None:
    """It is asked about each end once, and what it says counts."""
    asked: list[Any] = []

    def rule(cause: Any) -> bool:
        asked.append(cause)
        return len(asked) < 4

    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(
            refusing(403), closing(4401), lost, down, is_transient=rule
        ):
            async with attempt as ws:
                async for _ in ws:
                    pass
    assert asked[0].status == 403
    assert asked[1].code == 4401
    assert asked[2].closeCode == 1006
    assert asked[3:] == [caught.value]


async def test_rule_that_raises(memory: ScriptedServer, autojump_clock: object) -> None:
    """What the rule raises comes out; the socket is closed all the same."""

    def rule(cause: object) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async for attempt in memory.loop(lost, is_transient=rule):
            async with attempt as ws:
                await ws.receive()
    assert ws.readyState == ws.CLOSED
