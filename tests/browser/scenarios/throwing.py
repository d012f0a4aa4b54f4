"""Listeners that raise."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    GOODBYE,
    Scenario,
    add,
    close,
    new,
    slot,
    when,
)
from .listeners import HELLO, ORDER, TWO

SCENARIOS = [
    Scenario(
        "throw-in-a-listener",
        [
            new(handlers=False),
            add("message", "a", [["throw", "one"]]),
            add("message", "b"),
            slot("message", "slot"),
            add("message", "c", [close()]),
            slot("close", "ended"),
        ],
        HELLO,
        ORDER,
        departs=("listeners' exceptions",),
    ),
    Scenario(
        "throw-in-a-slot",
        [new(message=[["throw", "one"]]), add("message", "b", [close()])],
        HELLO,
        ORDER,
        departs=("listeners' exceptions",),
    ),
    Scenario(
        "throw-two",
        [
            new(handlers=False),
            add("message", "a", [["throw", "one"]]),
            add("message", "b", [["throw", "two"]]),
            add("message", "c", [close()]),
            slot("close", "ended"),
        ],
        HELLO,
        ORDER,
        departs=("listeners' exceptions",),
    ),
    Scenario(
        "throw-in-open",
        [new(open=[["throw", "one"]]), add("open", "b", [close()])],
        [[*ACCEPT, *GOODBYE]],
        ORDER,
        departs=("listeners' exceptions",),
    ),
    Scenario(
        "throw-in-error",
        [new("ws://127.0.0.1:{closed}/", error=[["throw", "one"]])],
        [],
        ORDER,
        departs=("listeners' exceptions",),
    ),
    Scenario(
        "throw-in-close",
        [new(open=[close()], close=[["throw", "one"]]), add("close", "after")],
        [[*ACCEPT, *GOODBYE]],
        ORDER,
        departs=("listeners' exceptions",),
    ),
    Scenario(
        "throw-and-open-goes-on",
        [new(message=[when("1", [["throw", "one"]]), when("2", [close(3000)])])],
        TWO,
        ORDER,
        departs=("a listener's exception closes",),
    ),
]
