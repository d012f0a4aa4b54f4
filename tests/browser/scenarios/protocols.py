"""The subprotocols that may be asked for, and that a server may answer."""

from __future__ import annotations

from ..scenario import ACCEPT, GOODBYE, REQUEST, Scenario, answer, close, get, new

ASKED: dict[str, str | list[str]] = {
    "string": "chat",
    "string-empty": "",
    "list-empty": [],
    "one": ["chat"],
    "two": ["a", "b"],
    "empty-among": ["a", ""],
    "twice": ["a", "a"],
    "twice-other-case": ["a", "A"],
    "comma": "a,b",
    "comma-space": "a, b",
    "space": "a b",
    "tab": "a\tb",
    "newline": "a\r\nb",
    "nul": "a\0",
    "delete": "a\x7f",
    "unicode": "ä",
    "unicode-second": ["a", "ä"],
    "surrogate": "\ud800",
    "long": "x" * 300,
    "all-token-characters": "!#$%&'*+-.^_`|~09azAZ",
    **{f"separator-{ord(c):02x}": f"a{c}b" for c in '()<>@;:\\"/[]?={}'},
}
REFUSED = {
    "string-empty",
    "empty-among",
    "twice",
    "twice-other-case",
    "comma",
    "comma-space",
    "space",
    "tab",
    "newline",
    "nul",
    "delete",
    "unicode",
    "unicode-second",
    "surrogate",
    *(n for n in ASKED if n.startswith("separator-")),
}

ANSWERS: dict[str, tuple[str | list[str] | None, tuple[str, ...]]] = {
    "first": (["a", "b"], ("Sec-WebSocket-Protocol: a",)),
    "second": (["a", "b"], ("Sec-WebSocket-Protocol: b",)),
    "name-in-lower-case": (["a"], ("sec-websocket-protocol: a",)),
    "spaces-around": (["a"], ("Sec-WebSocket-Protocol:   a  ",)),
    "none": (["a", "b"], ()),
    "none-for-a-string": ("a", ()),
    "empty": (["a"], ("Sec-WebSocket-Protocol: ",)),
    "another": (["a"], ("Sec-WebSocket-Protocol: b",)),
    "other-case": (["a"], ("Sec-WebSocket-Protocol: A",)),
    "unasked": (None, ("Sec-WebSocket-Protocol: a",)),
    "unasked-empty": (None, ("Sec-WebSocket-Protocol: ",)),
    "list": (["a", "b"], ("Sec-WebSocket-Protocol: a, b",)),
    "two-headers": (["a", "b"], ("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b")),
    "same-twice": (["a", "b"], ("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a")),
}
TAKEN = {"first", "second", "name-in-lower-case", "spaces-around"}


def _asked(name: str, protocols: str | list[str]) -> Scenario:
    if name in REFUSED:
        clause = "must differ" if name.startswith("twice") else "must be tokens"
        covers: tuple[str, ...] = (f"constructor: protocols {clause}",)
        if name == "twice-other-case":
            return Scenario(
                f"protocols-{name}",
                [new(protocols=protocols)],
                [],
                covers,
                departs=("protocols that differ by case",),
            )
        return Scenario(f"protocols-{name}", [new(protocols=protocols)], covers=covers)
    covers = ("handshake: protocols are asked for",)
    if isinstance(protocols, str):
        covers = (*covers, "constructor: a string is one protocol")
    first = protocols if isinstance(protocols, str) else next(iter(protocols), None)
    reply = answer(*([f"Sec-WebSocket-Protocol: {first}"] if first else []))
    return Scenario(
        f"protocols-{name}",
        [new(protocols=protocols, open=[get(), close()])],
        [[REQUEST, reply, *GOODBYE]],
        covers,
    )


def _answered(name: str, protocols: str | list[str] | None, headers: tuple[str, ...]) -> Scenario:
    good = name in TAKEN
    covers = (
        ("protocol: the server's choice",)
        if good
        else ("handshake: a protocol that was not asked for fails",)
    )
    program = [new(protocols=protocols, open=[get(), close()])]
    script = [REQUEST, answer(*headers), *(GOODBYE if good else [])]
    return Scenario(f"protocol-answer-{name}", program, [script], covers, after=[get()])


SCENARIOS = [
    *(_asked(n, p) for n, p in ASKED.items()),
    *(_answered(n, p, h) for n, (p, h) in ANSWERS.items()),
    Scenario(
        "protocols-none",
        [new(open=[get(), close()])],
        [[*ACCEPT, *GOODBYE]],
        ("constructor: protocols default to none",),
    ),
    Scenario(
        "protocols-bad-and-url-bad",
        [new("foo:", "")],
        covers=("constructor: the scheme is no web socket's",),
    ),
]
