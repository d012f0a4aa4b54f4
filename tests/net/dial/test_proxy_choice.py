"""The choice of a proxy, by the option, the environment, the system, or none."""

from __future__ import annotations

import os
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.failing import failure_to_open
from support.proxies import ESTABLISHED, Echo, FakeProxy

from trio_ws_dom import ProxyError, open_websocket
from trio_ws_dom._net._dial import _proxy_choice
from trio_ws_dom._net._dial._proxy_choice import choose_proxy
from trio_ws_dom._socket._options import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    Setenv = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Setenv:
    """Set variables, without those that the tests are run with."""
    monkeypatch.delenv("no_proxy")

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


async def chosen(url: str, **options: Any) -> str | None:
    """Return the proxy for a URL, without the word "proxy" before it."""
    proxy = await choose_proxy(Arguments(url, (), options).resolve())  # type: ignore[arg-type]  # a test's options
    return None if proxy is None else str(proxy).removeprefix("proxy ")


def test_tests_run_without_the_machines_proxies() -> None:
    assert [name for name in os.environ if name.lower().endswith("_proxy")] in (
        ["no_proxy"],
        ["NO_PROXY"],
    )


async def test_environment_without_proxies_means_none(environment: Setenv) -> None:
    environment(http_proxying="http://h", ftp_proxy="http://h")
    assert await chosen("ws://peer.test/") is None
    assert await chosen("wss://peer.test/") is None


@pytest.mark.parametrize(
    ("variable", "ws", "wss"),
    [
        ("ws_proxy", True, False),
        ("wss_proxy", False, True),
        ("socks_proxy", True, True),
        ("https_proxy", True, True),
        ("http_proxy", True, False),
        ("all_proxy", True, True),
    ],
)
async def test_each_variable_is_for_ws_or_wss_or_both(
    variable: str, ws: bool, wss: bool, environment: Setenv
) -> None:
    """Variables for plain HTTP do not apply to wss:."""
    environment(**{variable: "http://h:1"})
    assert (await chosen("ws://peer.test/") is not None) == ws
    assert (await chosen("wss://peer.test/") is not None) == wss


@pytest.mark.parametrize(
    ("scheme", "order"),
    [
        ("ws", ["ws", "socks", "https", "http", "all"]),
        ("wss", ["wss", "socks", "https", "all"]),
    ],
)
async def test_variables_have_an_order(
    scheme: str, order: list[str], environment: Setenv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WebSocket's own come first, then those of RFC 6455 section 4.1, then the general one."""
    environment(**{f"{kind}_proxy": f"https://{kind}" for kind in order})
    for kind in order:
        assert await chosen(f"{scheme}://peer.test/") == f"https://{kind}:443"
        monkeypatch.delenv(f"{kind}_proxy")
    assert await chosen(f"{scheme}://peer.test/") is None


async def test_lower_case_wins_over_upper_case_and_an_empty_value_is_none(
    environment: Setenv,
) -> None:
    environment(HTTPS_PROXY="http://capitals:1")
    assert await chosen("wss://peer.test/") == "http://capitals:1"
    if os.name != "nt":  # where both names are one variable
        environment(https_proxy="http://small:1")
        assert await chosen("wss://peer.test/") == "http://small:1"
        environment(https_proxy="")
        assert await chosen("wss://peer.test/") is None


async def test_http_proxy_of_a_cgi_script_is_not_used(environment: Setenv) -> None:
    """A header of its request can set HTTP_PROXY (CVE-2016-1000110)."""
    environment(HTTP_PROXY="http://evil", REQUEST_METHOD="GET")
    assert await chosen("ws://peer.test/") is None


@pytest.mark.parametrize(
    ("variable", "value", "url"),
    [
        ("http_proxy", "proxy.example:3128", "http://proxy.example:3128"),
        ("http_proxy", "user:pass@proxy.example", "http://proxy.example:80"),
        ("http_proxy", " http://h:1 ", "http://h:1"),
        ("https_proxy", "socks5://h", "socks5://h:1080"),
        ("all_proxy", "socks://h:9050/", "socks5h://h:9050"),
        ("socks_proxy", "h:9050", "socks5h://h:9050"),
        ("socks_proxy", "http://h:9050", "socks5h://h:9050"),
        ("socks_proxy", "socks4://h:9050", "socks4://h:9050"),
    ],
)
async def test_variables_take_values_that_the_option_does_not(
    variable: str, value: str, url: str, environment: Setenv
) -> None:
    """Other programs take them, and systems set them."""
    environment(**{variable: value})
    assert await chosen("ws://peer.test/") == url


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("*", "peer.test", 80, True),
        ("peer.test", "peer.test", 80, True),
        ("PEER.test", "peer.test", 80, True),
        ("other.test, peer.test", "peer.test", 80, True),
        ("peer.test", "a.peer.test", 80, True),
        (".peer.test", "a.peer.test", 80, True),
        (".peer.test", "peer.test", 80, True),
        ("a.peer.test", "peer.test", 80, False),
        ("eer.test", "peer.test", 80, False),
        ("peer.test:8080", "peer.test", 8080, True),
        ("peer.test:8080", "peer.test", 8081, False),
        ("*.peer.test", "a.peer.test", 80, True),
        ("*.peer.test", "a.b.peer.test", 80, True),
        ("*.peer.test", "peer.test", 80, True),
        ("*.peer.test:8080", "a.peer.test", 8080, True),
        ("*.peer.test:8080", "a.peer.test", 8081, False),
        ("*.other.test", "a.peer.test", 80, False),
        ("*peer.test", "a.peer.test", 80, False),
        ("peer.test.", "peer.test", 80, True),
        ("peer.test.:8080", "peer.test", 8080, True),
        ("peer.test.:8080", "peer.test", 8081, False),
        (".peer.test.", "a.peer.test.", 80, True),
        ("*.peer.test", "a.peer.test.", 80, True),
        ("peer.test", "peer.test.", 80, True),
        ("peer.test:80", "peer.test.", 80, True),
        ("", "peer.test", 80, False),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3:80", "10.1.2.3", 80, True),
        ("10.1.2.3:81", "10.1.2.3", 80, False),
        ("192.168.0.0/16, 10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.1.2.4/8", "10.1.2.3", 80, True),
        ("10.1.0.0/16", "10.2.2.3", 80, False),
        ("10.0.0.0/8", "10.peer.test", 80, False),
        ("::1", "[::1]", 80, True),
        ("[::1]", "[::1]", 80, True),
        ("fd00::/8", "[fd12::1]", 80, True),
        ("fd00::/8", "[fe80::1]", 80, False),
        ("10.0.0.0/8", "[::1]", 80, False),
    ],
)
async def test_no_proxy_excepts_names_addresses_and_networks(
    no_proxy: str, host: str, port: int, direct: bool, environment: Setenv
) -> None:
    environment(all_proxy="http://h", no_proxy=no_proxy)
    assert (await chosen(f"ws://{host}:{port}/") is None) == direct


async def test_loopback_is_not_exempt(environment: Setenv) -> None:
    """It is as in other Python programs, and unlike in browsers."""
    environment(all_proxy="http://h")
    assert await chosen("ws://localhost/") == "http://h:80"
    assert await chosen("ws://127.0.0.1/") == "http://h:80"


async def test_option_wins_over_the_environment(environment: Setenv) -> None:
    environment(all_proxy="http://h", no_proxy="peer.test")
    assert await chosen("ws://peer.test/", proxy="http://mine") == "http://mine:80"
    assert await chosen("ws://other.test/", proxy=None) is None
    assert await chosen("ws://other.test/", proxy=True) == "http://h:80"


async def test_bad_value_of_a_variable_fails_the_opening_and_is_not_shown(
    environment: Setenv,
) -> None:
    environment(wss_proxy="http://user:hunter2/@h")
    error = await failure_to_open("wss://peer.test/")
    assert isinstance(error.__cause__, ProxyError)
    assert str(error).startswith("wss://peer.test/: wss_proxy of the environment: expected a proxy")
    assert "hunter2" not in str(error)


async def test_environment_is_read_each_time_a_socket_dials(
    environment: Setenv, nursery: trio.Nursery
) -> None:
    server = Echo()
    await server.start(nursery)
    proxy = FakeProxy(ESTABLISHED, to=server.port)
    await proxy.start(nursery)
    environment(http_proxy=proxy.url())
    async with open_websocket("ws://peer.test/") as ws:
        ws.send("by proxy")
        assert await ws.receive() == "by proxy"
    environment(no_proxy="127.0.0.1")
    async with open_websocket(server.url) as ws:
        pass
    assert [line.split()[:2] for line in proxy.said] == [[b"CONNECT", b"peer.test:80"]]


@pytest.fixture
def system(environment: Setenv, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Fake the system's settings, as the standard library returns those of macOS and Windows."""
    settings: dict[str, str] = {}
    monkeypatch.setattr(urllib.request, "getproxies", lambda: settings)
    monkeypatch.setattr(_proxy_choice, "_SYSTEMS_WITH_SETTINGS", (sys.platform,))
    return settings


async def test_systems_settings_are_used_without_variables_and_looked_up_in_a_thread(
    system: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []

    def bypass(host: str) -> bool:
        threads.append(threading.current_thread() is threading.main_thread())
        return host == "intra.test:80"

    monkeypatch.setattr(urllib.request, "proxy_bypass", bypass)
    system["socks"] = "http://127.0.0.1:9050"  # as macOS does
    assert await chosen("ws://peer.test/") == "socks5h://127.0.0.1:9050"
    assert await chosen("ws://intra.test/") is None
    assert threads == [False, False]
