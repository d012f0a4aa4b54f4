"""Events that the program makes, on sockets and on plain EventTargets."""

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
    when,
)
from .listeners import MADE, OPTIONS, ORDER, on_message

NOT_A_NODE = ("an EventTarget that is no Node",)


def _on_target(
    name: str, ops: list[Op], covers: tuple[str, ...], departs: tuple[str, ...] = ()
) -> Scenario:
    """Do ops on a plain EventTarget, without a connection."""
    return Scenario(f"target-{name}", [["target", "t"], *ops], covers=covers, departs=departs)


def t_add(type: str, label: str | None, ops: list[Op] | None = None, **options: object) -> Op:
    return add(type, label, ops, name="t", **options)


def t_remove(type: str, label: str | None, **options: object) -> Op:
    return remove(type, label, name="t", **options)


def t_dispatch(type: str = "x", cls: str = "Event", kept: str | None = None, **init: object) -> Op:
    return dispatch(cls, type, name="t", kept=kept, **init)


SYNTHETIC = [
    on_message(
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
    on_message(
        "made-cancelable",
        [
            add("message", "a", [["prevent"]]),
            dispatch("MessageEvent", "message", data="x", cancelable=True),
            dispatch("MessageEvent", "message", data="y"),
        ],
        MADE,
    ),
    on_message(
        "made-inside-dispatch",
        [add("message", "a", [when("hello", [dispatch("Event", "inner")])]), add("inner", "inner")],
        MADE,
    ),
    on_message(
        "made-twice",
        [add("x", "x"), dispatch("Event", "x", kept="k"), dispatch("Event", "x", kept="k")],
        MADE,
    ),
    on_message(
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


SCENARIOS = [*SYNTHETIC, *TARGETS]
