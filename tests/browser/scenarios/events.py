"""Events: order, identity, the on* slots, listeners' options, and events that the program makes."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    GOODBYE,
    Op,
    Scenario,
    add,
    close,
    dispatch,
    get,
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


def _message(
    name: str,
    ops: list[Op],
    covers: tuple[str, ...],
    server: list = HELLO,
    last: str = "hello",
    departs: tuple[str, ...] = (),
) -> Scenario:
    """Ops on a socket without handlers, a message or two, and at the last one a close, by a
    listener that comes last."""
    program = [
        new(handlers=False),
        *ops,
        add("message", "closer", [when(last, [close()])]),
        slot("close", "ended"),
    ]
    return Scenario(f"events-{name}", program, server, covers, departs=departs)


def _on_target(
    name: str, ops: list[Op], covers: tuple[str, ...], departs: tuple[str, ...] = ()
) -> Scenario:
    """Ops on a plain EventTarget; no connection."""
    return Scenario(f"target-{name}", [["target", "t"], *ops], covers=covers, departs=departs)


def t_add(type: str, label: str | None, ops: list[Op] | None = None, **options: object) -> Op:
    return add(type, label, ops, name="t", **options)


def t_remove(type: str, label: str | None, **options: object) -> Op:
    return remove(type, label, name="t", **options)


def t_dispatch(type: str = "x", cls: str = "Event", kept: str | None = None, **init: object) -> Op:
    return dispatch(cls, type, name="t", kept=kept, **init)


ORDERING = [
    _message("mixed", [add("message", "a"), slot("message", "slot"), add("message", "b")], ORDER),
    _message("slot-first", [slot("message", "slot"), add("message", "a")], ORDER),
    _message(
        "slot-replaced-keeps-its-place",
        [slot("message", "old"), add("message", "a"), slot("message", "new")],
        SLOTS,
    ),
    _message(
        "slot-null-then-set-moves",
        [
            slot("message", "old"),
            add("message", "a"),
            slot("message", None),
            slot("message", "new"),
        ],
        SLOTS,
    ),
    _message(
        "slot-null", [slot("message", "old"), slot("message", None), add("message", "a")], SLOTS
    ),
    _message(
        "slot-is-the-function", [slot("message", "f"), ["sameslot", "ws", "message", "f"]], SLOTS
    ),
    _message("slot-same-function-as-listener", [slot("message", "f"), add("message", "f")], SLOTS),
    _message(
        "slot-values", [["slotvalue", "ws", "message", v] for v in (None, 5, "text", True)], SLOTS
    ),
    _message(
        "slot-set-in-dispatch", [add("message", "a", [slot("message", "slot")])], SLOTS, TWO, "2"
    ),
    _message(
        "slot-replaced-in-dispatch",
        [add("message", "a", [slot("message", "new")]), slot("message", "old")],
        SLOTS,
        TWO,
        "2",
    ),
    _message(
        "slot-null-in-dispatch",
        [add("message", "a", [slot("message", None)]), slot("message", "old")],
        SLOTS,
        TWO,
        "2",
    ),
    _message(
        "slot-replaces-itself",
        [slot("message", "old", [slot("message", "new")]), add("message", "a")],
        SLOTS,
        TWO,
        "2",
    ),
    _message("added-in-dispatch", [add("message", "a", [add("message", "late")])], ORDER, TWO, "2"),
    _message(
        "removed-in-dispatch",
        [add("message", "a", [remove("message", "b")]), add("message", "b")],
        ORDER,
        TWO,
        "2",
    ),
    _message(
        "removed-and-added-in-dispatch",
        [add("message", "a", [remove("message", "b"), add("message", "b")]), add("message", "b")],
        ORDER,
        TWO,
        "2",
    ),
    _message(
        "removes-itself",
        [add("message", "a", [remove("message", "a")]), add("message", "b")],
        ORDER,
        TWO,
        "2",
    ),
    _message("same-twice", [add("message", "a"), add("message", "a")], OPTIONS),
    _message(
        "same-twice-capture", [add("message", "a"), add("message", "a", capture=True)], OPTIONS
    ),
    _message(
        "capture-first",
        [add("message", "a"), add("message", "b", capture=True), slot("message", "slot")],
        OPTIONS,
        departs=NOT_A_NODE,
    ),
    _message("once", [add("message", "a", once=True), add("message", "b")], OPTIONS, TWO, "2"),
    _message(
        "once-same-twice", [add("message", "a", once=True), add("message", "a")], OPTIONS, TWO, "2"
    ),
    _message(
        "remove-needs-capture", [add("message", "a", capture=True), remove("message", "a")], OPTIONS
    ),
    _message(
        "remove-with-capture",
        [add("message", "a", capture=True), remove("message", "a", capture=True)],
        OPTIONS,
    ),
    _message(
        "remove-ignores-once", [add("message", "a", once=True), remove("message", "a")], OPTIONS
    ),
    _message(
        "remove-not-there",
        [["note", "none"], remove("message", None), add("message", None)],
        OPTIONS,
    ),
    _message(
        "handle-event", [add("message", "object", object=True), add("message", "function")], OPTIONS
    ),
    _message(
        "handle-event-removed",
        [add("message", "object", object=True), remove("message", "object")],
        OPTIONS,
    ),
    _message(
        "passive",
        [add("message", "a", [["prevent"]], passive=True), add("message", "b", [["prevent"]])],
        OPTIONS,
    ),
    _message(
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
    _message(
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
    _message(
        "signal-aborted-before",
        [["controller", "c"], ["abort", "c"], add("message", "a", signal="c")],
        OPTIONS,
    ),
    _message(
        "signal-many",
        [
            ["controller", "c"],
            add("message", "a", signal="c"),
            add("message", "b", signal="c"),
            ["abort", "c"],
        ],
        OPTIONS,
    ),
    _message(
        "signal-keeps-others",
        [["controller", "c"], add("message", "a"), add("message", "a", signal="c"), ["abort", "c"]],
        OPTIONS,
    ),
    _message("stop", [add("message", "a", [["stop"]]), slot("message", "slot")], ORDER),
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
    _message(
        "stop-now-in-slot",
        [slot("message", "slot", [["stopnow"], close()]), add("message", "b")],
        ORDER,
    ),
    _message("prevent-default-of-a-trusted-event", [add("message", "a", [["prevent"]])], MADE),
    _message("path", [add("message", "a", [["path"]])], ORDER),
    _message(
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
    _message("return-value", [add("message", "a", [["setevent", "returnValue", False]])], ORDER),
    _message("redispatch-trusted", [add("message", "a", [["redispatch", "ws"]])], MADE),
]

THROWING = [
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

SYNTHETIC = [
    _message(
        "made-message",
        [
            add("message", "a"),
            slot("message", "slot"),
            dispatch("MessageEvent", "message", data="made", origin="o", lastEventId="i"),
        ],
        MADE,
    ),
    Scenario(
        "events-made-plain-event",
        [
            new(handlers=False),
            slot("open", "slot", [close()]),
            add("open", "a"),
            dispatch("Event", "error"),
            dispatch("CloseEvent", "close", code=3000, reason="made", wasClean=True),
            get(),
        ],
        [[*ACCEPT, *GOODBYE]],
        MADE,
    ),
    Scenario(
        "events-made-close-does-not-close",
        [
            new(
                open=[dispatch("CloseEvent", "close", code=1000, wasClean=True), get()],
                close=[get(), ["note", "closing"]],
            ),
            add("open", "closer", [close()]),
        ],
        [[*ACCEPT, *GOODBYE]],
        MADE,
    ),
    Scenario(
        "events-made-open-does-not-open",
        [new(), dispatch("Event", "open"), get(), close()],
        [],
        MADE,
    ),
    _message(
        "made-cancelable",
        [
            add("message", "a", [["prevent"]]),
            dispatch("MessageEvent", "message", data="x", cancelable=True),
            dispatch("MessageEvent", "message", data="y"),
        ],
        MADE,
    ),
    _message(
        "made-inside-dispatch",
        [add("message", "a", [when("hello", [dispatch("Event", "inner")])]), add("inner", "inner")],
        MADE,
    ),
    _message(
        "made-twice",
        [add("x", "x"), dispatch("Event", "x", kept="k"), dispatch("Event", "x", kept="k")],
        MADE,
    ),
    _message(
        "made-other-type",
        [add("anything", "a"), dispatch("Event", "anything", bubbles=True, composed=True)],
        MADE,
    ),
]

TARGETS = [
    _on_target("order", [t_add("x", "a"), t_add("x", "b"), t_add("y", "c"), t_dispatch()], ORDER),
    _on_target(
        "bubbles",
        [t_add("x", "a"), t_add("x", "b", capture=True), t_dispatch(bubbles=True)],
        OPTIONS,
        NOT_A_NODE,
    ),
    _on_target(
        "once-redispatch", [t_add("x", "a", [], once=True), t_dispatch(), t_dispatch()], OPTIONS
    ),
    _on_target(
        "once-added-again-inside",
        [t_add("x", "a", [t_add("x", "a", once=True)], once=True), t_dispatch(), t_dispatch()],
        OPTIONS,
    ),
    _on_target(
        "cancelable",
        [t_add("x", "a", [["prevent"]]), t_dispatch(cancelable=True), t_dispatch()],
        MADE,
    ),
    _on_target(
        "passive-cannot-cancel",
        [t_add("x", "a", [["prevent"]], passive=True), t_dispatch(cancelable=True)],
        MADE,
    ),
    _on_target(
        "return-value",
        [
            t_add(
                "x", "a", [["setevent", "returnValue", False], ["setevent", "returnValue", True]]
            ),
            t_dispatch(cancelable=True),
        ],
        MADE,
    ),
    _on_target(
        "cancel-bubble",
        [t_add("x", "a", [["setevent", "cancelBubble", True]]), t_add("x", "b"), t_dispatch()],
        MADE,
        NOT_A_NODE,
    ),
    _on_target(
        "dispatch-while-dispatching", [t_add("x", "a", [["redispatch", "t"]]), t_dispatch()], MADE
    ),
    _on_target(
        "dispatch-again",
        [
            t_add("x", "a", [["stopnow"]]),
            t_add("x", "b"),
            t_dispatch(kept="k"),
            t_dispatch(kept="k"),
        ],
        MADE,
        NOT_A_NODE,
    ),
    _on_target(
        "stop-then-dispatch-again",
        [t_add("x", "a", [["stop"]]), t_add("x", "b"), t_dispatch(kept="k"), t_dispatch(kept="k")],
        MADE,
        NOT_A_NODE,
    ),
    _on_target("path", [t_add("x", "a", [["path"]]), t_dispatch()], MADE),
    _on_target("type-empty", [t_add("", "a"), t_dispatch("")], MADE),
    _on_target("type-case", [t_add("X", "a"), t_add("x", "b"), t_dispatch("X")], MADE),
    _on_target(
        "third-argument-true",
        [
            ["add", "t", "x", "a", [], {"whole": True}],
            ["remove", "t", "x", "a", {"whole": False}],
            t_dispatch(),
            ["remove", "t", "x", "a", {"whole": True}],
            t_dispatch(),
        ],
        OPTIONS,
    ),
    _on_target("handle-event", [t_add("x", "a", object=True), t_dispatch()], OPTIONS),
    _on_target("nothing", [t_add("x", None), t_remove("x", None), t_dispatch()], OPTIONS),
    _on_target(
        "other-classes",
        [
            t_add("x", "a"),
            t_dispatch(cls="MessageEvent", data="d"),
            t_dispatch(cls="CloseEvent"),
            t_dispatch(cls="CloseEvent", code=4000, reason="r", wasClean=True),
        ],
        MADE,
    ),
    _on_target(
        "make-events",
        [
            ["makeevent", "Event", "x", {}],
            ["makeevent", "Event", "x", {"bubbles": True, "cancelable": True, "composed": True}],
            ["makeevent", "MessageEvent", "m", {}],
            ["makeevent", "CloseEvent", "c", {}],
            ["makeevent", "CloseEvent", "c", {"code": 65535}],
        ],
        MADE,
    ),
    _on_target(
        "signal",
        [
            ["controller", "c"],
            t_add("x", "a", signal="c"),
            t_dispatch(),
            ["abort", "c"],
            t_dispatch(),
        ],
        OPTIONS,
    ),
    _on_target(
        "throw",
        [t_add("x", "a", [["throw", "one"]]), t_add("x", "b"), t_dispatch()],
        MADE,
        ("listeners' exceptions",),
    ),
]

SCENARIOS = [*ORDERING, *THROWING, *SYNTHETIC, *TARGETS]
