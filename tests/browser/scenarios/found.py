"""Reduced forms of what generated scenarios (``generated``) have found."""

from __future__ import annotations

from ..scenario import (
    END,
    REQUEST,
    UNTIL_CLOSE,
    Scenario,
    answer,
    binary_frame,
    get,
    new,
    ping_frame,
    tell,
    text_frame,
    wait,
    write,
)

FAILED = (
    "protocol: a broken rule fails the connection",
    "closed: error first if it failed",
    "closed: wasClean, code and reason",
)
MASKED = text_frame("hi", mask=b"abcd")

SCENARIOS = [
    Scenario(
        "found-broken-after-a-message-and-tcp-ended",
        [new(open=[tell("open")])],
        [[REQUEST, answer(), wait("open"), write(binary_frame(b""), MASKED), END]],
        FAILED,
        after=[get()],
    ),
    Scenario(
        "found-broken-after-a-message-with-the-101-and-tcp-ended",
        [new()],
        [[REQUEST, answer(then=binary_frame(b"") + MASKED), END]],
        FAILED,
        after=[get()],
    ),
    Scenario(
        "found-malformed-after-a-message-seen",
        [new(message=[tell("seen")])],
        [
            [
                REQUEST,
                answer(),
                write(text_frame("good")),
                wait("seen"),
                write(ping_frame(b"hi", fin=False)),
                UNTIL_CLOSE,
                END,
            ]
        ],
        FAILED,
        after=[get()],
    ),
]
