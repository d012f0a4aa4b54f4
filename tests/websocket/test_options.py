"""The options, which are checked in one place and the same for every entry point."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio

from trio_ws_dom import (
    AcceptOptions,
    ConnectOptions,
    DOMException,
    ReconnectOptions,
    WebSocket,
    _cli,
    open_websocket,
)
from trio_ws_dom._net._settings import Bounds, Settings
from trio_ws_dom._server._accepting import accepted_bounds
from trio_ws_dom._socket._option_checks import check_names
from trio_ws_dom._socket._options import Arguments, SharedOptions
from trio_ws_dom._socket._other_names import OTHER_NAMES, hint
from trio_ws_dom._version import __version__

if TYPE_CHECKING:
    pass


def settings(url: str = "ws://peer.test/", **options: Any) -> Settings:
    return Arguments(url, (), cast("ConnectOptions", options)).resolve()


def setting(name: str, **options: Any) -> Any:
    """Return one of the settings or of their bounds."""
    all_of_them = settings(**options)
    return getattr(all_of_them if hasattr(all_of_them, name) else all_of_them.bounds, name)


def headers(url: str = "ws://peer.test/", **options: Any) -> dict[str, str]:
    return dict(settings(url, **options).headers)


def values(*given: Any) -> tuple[Any, ...]:
    """Return values to try, of any types."""
    return given


def error(**options: Any) -> str:
    """Return the message for a bad option, its type first."""
    with pytest.raises((TypeError, ValueError)) as caught:
        settings(**options)
    return f"{type(caught.value).__name__}: {caught.value}"


def test_defaults_of_options_are_as_documented() -> None:
    plain, bounds = settings(), settings().bounds
    assert (bounds.close_timeout, bounds.cancelled_close_timeout) == (10, 1)
    assert (plain.open_timeout, bounds.listener_timeout) == (60, 10)
    assert (plain.max_message_size, bounds.max_buffered_amount) == (16 * 1024 * 1024, None)
    assert (plain.compression, plain.serialize_connects) == (True, True)
    assert (plain.ssl_context, plain.stream) == (None, None)
    assert (bounds.ping_interval, bounds.ping_timeout) == (None, None)
    assert plain.headers == (("User-Agent", f"trio_ws_dom/{__version__}"),)


async def test_the_servers_end_bounds_what_is_queued() -> None:
    assert accepted_bounds({}).max_buffered_amount == 16 * 1024 * 1024
    assert accepted_bounds({"max_buffered_amount": None}).max_buffered_amount is None


async def test_every_entry_point_checks_its_options(nursery: trio.Nursery) -> None:
    with pytest.raises(TypeError, match="close_timeout"):
        WebSocket("ws://peer.test/", nursery=nursery, close_timeout="1")  # type: ignore[arg-type]  # the subject
    with pytest.raises(TypeError, match="close_timeout"):
        async with open_websocket("ws://peer.test/", close_timeout="1"):  # type: ignore[arg-type]  # the subject
            raise AssertionError("the block is never entered")


# Names.


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ssl", "use ssl_context"),
        ("timeout", "use open_timeout or close_timeout"),
        ("extra_headers", "use headers"),
        ("subprotocols", "use the argument protocols"),
        ("message_queue_size", "buffers have fixed bounds here, see docs/security.md"),
        ("stable_after", "it is an option of reconnecting_websocket"),
        ("max_mesage_size", "did you mean max_message_size?"),
        ("open_timout", "did you mean open_timeout?"),
    ],
)
def test_an_unknown_option_has_a_remedy(name: str, remedy: str) -> None:
    assert error(**{name: 1}) == f"TypeError: expected known options, got {name} ({remedy})"


def test_each_unknown_option_is_named() -> None:
    assert "got ssl (use ssl_context), loop (there is no" in error(ssl=1, loop=None)


def test_an_option_that_is_like_no_other_is_answered_with_all() -> None:
    listed = error(xyzzy=1).partition("(the options are ")[2].removesuffix(")").split(", ")
    assert listed == sorted(ConnectOptions.__annotations__)


def test_an_option_of_clients_is_said_to_be_one() -> None:
    with pytest.raises(TypeError, match=r"got open_timeout \(only a client takes it\)"):
        check_names({"open_timeout": 3}, AcceptOptions)
    # names of other libraries, where the option that replaces it is not accepted
    assert hint("extra_headers", AcceptOptions.__annotations__) == "use headers"
    assert hint("ssl", AcceptOptions.__annotations__).startswith("the options are ")


def test_names_of_other_libraries_lead_to_options_that_exist() -> None:
    known = {**ConnectOptions.__annotations__, **ReconnectOptions.__annotations__}
    assert not OTHER_NAMES.keys() & ConnectOptions.__annotations__.keys()
    own = ReconnectOptions.__annotations__.keys() - ConnectOptions.__annotations__.keys()
    assert own <= OTHER_NAMES.keys()
    for names in OTHER_NAMES.values():
        assert isinstance(names, str) or set(names) & known.keys()


# Numbers and flags.

SECONDS = ["open_timeout", "close_timeout", "cancelled_close_timeout", "listener_timeout"]


@pytest.mark.parametrize("name", SECONDS)
def test_seconds_are_any_number_from_0_on(name: str) -> None:
    for value in values(0, 1, 2.5, math.inf):
        assert setting(name, **{name: value}) == value


@pytest.mark.parametrize("name", SECONDS)
def test_bad_seconds_are_refused(name: str) -> None:
    for value in values(-1, -0.5, math.nan):
        assert error(**{name: value}) == (
            f"ValueError: expected {name} of 0 seconds or more, got {value}"
        )
    for value in values("1", [1], True):
        assert error(**{name: value}) == (
            f"TypeError: expected {name} as a number of seconds, got {value!r}"
        )


@pytest.mark.parametrize("name", SECONDS)
def test_no_bound_is_infinite_seconds(name: str) -> None:
    assert error(**{name: None}).endswith("got None (math.inf waits for ever)")


def test_the_interval_of_pings_is_their_timeout_by_default() -> None:
    given: dict[str, Any]
    for given, interval, timeout in (
        ({"ping_interval": 20}, 20, 20),
        ({"ping_interval": 20, "ping_timeout": 5.5}, 20, 5.5),
        ({"ping_interval": math.inf, "ping_timeout": None}, math.inf, None),
        ({"ping_interval": None}, None, None),
        ({"ping_interval": None, "ping_timeout": 5}, None, 5),
        ({"ping_timeout": None}, None, None),
    ):
        resolved = settings(**given).bounds
        assert (resolved.ping_interval, resolved.ping_timeout) == (interval, timeout)


@pytest.mark.parametrize("name", ["ping_interval", "ping_timeout"])
def test_bad_seconds_of_keepalive_are_refused(name: str) -> None:
    """0 would be Pings without pause, or no time for an answer."""
    for value in values(0, 0.0, -1, math.nan):
        assert f"ValueError: expected {name} of more than 0" in error(
            **{"ping_interval": 1, name: value}
        )
    for value in values("1", [1]):
        assert f"TypeError: expected {name}" in error(**{"ping_interval": 1, name: value})


def test_a_ping_timeout_without_an_interval_is_refused() -> None:
    assert "expected ping_interval with ping_timeout=5, got none" in error(ping_timeout=5)


@pytest.mark.parametrize("name", ["max_message_size", "max_buffered_amount"])
def test_sizes_are_bytes_or_none(name: str) -> None:
    for value in values(0, 1, None):
        assert setting(name, **{name: value}) == value
    assert error(**{name: -1}) == (
        f"ValueError: expected {name} of 0 bytes or more, or None for no limit, got -1"
    )
    for value in values(1.5, "1", True, math.inf):
        assert error(**{name: value}) == (
            f"TypeError: expected {name} as an int of bytes, or None for no limit, got {value!r}"
        )


@pytest.mark.parametrize("name", ["compression", "serialize_connects"])
def test_flags_are_true_or_false(name: str) -> None:
    for value in values(True, False):
        assert setting(name, **{name: value}) is value
    for value in values(0, 1, "deflate", None):
        assert (
            error(**{name: value}) == f"TypeError: expected {name} as True or False, got {value!r}"
        )


# Headers.


def test_headers_are_a_mapping_or_pairs_in_their_order() -> None:
    assert headers(headers={"X-One": "1"})["X-One"] == "1"
    pairs = [("X", "1"), ("X", "2")]
    assert settings(headers=iter(pairs)).headers[:2] == (("X", "1"), ("X", "2"))


@pytest.mark.parametrize(
    ("given", "came"),
    [
        (None, "NoneType (leave it out for none)"),
        ("A: hunter2", "str"),
        (b"A: hunter2", "bytes"),
        (7, "int"),
        (["A: hunter2"], "a str at position 0 (split it at the colon)"),
        ([("A", "b"), "B: hunter2"], "a str at position 1 (split it at the colon)"),
        ([("A", "hunter2", "c")], "tuple at position 0 that is no pair"),
        ([7], "int at position 0 that is no pair"),
        ([(b"A", b"hunter2")], "a name of type bytes at position 0"),
        ([("A", b"hunter2")], "bytes as the value at 0 (decode it)"),
        ({"A": "b", "B": 7}, "int as the value at 1 (convert it by str())"),
        ({"A": None}, "NoneType as the value at 0 (convert it by str())"),
    ],
)
def test_headers_of_another_form_are_refused_without_showing_them(given: object, came: str) -> None:
    assert error(headers=given) == (
        f"TypeError: expected headers as a mapping or pairs of name and value, both str, got {came}"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("Bad Name", "x"), ("X", "line\r\nbreak"), ("X", "€"), ("Upgrade", "h2c"), ("", "x")],
)
def test_headers_that_cannot_be_sent_are_refused(name: str, value: str) -> None:
    assert error(headers=[(name, value)]).startswith("ValueError: expected ")


def test_the_header_host_is_given_once() -> None:
    """RFC 9110 section 7.2."""
    came = error(headers=[("Host", "a.test"), ("host", "b.test")])
    assert came == "ValueError: expected the header Host once, got it 2 times"


def test_origin_is_a_header() -> None:
    assert headers(origin="https://page.test")["Origin"] == "https://page.test"
    assert "Origin" not in headers(origin="")


def test_a_header_wins_over_the_option_that_would_set_it() -> None:
    both = headers(origin="https://page.test", headers={"origin": "https://other.test"})
    assert "Origin" not in both
    assert both["origin"] == "https://other.test"
    assert headers(headers={"USER-AGENT": "mine"}) == {"USER-AGENT": "mine"}


def test_a_bad_origin_is_refused() -> None:
    assert "for the header Origin, got the character" in error(origin="a\nb")
    for value in values(None, 7):
        came = f"got {type(value).__name__} (leave it out for none)"
        assert error(origin=value) == f"TypeError: expected origin as a str, {came}"


def test_the_urls_credentials_are_a_header_unless_there_is_one() -> None:
    assert headers("ws://u:p@peer.test/")["Authorization"] == "Basic dTpw"
    given = headers("ws://u:p@peer.test/", headers={"authorization": "Bearer x"})
    assert "Authorization" not in given


# The rest.


def test_a_relative_url_needs_a_base() -> None:
    assert (
        settings("/chat", base_url="https://peer.test/page").address.where == "wss://peer.test/chat"
    )
    assert settings("ws://a.test/", base_url="https://b.test/").address.where == "ws://a.test/"
    with pytest.raises(DOMException) as caught:
        settings("/chat")
    assert caught.value.name == "SyntaxError"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cookies", {"session": "s3cret"}, "http.cookiejar.CookieJar, got dict (cookies"),
        ("ssl_context", True, "ssl.SSLContext, or None, got True"),
        ("stream", "x", "trio.abc.Stream, or None, got 'x'"),
        ("proxy", False, "a URL in a str, True or None, got bool"),
    ],
)
def test_objects_of_another_class_are_refused(name: str, value: object, expected: str) -> None:
    assert error(**{name: value}).startswith(f"TypeError: expected {name} as {expected}")
    assert "s3cret" not in error(**{name: value})
    none: Any = {name: None}
    assert setting(name, **none) is None


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("payload_limit", "an int of bytes, got None"),
        ("secrets", "True or False, got None"),
    ],
)
def test_the_attributes_of_a_trace_are_checked(attribute: str, expected: str) -> None:
    def trace(record: object) -> None: ...

    setattr(trace, attribute, None)
    assert error(trace=trace) == f"TypeError: expected the trace's {attribute} as {expected}"


# Where each option is used.

ONLY_CLIENTS = {
    "base_url": "a server is asked for a path",
    "origin": "a server sends none",
    "cookies": "the program sets them by headers",
    "ssl_context": "serve_websocket() takes one",
    "server_hostname": "a server does not verify itself",
    "connect_to": "a server does not dial",
    "local_address": "a server does not dial",
    "address_timeout": "a server does not dial",
    "proxy": "a server does not dial",
    "proxy_ssl_context": "a server does not dial",
    "compression": "trio-websocket has none",
    "max_message_size": "serve_websocket() takes one",
    "serialize_connects": "a server does not dial",
    "open_timeout": "serve_websocket() takes one",
    "trace": "trio-websocket reads and writes",
    "stream": "trio-websocket has the stream",
}
"""Options that the server's end does not take, with the reason."""


def test_every_option_is_taken_by_each_entry_point_or_has_its_reason() -> None:
    of_clients = ConnectOptions.__annotations__.keys()
    assert of_clients - AcceptOptions.__annotations__.keys() == ONLY_CLIENTS.keys()
    assert of_clients <= ReconnectOptions.__annotations__.keys()
    assert of_clients - SharedOptions.__annotations__.keys() == {"headers", "stream"}


def test_every_option_reaches_a_connections_settings() -> None:
    """Those without a field of the same name become headers, or a part of the URL."""
    elsewhere = {"base_url", "origin"}
    fields = Settings.__dataclass_fields__.keys() | Bounds.__dataclass_fields__.keys()
    assert ConnectOptions.__annotations__.keys() - elsewhere <= fields


def test_sockets_with_the_same_options_share_their_bounds() -> None:
    assert settings(ping_interval=5).bounds is settings(ping_interval=5).bounds
    assert settings(ping_interval=5).bounds is not settings(ping_interval=6).bounds


NOT_ON_THE_COMMAND_LINE = {
    "base_url": "the argument is a whole URL, or a host",
    "cancelled_close_timeout": "Ctrl-C waits for --close-timeout, a second one resets",
    "listener_timeout": "it has no listeners of the user's",
    "max_buffered_amount": "it reads no more input than the server takes",
    "serialize_connects": "it has one connection",
    "server_hostname": "the URL has the name that is verified",
    "address_timeout": "the default is good for a person who waits",
    "proxy_ssl_context": "SSL_CERT_FILE is for the proxy, too",
}
"""Options without an argument of the command line, with the reason."""


def options_set_in(path: Path) -> set[str]:
    """Return the options that a module sets, by keyword or by subscript."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name("ConnectOptions"), keywords=keywords):
                names |= {keyword.arg for keyword in keywords if keyword.arg is not None}
            case ast.Subscript(value=ast.Name("options"), slice=ast.Constant(str(name))):
                names.add(name)
            case _:
                pass
    return names


def test_every_option_has_an_argument_on_the_command_line_or_its_reason() -> None:
    folder = Path(_cli.__file__).parent
    taken = {name for path in folder.glob("*.py") for name in options_set_in(path)}
    assert ConnectOptions.__annotations__.keys() - taken == NOT_ON_THE_COMMAND_LINE.keys()


def attributes_read_in(*patterns: str) -> set[str]:
    """Return the names of all attributes that the package's modules of these names read."""
    package = Path(_cli.__file__).parents[1]
    return {
        node.attr
        for pattern in patterns
        for path in package.glob(pattern)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def test_every_setting_is_read_where_connections_are_made() -> None:
    settings = set(Settings.__dataclass_fields__)
    assert settings - attributes_read_in("_net/**/*.py", "_socket/*.py") == set()


def test_every_bound_is_read_by_what_both_ends_share() -> None:
    """So the server's end, which does not dial, obeys it as a client does."""
    shared = ("_net/_deadline.py", "_net/_socket_connection.py", "_socket/_session.py")
    assert set(Bounds.__dataclass_fields__) - attributes_read_in(*shared) == set()
