"""Failures as the program sees them, escaped, and without what their tracebacks would keep."""

from __future__ import annotations

import gc
import ssl
import traceback
import weakref
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.frames import TEXT, frame
from support.peer import Peer

from trio_ws_dom import HandshakeError, WebSocketError, open_websocket
from trio_ws_dom._socket import _errors
from trio_ws_dom._socket._errors import explain
from trio_ws_dom._wire._closing import CloseResult
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._http._response import HandshakeFailure
from trio_ws_dom._wire._text import escape, quote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ABNORMAL = CloseResult(1006, "", was_clean=False)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, \xe4\u20ac\U0001f600", "plain, \xe4\u20ac\U0001f600"),
        ("\x1b[2J\r\n\x00\x9b", r"\x1b[2J\r\n\x00\x9b"),
        ("\u202emirror\u2066", r"\u202emirror\u2066"),
        ("\udcff", r"\udcff"),
        ("\u2028\u2029", r"\u2028\u2029"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped
    assert escape(escaped) == escaped


def test_quoted_text_is_cut() -> None:
    assert quote("x" * 200) == "'" + "x" * 200 + "'"
    assert quote("x" * 201) == "'" + "x" * 200 + "...'"
    assert quote(None) == "none"


@pytest.mark.parametrize(
    "cause",
    [
        ProtocolError(1002, "\x1b[2J"),
        HandshakeFailure("\x1b[2J"),
        HandshakeFailure("\x1b[2J", status=403),
        OSError("\x1b[2J"),
    ],
)
def test_an_error_escapes_its_cause(cause: Exception) -> None:
    failure = explain("ws://peer.test/", cause, ABNORMAL)
    assert str(failure) == r"ws://peer.test/: \x1b[2J"
    assert (failure.closeCode, failure.__cause__) == (1006, cause)


def test_a_peers_text_is_escaped_in_the_cause_too() -> None:
    """A traceback prints it as well."""
    assert str(ProtocolError(1002, "\x1b")) == r"\x1b"
    assert str(HandshakeFailure("\x1b")) == r"\x1b"


def test_an_error_without_text_has_its_kind() -> None:
    assert str(explain("ws://a/", TimeoutError(), ABNORMAL)) == "ws://a/: TimeoutError"


def test_a_refusal_is_a_handshake_error() -> None:
    failure = explain("ws://a/", HandshakeFailure("no", status=403), ABNORMAL)
    assert isinstance(failure, HandshakeError)
    assert (failure.status, failure.body) == (403, b"")


def test_an_error_of_tls_replaces_trios_wrapper() -> None:
    wrapper = trio.BrokenResourceError()
    wrapper.__cause__ = cause = ssl.SSLError(1, "[SSL] alert")
    cause.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    failure = explain("wss://a/", wrapper, ABNORMAL)
    assert failure.__cause__ is cause
    assert "the server requires a certificate of ours ([SSL] alert)" in str(failure)


def fails_in(module: str) -> Callable[[], None]:
    """Return a function of the module that fails with a secret in a local variable."""
    names: dict[str, object] = {"__name__": module}
    exec("def fail():\n    secret = 'hunter2' * 1\n    raise OSError('lost')", names)
    return names["fail"]  # type: ignore[return-value]  # just defined


@pytest.mark.parametrize(
    ("module", "shown"), [("trio_ws_dom._net._reader", False), ("program", True)]
)
def test_the_librarys_frames_keep_no_locals(module: str, shown: bool) -> None:
    """Those of the program are its own, and stay as they are."""
    with pytest.raises(OSError) as caught:
        fails_in(module)()
    failure: WebSocketError = explain("ws://a/", caught.value, ABNORMAL)
    printed = "".join(
        traceback.TracebackException.from_exception(failure, capture_locals=True).format()
    )
    assert ("hunter2" in printed) is shown
    assert "in fail" in printed


def test_locals_are_cleared_along_the_chain_of_causes() -> None:
    with pytest.raises(OSError) as caught:
        fails_in("trio_ws_dom.x")()
    outer = ValueError("outer")
    outer.__cause__ = caught.value
    caught.value.__context__ = outer  # a circle, as a program may make one
    failure = explain("ws://a/", outer, ABNORMAL)
    printed = "".join(
        traceback.TracebackException.from_exception(failure, capture_locals=True).format()
    )
    assert "lost" in printed
    assert "hunter2" not in printed


def test_a_frame_that_still_runs_keeps_its_locals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_errors, "_OURS", __name__[:4])
    kept = "here"
    try:
        raise OSError("lost")
    except OSError as exc:
        explain("ws://a/", exc, ABNORMAL)
    assert kept == "here"


async def vanish(peer: Peer) -> None:
    await peer.accept()


async def break_utf8(peer: Peer) -> None:
    await peer.accept(then=frame(TEXT, b"x" * 50_000 + b"\xff"))
    await peer.read_to_end()


@pytest.mark.parametrize("part", [vanish, break_utf8])
async def test_a_failure_that_is_kept_does_not_keep_its_socket(
    part: Callable[[Peer], Awaitable[None]], autojump_clock: object
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def play() -> None:
        await part(Peer(theirs))
        await theirs.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        async with open_websocket("ws://peer.test/", stream=ours, close_timeout=1) as ws:
            ws.onmessage = None
            await ws.wait_closed()
    failure, socket = ws.failure, weakref.ref(ws)
    assert failure is not None
    del ws
    gc.collect()
    assert socket() is None
