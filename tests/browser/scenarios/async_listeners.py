"""Listeners that are async functions, by when they begin and what they find until they await."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    END,
    GOODBYE,
    REQUEST,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Step,
    add,
    answer,
    close,
    close_frame,
    frames,
    get,
    new,
    pause,
    say,
    send,
    slot,
    text,
    text_frame,
    write,
)

IN_TURN = (
    "message: fires with type, origin and data",
    "events: listeners in order of their registration",
)
ALONE = ("an async listener, alone with a message",)
ANSWERS = ("an answer beside a Close",)
THREE = write(*map(text_frame, "123"), close_frame(1000, "bye"))


def _note(note: str) -> Op:
    return ["note", note]


def _async(
    name: str,
    program: list[Op],
    *script: Step,
    departs: tuple[str, ...] = (),
    opening: list[Step] | None = None,
) -> Scenario:
    steps = [*(opening or ACCEPT), *script]
    return Scenario(f"async-{name}", program, [steps], IN_TURN, after=[get()], departs=departs)


SCENARIOS = [
    _async(
        "start-in-order",
        [
            new(handlers=False),
            add("message", "first", [_note("first"), pause()]),
            add("message", "between", [_note("between")]),
            add("message", "last", [_note("last"), pause()]),
        ],
        THREE,
        UNTIL_CLOSE,
        END,
    ),
    _async(
        "alone-start-in-order",
        [new(handlers=False), slot("message", "alone", [_note("began"), pause()])],
        THREE,
        UNTIL_CLOSE,
        END,
        departs=ALONE,
    ),
    _async(
        "answer-before-await-at-a-close",
        [
            new(handlers=False),
            slot("message", "answers", [send(text("answer")), get(), pause()]),
            slot("close", "closed"),
        ],
        write(text_frame("question"), close_frame(1000, "bye")),
        UNTIL_CLOSE,
        END,
        departs=ANSWERS,
    ),
    _async(
        "answers-in-order-at-a-close",
        [
            new(handlers=False),
            add("message", "one", [send(text("one")), pause()]),
            add("message", "two", [send(text("two")), pause()]),
            slot("close", "closed", [get(), pause(), get()]),
        ],
        THREE,
        UNTIL_CLOSE,
        END,
        departs=(*ANSWERS, "turns between async listeners"),
    ),
    _async(
        "onopen-attaches-onmessage",
        [
            new(handlers=False),
            slot("open", "opens", [slot("message", "hears", [close()]), pause()]),
        ],
        *GOODBYE,
        opening=[REQUEST, answer(then=text_frame("at once"))],
    ),
    _async(
        "log-in-then-subscribe",
        [
            new(handlers=False),
            slot(
                "open", "opens", [send(text("log in")), pause("welcome"), send(text("subscribe"))]
            ),
            slot("message", "hears", [close()]),
        ],
        frames(1),
        say("welcome"),
        frames(1),
        write(text_frame("news")),
        *GOODBYE,
    ),
    _async(
        "stops-the-others",
        [
            new(handlers=False),
            add("message", "stops", [["stopnow"], pause()]),
            add("message", "never"),
        ],
        THREE,
        UNTIL_CLOSE,
        END,
    ),
]
