"""Secrets that the log at INFO, errors and reprs leave out."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from support.scripted_server import AT_ONCE, ScriptedServer, closing

from trio_ws_dom import ProxyError, WebSocketError, reconnecting_websocket
from trio_ws_dom._reconnect._end import End, describe_end
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._http._response import HandshakeFailure

SECRET_URL = "ws://me:s3cret@peer.test/room?token=s3cret"


def lost_to(cause: Exception) -> WebSocketError:
    error = WebSocketError("s3cret")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (lost_to(HandshakeFailure("s3cret banner")), "HandshakeFailure, no HTTP response"),
        (lost_to(HandshakeFailure("s3cret", status=307)), "HandshakeFailure, status 307"),
        (lost_to(ProtocolError(1002, "s3cret bytes")), "ProtocolError, answered with 1002"),
        (lost_to(ProxyError("proxy", "s3cret", 407)), "ProxyError, status 407"),
        (lost_to(TimeoutError("not in time")), "TimeoutError: not in time"),
        (WebSocketError("s3cret"), "WebSocketError"),
        (OSError("s3cret"), "OSError"),
    ],
)
def test_words_of_others_are_not_in_the_log(cause: Exception, text: str) -> None:
    """Neither a server's or a proxy's text, nor that of the program's exceptions is in it."""
    assert describe_end(End(cause, "ws://peer.test/", time=0)) == text


async def test_error_of_a_final_close_is_without_credentials_and_query(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    memory.parts.append(closing(4401))
    with pytest.raises(WebSocketError, match=r"ws://peer\.test/room: closed with 4401") as caught:
        async for attempt in reconnecting_websocket(SECRET_URL, **AT_ONCE):
            async with attempt as ws:
                await ws.wait_closed()
    assert "s3cret" not in str(caught.value)


async def test_log_of_an_exception_of_the_program_has_its_type_only(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "trio_ws_dom")

    def dial() -> trio.abc.Stream:
        raise OSError("s3cret")

    with trio.CancelScope() as scope:
        async for attempt in reconnecting_websocket(
            SECRET_URL, stream=dial, on_retry=lambda retry: scope.cancel(), **AT_ONCE
        ):
            async with attempt:
                raise AssertionError("it was never open")
    assert caplog.messages == ["ws://peer.test/room: OSError; trying again in 0.0 s (1)"]


async def test_log_of_a_failure_before_the_url_is_known(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "trio_ws_dom")

    def url() -> str:
        raise OSError("s3cret")

    with trio.CancelScope() as scope:
        async for attempt in reconnecting_websocket(
            url, on_retry=lambda retry: scope.cancel(), **AT_ONCE
        ):
            async with attempt:
                raise AssertionError("it was never open")
    assert caplog.messages == ["before dialling: OSError; trying again in 0.0 s (1)"]


@pytest.mark.parametrize(
    ("url", "protocols", "headers"),
    [
        (SECRET_URL, ["s3cret"], {"X": "s3cret"}),
        (lambda: SECRET_URL, lambda: ["s3cret"], lambda: {"X": "s3cret"}),
    ],
    ids=["values", "functions"],
)
async def test_locals_of_the_loop_in_tracebacks_show_no_secrets(
    url: Any, protocols: Any, headers: Any, autojump_clock: object
) -> None:
    """pytest and error trackers print them by ``repr``."""

    def dial() -> trio.abc.Stream:
        raise ValueError

    with pytest.raises(ValueError) as caught:
        async for attempt in reconnecting_websocket(url, protocols, headers=headers, stream=dial):
            async with attempt:
                raise AssertionError("it was never open")
    assert "s3cret" not in "".join(map(repr, locals_of(caught.value)))


def locals_of(error: BaseException) -> list[Any]:
    """Return the locals of the package's frames in a traceback."""
    found: list[Any] = []
    entry = error.__traceback__
    while entry is not None:
        if "trio_ws_dom/_" in entry.tb_frame.f_code.co_filename:
            found += entry.tb_frame.f_locals.values()
        entry = entry.tb_next
    assert len(found) > 10
    return found
