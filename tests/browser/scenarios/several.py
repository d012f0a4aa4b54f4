"""Several sockets at once."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    COUNT,
    GOODBYE,
    REQUEST,
    Op,
    Scenario,
    answer,
    close,
    frames,
    heard,
    new,
    say,
    send,
    tell,
    text,
    text_frame,
    wait,
    write,
)


def _two(
    name: str,
    server: list[Any],
    *ops: Op,
    covers: tuple[str, ...] = ("handshake: one CONNECTING for each host and port",),
) -> Scenario:
    return Scenario(f"many-{name}", list(ops), server, covers)


LATE = [[REQUEST, COUNT, answer(), *GOODBYE], [*ACCEPT, *GOODBYE]]
SCENARIOS = [
    _two(
        "two-one-after-the-other",
        LATE,
        new(name="a", open=[close(name="a")]),
        new(name="b", open=[close(name="b")]),
    ),
    _two(
        "two-first-fails",
        [
            [REQUEST, COUNT, ("answer", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", b"")],
            [*ACCEPT, *GOODBYE],
        ],
        new(name="a"),
        new(name="b", open=[close(name="b")]),
    ),
    _two(
        "two-first-closed-while-connecting",
        [[REQUEST, COUNT, say("asked")], [*ACCEPT, *GOODBYE]],
        new(name="a"),
        new(name="b", open=[close(name="b")]),
        heard("asked", [close(name="a")]),
    ),
    _two(
        "second-closed-while-waiting",
        [[REQUEST, COUNT, say("asked"), wait("closed"), answer(), *GOODBYE]],
        new(name="a", open=[close(name="a")]),
        new(name="b", close=[tell("closed")]),
        heard("asked", [close(name="b")]),
    ),
    _two(
        "twenty-five",
        [[*ACCEPT, *GOODBYE]] * 25,
        *(new(name=f"s{i}", open=[close(name=f"s{i}")]) for i in range(25)),
    ),
    _two(
        "talk-to-each-other",
        [
            [*ACCEPT, frames(1), write(text_frame("from a")), *GOODBYE],
            [*ACCEPT, frames(1), write(text_frame("from b")), *GOODBYE],
        ],
        new(
            name="a",
            message=[close(name="a")],
            open=[
                new(
                    name="b",
                    open=[send(text("b"), name="b")],
                    message=[close(name="b"), send(text("a"), name="a")],
                )
            ],
        ),
        covers=("events: each socket its own",),
    ),
    _two(
        "new-inside-close",
        [[*ACCEPT, *GOODBYE], [*ACCEPT, *GOODBYE]],
        new(name="a", open=[close(name="a")], close=[new(name="b", open=[close(name="b")])]),
        covers=("events: each socket its own",),
    ),
]
