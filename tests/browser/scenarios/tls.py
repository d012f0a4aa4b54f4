"""wss by an authority that the client knows, and by one that it does not know."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    REQUEST,
    RESET,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Script,
    answer,
    binary_frame,
    close,
    close_frame,
    frames,
    get,
    new,
    send,
    text,
    text_frame,
    write,
)
from ..stream_words import closed, opened, put_in, read, stop, stream, task
from .failures import STATUS

TLS = ("handshake: TLS",)
URL = "wss://127.0.0.1:{port}/"
ECHO: Script = [*ACCEPT, frames(1), write(text_frame("yo")), *GOODBYE]
BIG = text("x", 200_000)


def _tls(name: str, program: list[Op], script: Script, kind: str = "trusted") -> Scenario:
    after = [get()] if program[0][0] == "new" else []
    return Scenario(f"tls-{name}", program, [script], TLS, after=after, tls=kind)


def _open(**on: Any) -> list[Op]:
    return [new(URL, **on)]


SCENARIOS = [
    _tls("echo", _open(open=[send(text("hi"))], message=[close(3000, "x"), get()]), ECHO),
    _tls("big", _open(open=[send(BIG)], message=[close()]), ECHO),
    _tls(
        "big-answer",
        _open(message=[close()]),
        [*ACCEPT, write(binary_frame(bytes(range(256)) * 1000)), *GOODBYE],
    ),
    _tls("http-url", [new("https://127.0.0.1:{port}/", open=[close()])], [*ACCEPT, *GOODBYE]),
    _tls(
        "frames-with-the-101",
        _open(),
        [REQUEST, answer(then=text_frame("a") + close_frame(4000)), UNTIL_CLOSE, END],
    ),
    _tls("server-closes", _open(), [*ACCEPT, write(close_frame(4000, "x")), UNTIL_CLOSE, END]),
    _tls("lost", _open(), [*ACCEPT, write(text_frame("a")), END]),
    _tls("reset", _open(), [*ACCEPT, RESET]),
    _tls("broken", _open(), [*ACCEPT, write(text_frame("a", rsv=2))]),
    _tls("refused", _open(), [REQUEST, ("answer", STATUS["404"], b""), END]),
    _tls("no-answer", _open(), [REQUEST, END]),
    _tls("unknown-authority", _open(open=[close()]), [*ACCEPT, *GOODBYE], "unknown"),
    _tls("asked-without", [new(open=[close()])], [*ACCEPT, *GOODBYE]),
    _tls(
        "stream-echo",
        [stream(URL), task("t", opened(), put_in(text("hi")), read(), stop(), closed())],
        ECHO,
    ),
    _tls(
        "stream-unknown-authority",
        [stream(URL), task("t", opened(), closed())],
        [*ACCEPT],
        "unknown",
    ),
]
