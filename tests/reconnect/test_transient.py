"""The default rule of what is tried again and what is not."""

from __future__ import annotations

import errno
import socket
import ssl
from email.message import Message

import pytest
import trio

from trio_ws_dom import (
    CloseEvent,
    DOMException,
    HandshakeError,
    ProxyError,
    WebSocketError,
    is_transient,
    reconnecting_websocket,
)
from trio_ws_dom._net._dial._ports import BlockedPortError
from trio_ws_dom._wire._errors import ProtocolError

AGAIN = [1000, 1001, 1005, 1011, 1012, 1013, 1014, 3001, 3008, 3999, 4000, 4004, 4399, 4600, 4999]
FINAL = [1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]


@pytest.mark.parametrize(
    ("code", "again"),
    [*((code, True) for code in AGAIN), *((code, False) for code in FINAL)],
)
def test_codes_of_clean_closes(code: int, again: bool) -> None:
    assert is_transient(CloseEvent("close", code=code, wasClean=True)) is again


STATUSES = [
    *((status, True) for status in (408, 425, 429, 500, 502, 503, 504, 511, 521, 599)),
    *((status, False) for status in (101, 200, 302, 400, 401, 403, 404, 405, 407, 410, 426)),
    *((status, False) for status in (501, 505)),
]


@pytest.mark.parametrize(("status", "again"), STATUSES)
def test_statuses_of_refusals_and_codes_that_echo_them(status: int, again: bool) -> None:
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
        (lost_to(BlockedPortError("port 25 is blocked")), False),
        (lost_to(PermissionError(errno.EPERM, "a firewall says no")), True),
        (lost_to(ProtocolError(1002, "reserved bit")), False),
        (lost_to(ProtocolError(1002, "HTTP/1.1 500", got_http=True)), True),
        (lost_to(ProtocolError(1007, "not UTF-8")), False),
        (lost_to(ProtocolError(1009, "too big")), False),
        (proxy_lost_to(ConnectionRefusedError()), True),
        (proxy_lost_to(ssl.SSLCertVerificationError()), False),
        (proxy_lost_to(ImportError("python_socks")), False),
        (lost_to(ProxyError("environment", "not a URL")), False),
        (lost_to(ProxyError("proxy", "busy", 503)), True),
        (lost_to(ProxyError("proxy", "who are you?", 407)), False),
        (lost_to(ProxyError("proxy", "unreachable", 3)), True),
        (lost_to(ProxyError("proxy", "not allowed", 2)), False),
        (lost_to(ProxyError("proxy", "command not supported", 7)), False),
        (lost_to(ProxyError("proxy", "address type not supported", 8)), False),
        (lost_to(ProxyError("proxy", "wrong password", wants_credentials=True)), False),
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
def test_errors_of_connections_and_of_the_programs_functions(cause: Exception, again: bool) -> None:
    assert is_transient(cause) is again


async def test_proxy_of_the_environment_that_nobody_can_read_is_final(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://:::")
    monkeypatch.setenv("all_proxy", "http://:::")
    with pytest.raises(WebSocketError) as caught:
        async for attempt in reconnecting_websocket("ws://peer.test/"):
            async with attempt:
                raise AssertionError("it was never open")
    assert isinstance(caught.value.__cause__, ProxyError)
