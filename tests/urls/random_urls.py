"""Random URLs, most of them nearly valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import ucd_3_2_0

if TYPE_CHECKING:
    from random import Random

# Implementations have Unicode of different age, so only what Unicode 3.2 assigned is used.
UNASSIGNED: Final = ("Cn", "Cs", "Co")  # and surrogates, and private use
LETTERS: Final = [
    chr(n) for n in range(0x80, 0x30000) if ucd_3_2_0.category(chr(n)) not in UNASSIGNED
]

WEB_SCHEMES: Final = ("ws", "wss", "http", "https")
SCHEMES: Final = (*WEB_SCHEMES, "ws", "wss", "WS", "Https", "w\ns", "ftp", "foo", "file", "")
SLASHES: Final = ("://", "://", "://", "://", ":", ":///", ":\\\\", ":/\\", ":/", "//", "/", "")
USERINFO: Final = ("", "", "", "", "u@", "u:p@", ":@", "@", "u:p:q@", "u@v@", "é:ü@", "%41:@")
NUMBERS: Final = (
    "0x",
    "0",
    "1",
    "01",
    "10",
    "127",
    "255",
    "256",
    "0xff",
    "08",
    "4294967295",
    "a",
    "",
)
IPV6_PARTS: Final = ("1", "ffff", ":", "::", "1.2.3.4", "g", "%")
PORTS: Final = (
    *("", "", "", "", ":80", ":443", ":0", ":8000", ":65535", ":65536", ":", "::", ":8a", ":080"),
    ":\u0663",  # a digit, but not an ASCII one
)
HOST_CHARACTERS: Final = "abcABC019.-_%^<>| []@:/\\?#\t\n\"'`{}~!$&()*+,;=é"
IDN_CHARACTERS: Final = "abcß\u0131\u017f\u00ad\u200c\u200d\u3002\uff0e≠\u0338x-09éü"
TAIL_PARTS: Final = (
    *("..", "..", "/", "/", "%2e", "%2E", "%", "%41", "é", "\ufffe", "\U0001f600", "\x85"),
    *"aBc.\\?^|~\"'`{}<>@:[]!$&()*+,;=-_# \t\n\x00\x7f",
)
SEGMENTS: Final = (
    *("/", "/", "/a", "/b.c", "/.", "/..", "/...", "/.a", "/%2e", "/%2E.", "/%2e%41", "/%20"),
    *("/a@b:c;d=e,f", "/~!$&'()*+|[]-_"),
)
BASES: Final = (
    *("ws://h/a/b?q#f", "http://u:p@h:81/a/../b/", "https://h", "wss://h/x?y"),
    *("file:///a/b", "foo:bar"),
)


def random_url(random: Random) -> tuple[str, str | None]:
    """Return a URL, and a base or None."""
    if random.random() < 0.4:
        return _plain(random), None
    url = random.choice(SCHEMES) + random.choice(SLASHES) + random.choice(USERINFO)
    url += _host(random) + random.choice(PORTS) + random.choice(("", "/", "?", "/x"))
    url += _tail(random)
    if random.random() < 0.05:
        url = random.choice(" \x00\x1f\u00a0") + url + random.choice(" \n")
    if random.random() < 0.7:
        return url, None
    return random.choice((url, _tail(random))), random.choice(BASES)


def _plain(random: Random) -> str:
    """Return a URL that the fast path takes, or nearly."""
    label = "".join(random.choices("abcxyz0189-_", k=random.randint(1, 5)))
    number = ".".join(random.choices(NUMBERS, k=random.randint(2, 5)))
    host = random.choice((label, f"{label}.test", f"a.{label}.", number, f"xn--{label}", "[::1]"))
    user = random.choice(("", "", random.choice(USERINFO), f"{label}@", f"a%c3'*:{label}@", "a=b@"))
    port = random.choice(PORTS)
    path = "".join(random.choices(SEGMENTS, k=random.randint(0, 4)))
    query = random.choice(("", "", "?", f"?a={path}"))
    tail = _tail(random) if random.random() < 0.2 else ""
    return f"{random.choice(WEB_SCHEMES)}://{user}{host}{port}{path}{query}{tail}"


def _host(random: Random) -> str:
    match random.randrange(7):
        case 0:
            return ".".join(_label(random) for _ in range(random.randint(1, 3)))
        case 1:
            return "xn--" + "".join(
                random.choices("abcdefghijk-0123456789", k=random.randint(0, 8))
            )
        case 2:
            return "xn--" + _label(random).encode("punycode").decode()
        case 3:
            return ".".join(random.choices(NUMBERS, k=random.randint(1, 5)))
        case 4:
            return "[" + "".join(random.choices(IPV6_PARTS, k=random.randint(1, 10))) + "]"
        case 5:
            return "".join(random.choices(HOST_CHARACTERS, k=random.randint(0, 8)))
        case _:
            return "host.test"


def _label(random: Random) -> str:
    start = random.randrange(len(LETTERS) - 60)
    letters = random.choice((LETTERS[start : start + 60], IDN_CHARACTERS, "abcdefgh-0129_~!$&"))
    return "".join(random.choices(letters, k=random.randint(1, 5)))


def _tail(random: Random) -> str:
    return "".join(random.choices(TAIL_PARTS, k=random.randint(0, 10)))
