"""The constructor's first argument, which is an error at once, fails later, or names the request's
target."""

from __future__ import annotations

from ..scenario import ACCEPT, GOODBYE, REQUEST, Scenario, answer, close, get, new

AT_ONCE = {
    "scheme-unknown": "foo://127.0.0.1/",
    "scheme-about": "about:blank",
    "scheme-mailto": "mailto:a@b",
    "scheme-data": "data:text/plain,x",
    "scheme-javascript": "javascript:0",
    "scheme-ftp": "ftp://127.0.0.1/",
    "scheme-file": "file:///x",
    "scheme-blob": "blob:http://127.0.0.1/1",
    "scheme-without-slashes": "ws:",
    "host-missing": "ws://",
    "host-missing-path": "ws:///",
    "host-missing-wss": "wss://",
    "host-forbidden-caret": "ws://a^b/",
    "host-forbidden-bar": "ws://a|b/",
    "host-nul": "ws://a%00b/",
    "host-bad-percent": "ws://%zz/",
    "host-ipv4-out-of-range": "ws://127.0.0.256/",
    "host-ipv6-unclosed": "ws://[::1/",
    "host-ipv6-bad": "ws://[::g]/",
    "host-punycode-bad": "ws://xn--/",
    "port-too-large": "ws://127.0.0.1:65536/",
    "port-letters": "ws://127.0.0.1:abc/",
    "port-negative": "ws://127.0.0.1:-1/",
    "userinfo-without-host": "ws://user:pass@/",
}
FRAGMENTS = {
    "ws": "ws://127.0.0.1:{port}/#f",
    "ws-empty": "ws://127.0.0.1:{port}/#",
    "query": "ws://127.0.0.1:{port}/?q#f",
    "http": "http://127.0.0.1:{port}/#f",
    "relative": "#f",
    "relative-empty": "#",
    "scheme-first": "foo://127.0.0.1/#f",
}
REACHED = {
    "plain": "ws://127.0.0.1:{port}/",
    "no-path": "ws://127.0.0.1:{port}",
    "path": "ws://127.0.0.1:{port}/a/b;c=d",
    "query": "ws://127.0.0.1:{port}/?a=b&c=d",
    "query-empty": "ws://127.0.0.1:{port}/?",
    "query-no-path": "ws://127.0.0.1:{port}?a",
    "query-quote": "ws://127.0.0.1:{port}/?a'b\"c<d>",
    "query-unicode": "ws://127.0.0.1:{port}/?ä=€&x=\U0001f600",
    "query-surrogate": "ws://127.0.0.1:{port}/?\ud800",
    "path-unicode": "ws://127.0.0.1:{port}/ä/€/\U0001f600",
    "path-space": "ws://127.0.0.1:{port}/a b",
    "path-percent": "ws://127.0.0.1:{port}/%61%zz%",
    "path-dots": "ws://127.0.0.1:{port}/a/../b/./c/%2e%2E/d",
    "path-backslash": "ws:\\\\127.0.0.1:{port}\\a\\b",
    "path-double-slash": "ws://127.0.0.1:{port}//a//b",
    "space-around": "  ws://127.0.0.1:{port}/x \t",
    "newline-inside": "ws://127.0.0.1:{port}/a\nb\tc\rd",
    "control-around": "\x00ws://127.0.0.1:{port}/x\x1f",
    "scheme-upper": "WS://127.0.0.1:{port}/",
    "host-upper": "ws://LOCALHOST.Example:{port}/",
    "host-trailing-dot": "ws://a.example.:{port}/",
    "host-percent": "ws://%61.example:{port}/",
    "host-idn": "ws://bücher.example:{port}/",
    "host-idn-upper": "ws://BÜCHER.example:{port}/",
    "host-idn-eszett": "ws://faß.example:{port}/",
    "host-idn-dot": "ws://a。example:{port}/",
    "host-full-width": "ws://\uff41.example:{port}/",
    "host-underscore": "ws://a_b.example:{port}/",
    "ipv4-short": "ws://127.1:{port}/",
    "ipv4-hex": "ws://0x7f.0.0.1:{port}/",
    "ipv4-number": "ws://2130706433:{port}/",
    "ipv4-octal": "ws://0177.0.0.01:{port}/",
    "ipv4-dot": "ws://127.0.0.1.:{port}/",
    "port-zeros": "ws://127.0.0.1:00{port}/",
    "slashes-many": "ws:////127.0.0.1:{port}/x",
    "slashes-none": "ws:127.0.0.1:{port}/x",
    "userinfo": "ws://user:pass@127.0.0.1:{port}/",
    "userinfo-name": "ws://user@127.0.0.1:{port}/",
    "userinfo-password": "ws://:pass@127.0.0.1:{port}/",
    "userinfo-escaped": "ws://us%20er:p%40s%3as@127.0.0.1:{port}/",
    "userinfo-unicode": "ws://ü:ß@127.0.0.1:{port}/",
    "userinfo-empty": "ws://@127.0.0.1:{port}/",
    "userinfo-two-ats": "ws://a@b:c@127.0.0.1:{port}/",
    "http": "http://127.0.0.1:{port}/x",
    "http-upper": "HTTP://127.0.0.1:{port}/x",
    "relative-empty": "",
    "relative": "chat",
    "relative-absolute": "/chat",
    "relative-up": "../../chat?x",
    "relative-query": "?x",
    "relative-host": "//127.0.0.1:{port}/chat",
    "relative-scheme": "http:chat",
    "relative-backslash": "\\chat",
}
CHALLENGE = (
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n'
)
CREDENTIALS = [name for name in REACHED if name.startswith("userinfo") and name != "userinfo-empty"]
SECURE = {"wss": "wss://127.0.0.1:{port}/x", "https": "https://127.0.0.1:{port}/x"}
NO_URL = "constructor: the URL is no URL"
SCHEME = "constructor: the scheme is no web socket's"
BLOCKED = "handshake: a blocked port"
BLOCKED_PORTS = (0, 1, 22, 25, 80 + 7, 139, 554, 6000, 6667, 10080)


def _reached(name: str, url: str) -> Scenario:
    covers = ["constructor: the URL is parsed", "url: serialised", "handshake: the request"]
    if name.startswith("relative"):
        covers.append("constructor: relative to the base URL")
    if name.startswith("http"):
        covers.append("constructor: http becomes ws")
    if name.startswith("userinfo"):
        covers.append("handshake: credentials of the URL")
    # The message contains ``origin``, which is the server's.
    program = [new(url, open=[get(), close(1000)])]
    departs = ("credentials at once",) if name in CREDENTIALS else ()
    return Scenario(f"url-{name}", program, [[*ACCEPT, *GOODBYE]], tuple(covers), departs=departs)


def _failing(
    name: str, url: str, clause: str = "handshake: the connection cannot be made"
) -> Scenario:
    return Scenario(name, [new(url)], covers=("closed: error first if it failed", clause))


SCENARIOS = [
    Scenario(
        "url-bad-host-space",
        [new("ws://a b.example:{port}/")],
        [],
        ("constructor: the URL is no URL",),
        departs=("a space in a host",),
    ),
    Scenario(
        "url-userinfo-challenged",
        [new("ws://user:pass@127.0.0.1:{port}/", open=[close()])],
        [[REQUEST, ("answer", CHALLENGE, b""), REQUEST, answer(), *GOODBYE]],
        ("handshake: credentials of the URL",),
        departs=("credentials at once",),
    ),
    Scenario(
        "url-challenged-without-userinfo",
        [new()],
        [[REQUEST, ("answer", CHALLENGE, b"")]],
        ("handshake: credentials of the URL",),
    ),
    *(
        Scenario(f"url-bad-{n}", [new(u)], covers=(SCHEME if n.startswith("scheme") else NO_URL,))
        for n, u in AT_ONCE.items()
    ),
    *(
        Scenario(f"url-fragment-{n}", [new(u)], covers=("constructor: a fragment is an error",))
        for n, u in FRAGMENTS.items()
    ),
    *(_reached(n, u) for n, u in REACHED.items()),
    Scenario(
        "url-ipv6",
        [new("ws://[::1]:{port}/", open=[close()])],
        [[*ACCEPT, *GOODBYE]],
        ("url: serialised",),
        host="::1",
    ),
    Scenario(
        "url-ipv6-long",
        [new("ws://[0:0::0001]:{port}/", open=[close()])],
        [[*ACCEPT, *GOODBYE]],
        ("url: serialised",),
        host="::1",
    ),
    Scenario(
        "url-relative-to-ws-base",
        [new("x", open=[close()])],
        [[*ACCEPT, *GOODBYE]],
        ("constructor: relative to the base URL",),
        base="ws://127.0.0.1:{port}/a/b",
    ),
    Scenario(
        "url-relative-to-https-base",
        [new("x")],
        [[REQUEST]],
        ("constructor: relative to the base URL", "constructor: https becomes wss"),
        base="https://127.0.0.1:{port}/a/b",
    ),
    *(
        Scenario(
            f"url-secure-{n}",
            [new(u)],
            [[REQUEST]],
            ("constructor: https becomes wss", "closed: error first if it failed"),
        )
        for n, u in SECURE.items()
    ),
    *(_failing(f"url-blocked-port-{p}", f"ws://127.0.0.1:{p}/", BLOCKED) for p in BLOCKED_PORTS),
    _failing("url-blocked-port-wss", "wss://127.0.0.1:25/", BLOCKED),
    _failing("url-default-port", "ws://127.9.8.7:80/"),
    _failing("url-default-port-wss", "wss://127.9.8.7:443/"),
    _failing("url-refused", "ws://127.0.0.1:{closed}/"),
]
