"""The order, options and identity of listeners, and the on* slots."""

from __future__ import annotations

from typing import Any

from ..scenario import (
    ACCEPT,
    GOODBYE,
    Op,
    Scenario,
    add,
    close,
    new,
    remove,
    slot,
    text_frame,
    when,
    write,
)

HELLO = [[*ACCEPT, write(text_frame("hello")), *GOODBYE]]
TWO = [[*ACCEPT, write(text_frame("1"), text_frame("2")), *GOODBYE]]
ORDER = ("events: listeners in order of their registration",)
SLOTS = ("events: the on* attributes",)
OPTIONS = ("events: listeners' options",)
MADE = ("events: events made by the program",)


NOT_A_NODE = ("an EventTarget that is no Node",)


def on_message(
    name: str,
    ops: list[Op],
    covers: tuple[str, ...],
    server: list[Any] = HELLO,
    last: str = "hello",
    departs: tuple[str, ...] = (),
) -> Scenario:
    """Do ops on a socket without handlers, with a message or two.

    A listener that comes last closes at the last message.
    """
    program = [
        new(handlers=False),
        *ops,
        add("message", "closer", [when(last, [close()])]),
        slot("close", "ended"),
    ]
    return Scenario(f"events-{name}", program, server, covers, departs=departs)


SCENARIOS = [
    on_message("mixed", [add("message", "a"), slot("message", "slot"), add("message", "b")], ORDER),
    on_message("slot-first", [slot("message", "slot"), add("message", "a")], ORDER),
    on_message(
        "slot-replaced-keeps-its-place",
        [slot("message", "old"), add("message", "a"), slot("message", "new")],
        SLOTS,
    ),
    on_message(
        "slot-null-then-set-moves",
        [
            slot("message", "old"),
            add("message", "a"),
            slot("message", None),
            slot("message", "new"),
        ],
        SLOTS,
    ),
    on_message(
        "slot-null", [slot("message", "old"), slot("message", None), add("message", "a")], SLOTS
    ),
    on_message(
        "slot-is-the-function", [slot("message", "f"), ["sameslot", "ws", "message", "f"]], SLOTS
    ),
    on_message(
        "slot-same-function-as-listener", [slot("message", "f"), add("message", "f")], SLOTS
    ),
    on_message(
        "slot-values",
        [["slotvalue", "ws", "message", v] for v in (None, 5, "text", True)],
        SLOTS,
        departs=("what cannot be called",),
    ),
    on_message(
        "slot-set-in-dispatch", [add("message", "a", [slot("message", "slot")])], SLOTS, TWO, "2"
    ),
    on_message(
        "slot-replaced-in-dispatch",
        [add("message", "a", [slot("message", "new")]), slot("message", "old")],
        SLOTS,
        TWO,
        "2",
    ),
    on_message(
        "slot-null-in-dispatch",
        [add("message", "a", [slot("message", None)]), slot("message", "old")],
        SLOTS,
        TWO,
        "2",
    ),
    on_message(
        "slot-replaces-itself",
        [slot("message", "old", [slot("message", "new")]), add("message", "a")],
        SLOTS,
        TWO,
        "2",
    ),
    on_message(
        "added-in-dispatch", [add("message", "a", [add("message", "late")])], ORDER, TWO, "2"
    ),
    on_message(
        "removed-in-dispatch",
        [add("message", "a", [remove("message", "b")]), add("message", "b")],
        ORDER,
        TWO,
        "2",
    ),
    on_message(
        "removed-and-added-in-dispatch",
        [add("message", "a", [remove("message", "b"), add("message", "b")]), add("message", "b")],
        ORDER,
        TWO,
        "2",
    ),
    on_message(
        "removes-itself",
        [add("message", "a", [remove("message", "a")]), add("message", "b")],
        ORDER,
        TWO,
        "2",
    ),
    on_message("same-twice", [add("message", "a"), add("message", "a")], OPTIONS),
    on_message(
        "same-twice-capture", [add("message", "a"), add("message", "a", capture=True)], OPTIONS
    ),
    on_message(
        "capture-first",
        [add("message", "a"), add("message", "b", capture=True), slot("message", "slot")],
        OPTIONS,
        departs=NOT_A_NODE,
    ),
    on_message("once", [add("message", "a", once=True), add("message", "b")], OPTIONS, TWO, "2"),
    on_message(
        "once-same-twice", [add("message", "a", once=True), add("message", "a")], OPTIONS, TWO, "2"
    ),
    on_message(
        "remove-needs-capture", [add("message", "a", capture=True), remove("message", "a")], OPTIONS
    ),
    on_message(
        "remove-with-capture",
        [add("message", "a", capture=True), remove("message", "a", capture=True)],
        OPTIONS,
    ),
    on_message(
        "remove-ignores-once", [add("message", "a", once=True), remove("message", "a")], OPTIONS
    ),
    on_message(
        "remove-not-there",
        [["note", "none"], remove("message", None), add("message", None)],
        OPTIONS,
    ),
    on_message(
        "handle-event", [add("message", "object", object=True), add("message", "function")], OPTIONS
    ),
    on_message(
        "handle-event-removed",
        [add("message", "object", object=True), remove("message", "object")],
        OPTIONS,
    ),
    on_message(
        "passive",
        [add("message", "a", [["prevent"]], passive=True), add("message", "b", [["prevent"]])],
        OPTIONS,
    ),
    on_message(
        "signal",
        [
            ["controller", "c"],
            add("message", "a", signal="c"),
            add("message", "b", [["abort", "c"]]),
        ],
        OPTIONS,
        TWO,
        "2",
    ),
    on_message(
        "signal-in-dispatch",
        [
            ["controller", "c"],
            add("message", "b", [["abort", "c"]]),
            add("message", "a", signal="c"),
        ],
        OPTIONS,
        TWO,
        "2",
    ),
    on_message(
        "signal-aborted-before",
        [["controller", "c"], ["abort", "c"], add("message", "a", signal="c")],
        OPTIONS,
    ),
    on_message(
        "signal-many",
        [
            ["controller", "c"],
            add("message", "a", signal="c"),
            add("message", "b", signal="c"),
            ["abort", "c"],
        ],
        OPTIONS,
    ),
    on_message(
        "signal-keeps-others",
        [["controller", "c"], add("message", "a"), add("message", "a", signal="c"), ["abort", "c"]],
        OPTIONS,
    ),
    on_message("stop", [add("message", "a", [["stop"]]), slot("message", "slot")], ORDER),
    Scenario(
        "events-stop-now",
        [
            new(handlers=False),
            add("message", "a", [["stopnow"], close()]),
            slot("message", "slot"),
            add("message", "b"),
            slot("close", "ended"),
        ],
        HELLO,
        ORDER,
    ),
    on_message(
        "stop-now-in-slot",
        [slot("message", "slot", [["stopnow"], close()]), add("message", "b")],
        ORDER,
    ),
    on_message("prevent-default-of-a-trusted-event", [add("message", "a", [["prevent"]])], MADE),
    on_message("path", [add("message", "a", [["path"]])], ORDER),
    on_message(
        "attributes-are-read-only",
        [
            add(
                "message",
                "a",
                [["setevent", "cancelBubble", True], ["setevent", "cancelBubble", False]],
            )
        ],
        ORDER,
    ),
    on_message("return-value", [add("message", "a", [["setevent", "returnValue", False]])], ORDER),
    on_message("redispatch-trusted", [add("message", "a", [["redispatch", "ws"]])], MADE),
]
