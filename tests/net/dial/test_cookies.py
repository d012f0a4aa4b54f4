"""The option ``cookies``, with what the jar sends and stores, and browsers' rules beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest
import trio
from support.cookies import cookie, jar_of

from trio_ws_dom import HandshakeError, open_websocket
from trio_ws_dom._net._dial._cookies import MAX_COOKIE, MAX_COOKIE_HEADER, MAX_COOKIES
from trio_ws_dom.testing import open_fake_server

URL = "ws://chat.example.com/rooms/one?q"
SECURE = "wss://chat.example.com/rooms/one?q"


async def connect(url: str, *set_cookies: str, **options: Any) -> str | None:
    """Open and close with these cookies in the 101, and return the request's Cookie header."""
    headers = [("Set-Cookie", value) for value in set_cookies]
    async with open_fake_server(url) as server, trio.open_nursery() as nursery:
        nursery.start_soon(partial(server.accept, headers=headers))
        async with open_websocket(url, **options):
            return server.requests[0].headers.get("cookie")


async def refuse(url: str, set_cookie: str, **options: Any) -> HandshakeError:
    """Connect, and return the refusal with 403 and this cookie."""
    headers = [("Set-Cookie", set_cookie)]
    async with open_fake_server(url) as server, trio.open_nursery() as nursery:
        nursery.start_soon(partial(server.refuse, 403, headers=headers))
        with pytest.raises(HandshakeError) as raised:
            async with open_websocket(url, **options):
                raise AssertionError("it never opens")
    return raised.value


# ---- sent


async def test_nothing_is_sent_without_a_jar() -> None:
    assert await connect(URL, "a=1") is None


async def test_empty_jar_sends_no_header() -> None:
    assert await connect(URL, cookies=CookieJar()) is None


async def test_all_cookies_are_sent_in_one_header() -> None:
    """RFC 6265 section 5.4."""
    assert await connect(URL, cookies=jar_of(cookie("a"), cookie("b"))) == "a=v; b=v"


@pytest.mark.parametrize(
    ("domain", "matches"),
    [
        ("chat.example.com", True),
        (".chat.example.com", True),
        (".example.com", True),
        ("other.example.com", False),
        (".other.example.com", False),
        (".com.example", False),
        ("xchat.example.com", False),
        (".at.example.com", False),
    ],
)
async def test_cookie_goes_to_its_host_or_with_a_dot_to_those_below_too(
    domain: str, matches: bool
) -> None:
    assert await connect(URL, cookies=jar_of(cookie("a", domain))) == ("a=v" if matches else None)


async def test_jars_policy_decides_what_is_sent() -> None:
    """The standard library's default sends a host's own cookie to the hosts below it, browsers do
    not."""
    strict = CookieJar(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrict))
    strict.set_cookie(cookie("a", "example.com"))
    assert await connect(URL, cookies=jar_of(cookie("a", "example.com"))) == "a=v"
    assert await connect(URL, cookies=strict) is None


@pytest.mark.parametrize(
    ("path", "matches"),
    [("/", True), ("/rooms", True), ("/rooms/one", True), ("/rooms/two", False), ("/room", False)],
)
async def test_cookie_goes_to_its_path_and_what_is_below(path: str, matches: bool) -> None:
    """The query is not a part of the path."""
    assert await connect(URL, cookies=jar_of(cookie("a", path=path))) == (
        "a=v" if matches else None
    )


async def test_expired_cookie_is_not_sent() -> None:
    gone = cookie("gone", expires=int(time.time()) - 10, discard=False)
    fresh = cookie("fresh", expires=int(time.time()) + 1000, discard=False)
    assert await connect(URL, cookies=jar_of(gone, fresh)) == "fresh=v"


async def test_secure_cookie_is_not_sent_over_ws() -> None:
    jar = jar_of(cookie("secret", secure=True), cookie("open"))
    assert await connect(URL, cookies=jar) == "open=v"


async def test_secure_cookie_is_sent_over_wss() -> None:
    jar = jar_of(cookie("secret", secure=True), cookie("open"))
    assert await connect(SECURE, cookies=jar) == "secret=v; open=v"


async def test_httponly_cookie_is_sent() -> None:
    """HttpOnly hides a cookie from scripts, and the handshake is HTTP."""
    jar = jar_of(cookie("session", rest={"HttpOnly": None}))
    assert await connect(URL, cookies=jar) == "session=v"


async def test_cookie_of_another_port_is_sent() -> None:
    """RFC 6265 section 8.5."""
    assert await connect("ws://chat.example.com:8080/", cookies=jar_of(cookie("a"))) == "a=v"


@pytest.mark.parametrize("name", ["Cookie", "cookie"])
async def test_cookie_among_the_headers_replaces_the_jars(name: str) -> None:
    """The jar is still filled."""
    jar = jar_of(cookie("a"))
    assert await connect(URL, "b=2", cookies=jar, headers={name: "mine=1"}) == "mine=1"
    assert {each.name for each in jar} == {"a", "b"}


async def test_other_headers_do_not_replace_the_jars_cookies() -> None:
    assert await connect(URL, cookies=jar_of(cookie("a")), headers={"X-Cookie": "no"}) == "a=v"


# ---- stored


async def test_cookies_of_the_101_are_stored_and_sent_the_next_time() -> None:
    jar = CookieJar()
    await connect(URL, "a=1", "b=2; Path=/", cookies=jar)
    assert {(each.name, each.value, each.domain) for each in jar} == {
        ("a", "1", "chat.example.com"),
        ("b", "2", "chat.example.com"),
    }
    assert await connect(URL, cookies=jar) == "a=1; b=2"


async def test_cookies_of_a_refusal_are_stored() -> None:
    """A refusal may report that a login has expired."""
    jar = CookieJar()
    error = await refuse(URL, "login=again; Path=/", cookies=jar)
    assert error.status == 403
    assert await connect(URL, cookies=jar) == "login=again"


async def test_refusal_without_a_jar_is_as_with_one() -> None:
    assert (await refuse(URL, "a=1")).status == 403


async def test_attributes_of_a_cookie_are_stored() -> None:
    jar = CookieJar()
    line = "a=1; Path=/rooms; Domain=example.com; Secure; HttpOnly; Max-Age=60"
    await connect(SECURE, line, cookies=jar)
    (stored,) = jar
    assert (stored.path, stored.domain, stored.secure) == ("/rooms", ".example.com", True)
    assert stored.has_nonstandard_attr("HttpOnly")
    assert stored.expires is not None
    assert 0 < stored.expires - time.time() <= 60
    assert await connect("ws://chat.example.com/rooms", cookies=jar) is None


async def test_cookie_for_another_domain_is_not_stored() -> None:
    jar = CookieJar()
    await connect(URL, "a=1; Domain=elsewhere.com", cookies=jar)
    assert not list(jar)


async def test_expiry_in_the_past_deletes_a_cookie() -> None:
    jar = jar_of(cookie("a"), cookie("b"))
    line = "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    await connect(URL, line, cookies=jar)
    assert [each.name for each in jar] == ["b"]


async def test_malformed_cookie_is_not_stored_and_does_not_fail_the_handshake() -> None:
    jar = CookieJar()
    await connect(URL, ";;=;", "", "ok=1", cookies=jar)
    assert [each.name for each in jar if each.name == "ok"] == ["ok"]


async def test_jar_is_shared_by_sockets_and_http_clients() -> None:
    jar = jar_of(cookie("from-a-login"))
    first = await connect(URL, "seen=1; Path=/", cookies=jar)
    second = await connect(URL, cookies=jar)
    assert (first, second) == ("from-a-login=v", "from-a-login=v; seen=1")


async def test_cookie_with_control_characters_is_stored_and_not_sent() -> None:
    jar = CookieJar()
    await connect(URL, "bad=x\x01y", "good=1", cookies=jar)
    assert len(jar) == 2
    assert await connect(URL, cookies=jar) == "good=1"
    jar.clear("chat.example.com", "/rooms", "good")
    assert await connect(URL, cookies=jar) is None


# ---- bounds and rules of browsers that the standard library's jar does not have

HOST = "chat.example.com"


def names(jar: CookieJar) -> set[str]:
    return {each.name for each in jar}


async def test_cookie_of_4096_bytes_is_the_largest() -> None:
    jar = CookieJar()
    await connect(URL, f"fits={'v' * (MAX_COOKIE - 5)}", f"larger={'v' * MAX_COOKIE}", cookies=jar)
    assert names(jar) == {"fits"}


async def test_attributes_of_a_cookie_have_the_same_bound() -> None:
    jar = CookieJar()
    room = MAX_COOKIE - len("Path=/;x=")
    await connect(URL, f"fits=1;Path=/;x={'y' * room}", f"larger=1;x={'y' * 5000}", cookies=jar)
    assert names(jar) == {"fits"}


async def test_host_has_at_most_180_cookies_and_the_oldest_make_room() -> None:
    jar = jar_of(*(cookie(f"old{n}", path=f"/{n}") for n in range(MAX_COOKIES)))
    jar.set_cookie(cookie("elsewhere", "other.test"))
    await connect(URL, *(f"new{n}=1; Path=/" for n in range(10)), cookies=jar)
    assert len(jar) == MAX_COOKIES + 1
    assert {f"old{n}" for n in range(10)}.isdisjoint(names(jar))
    assert {f"new{n}" for n in range(10)} | {"old10", "elsewhere"} <= names(jar)


async def test_cookies_of_the_domain_above_count_for_the_host() -> None:
    jar = CookieJar()
    lines = [f"c{n}=1; Domain={'example.com' if n % 2 else HOST}" for n in range(200)]
    await connect(URL, *lines, cookies=jar)
    assert len(jar) == MAX_COOKIES


async def test_cookie_header_has_at_most_16_kib() -> None:
    """What does not fit is left out as a whole."""
    sizes = {"a": 4000, "b": 4000, "c": 4000, "d": 4000, "e": 4000, "small": 100}
    jar = jar_of(*(cookie(name, value="v" * size) for name, size in sizes.items()))
    sent = await connect(URL, cookies=jar)
    assert sent is not None
    assert [pair.partition("=")[0] for pair in sent.split("; ")] == ["a", "b", "c", "d", "small"]
    assert len(sent) <= MAX_COOKIE_HEADER


@pytest.mark.parametrize(("more", "both"), [(0, True), (1, False)])
async def test_cookie_header_of_16_kib_is_the_largest(more: int, both: bool) -> None:
    value = "v" * (MAX_COOKIE_HEADER - len("a=; b=v") + more)
    jar = jar_of(cookie("a", value=value), cookie("b"))
    sent = await connect(URL, cookies=jar)
    assert sent == f"a={value}" + ("; b=v" if both else "")


@pytest.mark.parametrize(
    ("line", "over_tls"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__secure-a=1", False),
        ("__Secure-a=1; Secure; Domain=example.com; Path=/rooms", True),
        ("__Host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Path=/", False),
        ("__HOST-a=1; Path=/", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/rooms", False),
        ("__Host-a=1; Secure; Path=/; Domain=chat.example.com", False),
        ("a=1; Secure", True),
        ("a=1; secure=yes", True),
    ],
)
async def test_prefixes_and_secure_are_for_cookies_that_came_over_tls(
    line: str, over_tls: bool
) -> None:
    jar = CookieJar()
    await connect(SECURE, line, cookies=jar)
    assert len(jar) == over_tls
    jar = CookieJar()
    await connect(URL, line, cookies=jar)
    assert not list(jar)


@pytest.mark.parametrize(
    ("line", "domain", "path", "refused"),
    [
        ("a=evil", HOST, "/", True),
        ("a=; Max-Age=0", HOST, "/", True),
        ("a=evil; Path=/", HOST, "/rooms", False),
        ("a=evil; Path=/rooms/one", HOST, "/rooms", True),
        ("a=evil; Path=/rooms/", HOST, "/rooms/", True),
        ("a=evil; Path=/roomsandmore", HOST, "/rooms", False),
        ("a=evil; Path=bad", HOST, "/rooms", True),
        ("a=evil", ".example.com", "/", True),
        ("a=evil; Domain=example.com", HOST, "/", True),
        ("a=evil; Domain=.Example.com", HOST, "/", True),
        ("a=evil", "other.example.com", "/", False),
        ("b=other", HOST, "/", False),
    ],
)
async def test_ws_does_not_replace_a_secure_cookie(
    line: str, domain: str, path: str, refused: bool
) -> None:
    """It does not shadow it, by one of the domain above or of a path below, or delete it,
    either."""
    jar = jar_of(cookie("a", domain, path=path, secure=True))
    await connect(URL, line, cookies=jar)
    kept = [each.value for each in jar if each.secure]
    assert kept == ["v"]
    assert len(jar) == (1 if refused else 2)


async def test_wss_replaces_a_secure_cookie() -> None:
    jar = jar_of(cookie("a", secure=True))
    await connect(SECURE, "a=new; Path=/", cookies=jar)
    assert [each.value for each in jar] == ["new"]


@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.1"])
async def test_hosts_without_a_dot_have_the_same_rules(host: str) -> None:
    """The standard library's jar adds ``.local`` to them."""
    jar = CookieJar()
    await connect(f"wss://{host}/", "a=1; Secure; Path=/", cookies=jar)
    await connect(f"ws://{host}/", "a=evil", *(f"c{n}=1" for n in range(200)), cookies=jar)
    assert len(jar) == MAX_COOKIES
    assert "evil" not in {each.value for each in jar}


async def test_set_cookie2_is_not_read() -> None:
    """RFC 6265 made it obsolete, and the rules above are not about it."""
    jar = CookieJar(DefaultCookiePolicy(rfc2965=True))
    async with open_fake_server(URL) as server, trio.open_nursery() as nursery:
        headers = [("Set-Cookie2", 'a="1"; Version="1"; Path="/"'), ("Set-Cookie", "b=1")]
        nursery.start_soon(partial(server.accept, headers=headers))
        async with open_websocket(URL, cookies=jar):
            pass
    assert names(jar) == {"b"}


# ---- the policy of docs/cookies.md


def documented_policy(*suffixes: str) -> DefaultCookiePolicy:
    page = (Path(__file__).parents[3] / "docs" / "cookies.md").read_text(encoding="utf-8")
    code = page.partition("import Callable\n")[2].partition("\njar = ")[0]
    scope: dict[str, Any] = {"Callable": Callable}
    exec(code, scope)
    policy: DefaultCookiePolicy = scope["BrowserPolicy"](set(suffixes).__contains__)
    return policy


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        ("a=1", True),
        ("a=1; Domain=example.co.uk", True),
        ("a=1; Domain=.example.co.uk", True),
        ("a=1; Domain=co.uk", False),
        ("a=1; Domain=.co.uk", False),
    ],
)
async def test_documented_policy_stores_no_cookie_for_a_public_suffix(
    line: str, stored: bool
) -> None:
    jar = CookieJar(documented_policy("co.uk"))
    await connect("wss://chat.example.co.uk/", line, cookies=jar)
    assert len(jar) == stored


async def test_documented_policy_keeps_a_hosts_own_cookies_from_those_below() -> None:
    jar = CookieJar(documented_policy())
    await connect("wss://example.com/", "own=1", "shared=1; Domain=example.com", cookies=jar)
    assert await connect("wss://chat.example.com/", cookies=jar) == "shared=1"


async def test_documented_policy_stores_a_cookie_for_a_domain_two_names_up() -> None:
    jar = CookieJar(documented_policy("com"))
    strict = CookieJar(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrict))
    for each in (jar, strict):
        await connect("wss://a.b.example.com/", "a=1; Domain=example.com", cookies=each)
    assert (names(jar), names(strict)) == ({"a"}, set())
