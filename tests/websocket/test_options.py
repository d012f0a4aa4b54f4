"""The options: checked in one place, the same for every door."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio

from trio_ws_dom import ConnectOptions, DOMException, WebSocket, open_websocket
from trio_ws_dom._net._settings import Settings
from trio_ws_dom._server._accepting import AcceptWebSocket
from trio_ws_dom._socket._options import resolve
from trio_ws_dom._version import __version__

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest


def settings(url: str = "ws://peer.test/", **options: Any) -> Settings:
    return resolve(url, (), ConnectOptions(**options))[1]


def headers(url: str = "ws://peer.test/", **options: Any) -> dict[str, str]:
    return dict(settings(url, **options).headers)


def test_defaults() -> None:
    """What each option is without being given."""
    plain = settings()
    assert (plain.open_timeout, plain.close_timeout, plain.cancelled_close_timeout) == (60, 10, 1)
    assert plain.listener_timeout == 10
    assert (plain.max_message_size, plain.max_buffered_amount) == (16 * 1024 * 1024, None)
    assert (plain.compression, plain.serialize_connects) == (True, True)
    assert (plain.ssl_context, plain.stream) == (None, None)
    assert (plain.ping_interval, plain.ping_timeout) == (None, None)
    assert plain.headers == (("User-Agent", f"trio_ws_dom/{__version__}"),)


def test_unknown_option() -> None:
    """A TypeError that says which there are."""
    with pytest.raises(TypeError, match=r"open_timeout.*got \['timeout'\]"):
        settings(timeout=3)


SECONDS = ["open_timeout", "close_timeout", "cancelled_close_timeout", "listener_timeout"]


@pytest.mark.parametrize("name", SECONDS)
def test_seconds(name: str) -> None:
    """Any number from 0 on, without a bound."""
    for value in (0, 1, 2.5, math.inf):
        assert getattr(settings(**{name: value}), name) == value


@pytest.mark.parametrize("name", SECONDS)
def test_bad_seconds(name: str) -> None:
    """A ValueError out of range, a TypeError for what is no number."""
    for value in (-1, -0.5, math.nan):
        with pytest.raises(ValueError, match=name):
            settings(**{name: value})
    for value in (None, "1", [1]):
        with pytest.raises(TypeError, match=name):
            settings(**{name: value})


def test_keepalive_options() -> None:
    """The interval is the timeout too, unless that is said; None: no Pings, or no verdict."""
    for given, interval, timeout in (
        ({"ping_interval": 20}, 20, 20),
        ({"ping_interval": 20, "ping_timeout": 5.5}, 20, 5.5),
        ({"ping_interval": math.inf, "ping_timeout": None}, math.inf, None),
        ({"ping_interval": None}, None, None),
        ({"ping_interval": None, "ping_timeout": 5}, None, 5),
        ({"ping_timeout": None}, None, None),
    ):
        resolved = settings(**given)
        assert (resolved.ping_interval, resolved.ping_timeout) == (interval, timeout)


@pytest.mark.parametrize("name", ["ping_interval", "ping_timeout"])
def test_bad_keepalive_options(name: str) -> None:
    """Also 0: that would be Pings without pause, or no time for an answer."""
    for value in (0, 0.0, -1, math.nan):
        with pytest.raises(ValueError, match=rf"{name} of more than 0"):
            settings(**{"ping_interval": 1, name: value})
    for value in ("1", [1]):
        with pytest.raises(TypeError, match=name):
            settings(**{"ping_interval": 1, name: value})


def test_ping_timeout_without_an_interval() -> None:
    """It would do nothing, so it is said."""
    with pytest.raises(ValueError, match=r"ping_interval with ping_timeout=5, got none"):
        settings(ping_timeout=5)


@pytest.mark.parametrize("name", ["max_message_size", "max_buffered_amount"])
def test_sizes(name: str) -> None:
    """An int of bytes, or None for no limit."""
    for value in (0, 1, None):
        assert getattr(settings(**{name: value}), name) == value
    with pytest.raises(ValueError, match=name):
        settings(**{name: -1})
    for value in (1.5, "1", True, math.inf):
        with pytest.raises(TypeError, match=name):
            settings(**{name: value})


def test_headers() -> None:
    """A mapping, or pairs with names that repeat; in the order given, before ours."""
    assert headers(headers={"X-One": "1"})["X-One"] == "1"
    pairs = [("X", "1"), ("X", "2")]
    assert settings(headers=iter(pairs)).headers[:2] == (("X", "1"), ("X", "2"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Bad Name", "x"),
        ("X", "line\r\nbreak"),
        ("X", " padded"),
        ("X", "€"),
        ("Upgrade", "h2c"),
        ("Sec-WebSocket-Key", "x"),
        ("", "x"),
    ],
)
def test_bad_headers(name: str, value: str) -> None:
    """A ValueError, at the call."""
    with pytest.raises(ValueError, match="header"):
        settings(headers=[(name, value)])


def test_origin() -> None:
    """It is a header; one in ``headers`` wins."""
    assert headers(origin="https://page.test")["Origin"] == "https://page.test"
    both = headers(origin="https://page.test", headers={"origin": "https://other.test"})
    assert "Origin" not in both
    assert both["origin"] == "https://other.test"
    with pytest.raises(ValueError, match="Origin"):
        settings(origin="a\nb")


def test_user_agent() -> None:
    """One of the program's own replaces ours."""
    assert headers(headers={"USER-AGENT": "mine"}) == {"USER-AGENT": "mine"}


def test_authorization() -> None:
    """The URL's credentials make a header, unless there is one."""
    assert headers("ws://u:p@peer.test/")["Authorization"] == "Basic dTpw"
    given = headers("ws://u:p@peer.test/", headers={"authorization": "Bearer x"})
    assert "Authorization" not in given


def test_base_url() -> None:
    """A relative URL needs it; an absolute one does not care."""
    assert settings("/chat", base_url="https://peer.test/page").where == "wss://peer.test/chat"
    assert settings("ws://a.test/", base_url="https://b.test/").where == "ws://a.test/"
    with pytest.raises(DOMException) as caught:
        settings("/chat")
    assert caught.value.name == "SyntaxError"


async def test_every_door_takes_them(nursery: trio.Nursery) -> None:
    """And says the same of a bad one."""
    with pytest.raises(TypeError, match="close_timeout"):
        WebSocket("ws://peer.test/", nursery=nursery, close_timeout="1")  # type: ignore[arg-type]  # the subject
    with pytest.raises(TypeError, match="close_timeout"):
        async with open_websocket("ws://peer.test/", close_timeout="1"):  # type: ignore[arg-type]  # the subject
            raise AssertionError("the block is never entered")


@pytest.mark.parametrize("name", ["compression", "serialize_connects"])
def test_flags(name: str) -> None:
    """True or False, and nothing that only counts as one."""
    for value in (True, False):
        assert getattr(settings(**{name: value}), name) is value
    for value in (0, 1, "no", None):
        with pytest.raises(TypeError, match=f"{name} as a bool"):
            settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cookies", {"session": "s3cret"}, "http.cookiejar.CookieJar, got dict"),
        ("ssl_context", True, "ssl.SSLContext, or None, got True"),
        ("stream", "x", "trio.abc.Stream, or None, got 'x'"),
    ],
)
def test_objects(name: str, value: object, expected: str) -> None:
    """What another library takes there is found at once, and no secret is shown."""
    with pytest.raises(TypeError) as caught:
        settings(**{name: value})
    assert str(caught.value) == f"expected {name} as {expected}"
    assert getattr(settings(**{name: None}), name) is None


def test_a_traces_limit() -> None:
    """A number, as it is counted with while bytes go over the wire."""

    def trace(record: object) -> None: ...

    trace.payload_limit = None  # type: ignore[attr-defined]  # a function has any attribute
    with pytest.raises(TypeError, match="payload_limit as an int of bytes, got None"):
        settings(trace=trace)


def test_two_hosts() -> None:
    """HTTP has the header once (RFC 9110 section 7.2)."""
    with pytest.raises(ValueError, match="expected the header Host once, got it 2 times"):
        settings(headers=[("Host", "a.test"), ("host", "b.test")])


async def test_the_servers_end_bounds_what_is_queued() -> None:
    accepted = AcceptWebSocket(cast("WebSocketRequest", None), None, {})
    assert accepted._bounds.max_buffered_amount == 16 * 1024 * 1024
    accepted = AcceptWebSocket(cast("WebSocketRequest", None), None, {"max_buffered_amount": None})
    assert accepted._bounds.max_buffered_amount is None
