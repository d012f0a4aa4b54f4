"""URLs and subprotocols, by the constructor's algorithm."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from trio_ws_dom import DOMException
from trio_ws_dom._socket import _url
from trio_ws_dom._socket._url import parse_protocols, parse_url, shown_url


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("ws://host", "ws://host/"),
        ("WSS://HOST:443/A/./B", "wss://host/A/B"),
        ("http://host:80/", "ws://host/"),
        ("https://host:8443/?q", "wss://host:8443/?q"),
        ("  ws://host/\n", "ws://host/"),
        ("ws:host", "ws://host/"),
        ("ws://0x7f.1/", "ws://127.0.0.1/"),
        ("ws://127.0.0.1:8000/", "ws://127.0.0.1:8000/"),
        ("ws://host./", "ws://host./"),
        ("ws://host/%23", "ws://host/%23"),
        ("ws://host/a^b?a^b", "ws://host/a%5Eb?a^b"),
        ("ws://host/ä?ä", "ws://host/%C3%A4?%C3%A4"),
        ("ws://xn--a/", "ws://xn--a/"),  # an ASCII label need not be valid punycode
    ],
)
def test_urls_are_serialized_as_in_browsers(url: str, href: str) -> None:
    assert parse_url(url, None).href == href


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "/path",
        "ws://",
        "ws://host:99999/",
        "ws://host:65536/",
        "ws://a b/",
        "ws://127.0.0.256/",
        "ftp://host/",
        "mailto:x",
        "blob:ws://host/",
        "ws://host/#",
        "ws://host/?#x",
        "http://host/#",
    ],
)
def test_url_that_is_a_syntax_error(url: str) -> None:
    with pytest.raises(DOMException) as caught:
        parse_url(url, None)
    assert caught.value.name == "SyntaxError"
    assert isinstance(caught.value.message, str)


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("chat", "ws://host/dir/chat"),
        ("/chat?q", "ws://host/chat?q"),
        ("//other/x", "ws://other/x"),
        ("wss://else/", "wss://else/"),
        ("?q", "ws://host/dir/page?q"),
    ],
)
def test_relative_url_takes_the_rest_from_its_base_except_the_fragment(url: str, href: str) -> None:
    assert parse_url(url, "http://host/dir/page#part").href == href


def test_error_of_a_bad_base_shows_both() -> None:
    with pytest.raises(DOMException, match=r"'chat' \(relative to 'nonsense'\)"):
        parse_url("chat", "nonsense")


def test_lone_surrogates_are_replaced() -> None:
    """A URL is a USVString."""
    assert parse_url("ws://host/\ud800", None).href == "ws://host/%EF%BF%BD"


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "target"),
    [
        ("wss://bücher.test/a?b", "xn--bcher-kva.test", 443, "xn--bcher-kva.test", "/a?b"),
        ("wss://host.test:8443/a?b", "host.test", 8443, "host.test:8443", "/a?b"),
        ("wss://[::1]:81/", "::1", 81, "[::1]:81", "/"),
        ("wss://host", "host", 443, "host", "/"),
        ("wss://host?x=1", "host", 443, "host", "/?x=1"),
        ("wss://host./?", "host.", 443, "host.", "/?"),
    ],
)
def test_parts_for_dialling_and_for_the_request(
    url: str, host: str, port: int, authority: str, target: str
) -> None:
    address = parse_url(url, None)
    assert (address.host, address.port) == (host, port)
    assert (address.authority, address.target) == (authority, target)
    assert (address.secure, address.origin) == (True, f"wss://{authority}")
    assert parse_url(url.replace("wss", "ws"), None).secure is False


@pytest.mark.parametrize(
    ("url", "name"), [("wss://host./", "host"), ("wss://host/", "host"), ("wss://[::1]/", "::1")]
)
def test_name_for_tls_has_no_trailing_dot(url: str, name: str) -> None:
    assert parse_url(url, None).tls_name == name


@pytest.mark.parametrize(
    ("credentials", "authorization"),
    [
        ("u:p", "Basic dTpw"),
        ("u", "Basic dTo="),
        (":p", "Basic OnA="),
        ("%75:%C3%A4", "Basic dTrDpA=="),
    ],
)
def test_credentials_are_decoded_for_the_header(credentials: str, authorization: str) -> None:
    address = parse_url(f"ws://{credentials}@host/", None)
    assert address.authorization == authorization
    assert credentials in address.href


def test_where_and_label_have_no_credentials_and_no_query() -> None:
    address = parse_url("ws://ada:s3cret@host:81/room?token=s3cret", None)
    assert (address.where, address.label) == ("ws://host:81/room", "WebSocket ws://host:81/room")
    assert address.origin == "ws://host:81"
    assert parse_url("ws://host/room?token=s3cret", None).where == "ws://host/room"


class Spelled:
    def __str__(self) -> str:
        return "ws://spelled/"


def test_url_object_of_another_library_is_stringified() -> None:
    """Web IDL does so for a USVString."""
    url: Any = Spelled()
    assert parse_url(url, None).href == "ws://spelled/"


@pytest.mark.parametrize("name", ["url", "base_url"])
def test_url_of_bytes_is_refused(name: str) -> None:
    given: Any = {"url": "/", "base_url": "ws://host/", name: b"ws://ada:s3cret@host/"}
    with pytest.raises(TypeError, match=f"{name}: expected a str, got bytes"):
        parse_url(given["url"], given["base_url"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("host", "host"),
        ("localhost:8000", "localhost:8000"),
        ("ftp://host/a/b", "ftp://host/a/b"),
        ("ws://host:99999/x", "ws://host:99999/x"),
        ("ws://[::1", "ws://[:…"),
        ("ws://[::1]:99999/", "ws://[::1]:99999/"),
        ("wss://ada:s3c/ret@host/x", "wss://…@host/x"),
        ("wss://ada:s3c@ret@host:x/", "wss://…@host:…"),
        ("wss:\\\\ada:s3cret@host/x", "wss:\\\\…@host/x"),
        ("w\nss://ada:s3\tcret@host/#x", "wss://…@host/#…"),
        ("wss:ada:s3cret@host/", "…@host/"),
        ("ada:s3cret@host", "…@host"),
        ("ada:s3cret", "ada:…"),
        ("wss://ada:s3cret", "wss://ada:…"),
        ("wss://ada:s3cret%40host/x", "wss://ada:…"),
        ("wss://ada:s3cret\uff20host/x", "wss://…@host/x"),
        ("wss://ada:s3c?ret@host/x", "wss://…"),
        ("wss://ada:s3c#ret@host/x", "wss://…"),
        ("wss://host/?user=a@b&token=s3cret", "wss://…"),
        ("/room?token=s3cret", "/room?…"),
        ("?token=s3cret#x", "?…"),
        ("#s3cret", "#…"),
        ("ws://host/" + "x" * 1000, "ws://host/" + "x" * 190 + "…"),
    ],
)
def test_shown_url_hides_what_may_be_a_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


SECRET = "s3c/ret"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (f"wss://ada:{SECRET}@host/", None),
        (f"wss://ada:s3cret@host/?token={SECRET}#x", None),
        (f"ftp://ada:{SECRET}@host/", None),
        (f"wss://ada:s3cret@host:bad/{SECRET}", None),
        (f"wss://ada:{SECRET}", None),
        ("chat", f"wss://ada:{SECRET}@host/"),
        (f"chat?token={SECRET}", "nonsense"),
    ],
)
def test_bad_url_is_quoted_without_its_secrets(url: str, base: str | None) -> None:
    """Neither the error nor its cause contains them."""
    with pytest.raises(DOMException) as caught:
        parse_url(url, base)
    assert "s3c" not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("ws://ada:s3cret@host/x", None),
        ("/x", "wss://ada:s3cret@host/"),
        ("/x?token=s3cret", "wss://host/"),
    ],
)
def test_addresses_with_secrets_are_not_kept(url: str, base: str | None) -> None:
    parse_url("/kept", "ws://host/")
    before = _url._parse.cache_info()
    assert "s3cret" in parse_url(url, base).href
    assert _url._parse.cache_info() == before
    parse_url("/kept", "ws://host/")
    assert _url._parse.cache_info().hits == before.hits + 1


def test_plain_url_does_not_import_the_parser() -> None:
    program = (
        "import sys; from trio_ws_dom._socket._url import parse_url as p;"
        "p('wss://host.test:8443/a/b.c?d=%20', None); assert 'pywhatwgurl' not in sys.modules;"
        "p('ws://[::2]/', None); assert 'pywhatwgurl' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_one_protocol_or_several_in_order() -> None:
    assert parse_protocols(()) == ()
    assert parse_protocols("chat") == ("chat",)
    assert parse_protocols(name for name in ("b", "a")) == ("b", "a")
    assert parse_protocols("!#$%&'*+-.^_`|~09azAZ") == ("!#$%&'*+-.^_`|~09azAZ",)


TOKEN = r"expected a token of letters, digits and .*, got "


@pytest.mark.parametrize(
    ("protocols", "message"),
    [
        ("", f"^SyntaxError: protocols: {TOKEN}an empty one"),
        ([""], rf"^SyntaxError: protocols\[0\]: {TOKEN}an empty one"),
        ("s3cret token", f"^SyntaxError: protocols: {TOKEN}' ' at index 6"),
        ("s3cret\n", rf"^SyntaxError: protocols: {TOKEN}'\\n' at index 6"),
        ("s3cret,b", f"^SyntaxError: protocols: {TOKEN}',' at index 6"),
        (["a", "s3cret/b"], rf"^SyntaxError: protocols\[1\]: {TOKEN}'/' at index 6"),
        ("ä", f"^SyntaxError: protocols: {TOKEN}'ä' at index 0"),
        (
            ["a", "s3cret", "b", "S3CRET"],
            r"^SyntaxError: protocols\[3\]: expected each subprotocol once,"
            r" got protocols\[1\] again",
        ),
    ],
)
def test_bad_protocol_is_a_syntax_error_that_does_not_quote_it(
    protocols: str | list[str], message: str
) -> None:
    with pytest.raises(DOMException, match=message) as caught:
        parse_protocols(protocols)
    assert caught.value.name == "SyntaxError"
    assert "s3cret" not in str(caught.value).lower()


@pytest.mark.parametrize(
    ("protocols", "message"),
    [
        (None, r"^protocols: expected a str or an iterable of str \(\(\) for none\), got None"),
        (1, r"^protocols: expected a str or an iterable of str .*, got int"),
        (b"s3cret", "^protocols: expected a str or an iterable of str, got bytes"),
        ([None], r"^protocols\[0\]: expected a str, got None"),
        (["a", b"s3cret"], r"^protocols\[1\]: expected a str, got bytes"),
    ],
)
def test_protocols_of_another_type_are_named_and_not_quoted(protocols: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        parse_protocols(protocols)
    assert "s3cret" not in str(caught.value)
