"""The constructor of WebSocketStream, ``opened``, and the signal."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    HANG_UP,
    REQUEST,
    RESET,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Script,
    Step,
    answer,
    close_frame,
    heard,
    say,
    text,
    text_frame,
    wait,
    write,
)
from ..stream_words import (
    abort_writable,
    closed,
    hear,
    opened,
    put_in,
    read,
    stop,
    stream,
    task,
)
from .failures import ANSWERS, JUNK, STATUS

MADE = ("stream: the constructor",)
OPENED = ("stream: opened",)
FAILED = ("stream: what cannot be opened", "stream: another end errors them")
SIGNAL = ("stream: a signal aborts the handshake",)
BOTH = task("t", opened(), closed())
CONTROLLER: Op = ["controller", "c"]
ABORT: Op = ["abort", "c"]
GOOD_URLS = (
    "ws://127.0.0.1:{closed}",
    "ws://127.0.0.1:{closed}/a b?ä",
    "http://127.0.0.1:{closed}/x",
    "HTTP://127.0.0.1:{closed}/../x",
    "https://127.0.0.1:{closed}/x",
)
RELATIVE_URLS = ("/x?y", "x", "//127.0.0.1:{closed}/", "?z", "")
BAD_URLS = (
    "ws://127.0.0.1:{closed}/#",
    "ws://127.0.0.1:{closed}/#a",
    "#",
    "ftp://127.0.0.1:{closed}/",
    "about:blank",
    "ws://127.0.0.1:99999/",
    "ws://",
)
BAD_PROTOCOLS = (["p", "p"], [""], ["a b"], ["ä"], ["p", "q,r"], ["a\tb"], ["a/b"])
REFUSALS = {
    "not-found": ("answer", STATUS["404"], b""),
    "redirect": ("answer", STATUS["301"], b""),
    "ok": ("answer", STATUS["200"], b""),
    "accept-wrong": answer(opening=ANSWERS["accept-wrong"]),
    "junk": write(JUNK["text"]),
    "protocol-unasked": answer("Sec-WebSocket-Protocol: p"),
    "extension-unasked": answer("Sec-WebSocket-Extensions: x-foo"),
}


def _made(name: str, *ops: Op) -> Scenario:
    return Scenario(f"stream-{name}", list(ops), [], MADE)


def _refused(name: str, *script: Step) -> Scenario:
    return Scenario(f"stream-refused-{name}", [stream(), BOTH], [list(script)], FAILED)


def _accepted(name: str, protocols: list[str] | None, *headers: str) -> Scenario:
    steps = task("t", opened(), stop(), closed())
    script: Script = [REQUEST, answer(*headers), *GOODBYE]
    return Scenario(f"stream-opened-{name}", [stream(protocols=protocols), steps], [script], OPENED)


def _named(urls: tuple[str, ...]) -> list[Op]:
    """Make a stream for each, and close it at once."""
    names = [f"s{number}" for number in range(len(urls))]
    made = [stream(url, name=name) for url, name in zip(urls, names, strict=True)]
    return [op for m, name in zip(made, names, strict=True) for op in (m, stop(name=name))]


SIGNALS = [
    Scenario(
        "stream-signal-aborted-before",
        [CONTROLLER, ABORT, stream(signal="c"), BOTH],
        [],
        SIGNAL,
        departs=("the URL of an aborted stream",),
    ),
    Scenario(
        "stream-signal-aborts-at-once",
        [CONTROLLER, stream(signal="c"), ABORT, BOTH],
        [],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-aborts-the-request",
        [CONTROLLER, stream(signal="c"), BOTH, heard("asked", [ABORT, ABORT])],
        [[REQUEST, say("asked")]],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-aborts-half-an-answer",
        [CONTROLLER, stream(signal="c"), BOTH, heard("asked", [ABORT])],
        [[REQUEST, write(b"HTTP/1.1 101 Switching Protocols\r\nUpgr"), say("asked")]],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-with-a-reason",
        [CONTROLLER, stream(signal="c"), ["abortwith", "c", {"error": "TypeError"}], BOTH],
        [],
        SIGNAL,
        departs=("the reason of a signal",),
    ),
    Scenario(
        "stream-signal-with-a-reason-that-is-no-error",
        [CONTROLLER, stream(signal="c"), ["abortwith", "c", {"value": "why"}], BOTH],
        [],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-after-a-close",
        [CONTROLLER, stream(signal="c"), stop({"closeCode": 3000}), ABORT, BOTH],
        [],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-does-nothing-once-open",
        [
            CONTROLLER,
            stream(signal="c"),
            task("t", opened(), ABORT, put_in(text("on")), read(), stop(), closed()),
        ],
        [[*ACCEPT, ("frames", 1), write(text_frame("on")), *GOODBYE]],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-does-nothing-once-failed",
        [CONTROLLER, stream(signal="c"), task("t", opened(), ABORT, closed())],
        [[REQUEST, ("answer", STATUS["404"], b""), END]],
        SIGNAL,
    ),
    Scenario(
        "stream-signal-of-two",
        [
            CONTROLLER,
            stream(signal="c", name="a"),
            stream(signal="c", name="b"),
            task("t", opened("a"), closed("a"), opened("b"), closed("b")),
            heard("asked", [ABORT]),
        ],
        [[REQUEST, say("asked")]],
        SIGNAL,
    ),
]

SCENARIOS = [
    _made("urls", *_named(GOOD_URLS)),
    _made("urls-relative", *_named(RELATIVE_URLS)),
    _made("urls-refused", *(stream(url) for url in BAD_URLS)),
    _made("protocols-refused", *(stream(protocols=protocols) for protocols in BAD_PROTOCOLS)),
    _accepted("plain", None),
    _accepted("no-protocols", []),
    _accepted("one-protocol", ["p"], "Sec-WebSocket-Protocol: p"),
    _accepted("second-protocol", ["p", "q"], "Sec-WebSocket-Protocol: q"),
    _accepted("compression", None, "Sec-WebSocket-Extensions: permessage-deflate"),
    _accepted(
        "compression-and-protocol",
        ["p"],
        "Sec-WebSocket-Protocol: p",
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
    ),
    *(_refused(name, REQUEST, step, END) for name, step in REFUSALS.items()),
    _refused("hang-up", HANG_UP),
    _refused("hang-up-after-the-request", REQUEST, END),
    _refused("reset", REQUEST, RESET),
    Scenario(
        "stream-refused-protocol-missing",
        [stream(protocols=["p"]), BOTH],
        [[REQUEST, answer(), END]],
        FAILED,
    ),
    Scenario("stream-refused-connection", [stream("ws://127.0.0.1:{closed}/"), BOTH], [], FAILED),
    Scenario(
        "stream-opened-with-frames",
        [stream(), task("t", opened(), read(), read(), read(), closed())],
        [
            [
                REQUEST,
                answer(then=text_frame("a") + text_frame("b") + close_frame(1000, "ok")),
                UNTIL_CLOSE,
                END,
            ]
        ],
        OPENED,
    ),
    Scenario(
        "stream-awaited-again",
        [
            stream(),
            task("a", opened(), hear("said"), stop(), closed(), closed(), opened()),
            task("b", closed(), opened()),
        ],
        [[*ACCEPT, say("said"), *GOODBYE]],
        OPENED,
    ),
    Scenario(
        "stream-two-to-one-server",
        [
            stream(name="a"),
            stream(name="b"),
            task("a", opened("a"), ["tell", "a"], closed("a")),
            task("b", opened("b"), closed("b")),
        ],
        [
            [*ACCEPT, wait("a"), write(close_frame(3001)), UNTIL_CLOSE, END],
            [*ACCEPT, wait("a"), write(close_frame(3002)), UNTIL_CLOSE, END],
        ],
        OPENED,
    ),
    Scenario(
        "stream-sides-of-a-failed-one",
        [stream(), task("t", opened(), closed(), opened())],
        [[*ACCEPT, write(text_frame("bad", rsv=2)), UNTIL_CLOSE, END]],
        FAILED,
    ),
    Scenario(
        "stream-left-alone",
        [stream(), task("t", opened(), abort_writable())],
        [[*ACCEPT, *GOODBYE]],
        OPENED,
    ),
    *SIGNALS,
]
