"""Execute a scenario's program in Python, with ``trio_ws_dom``.

``page.js`` does the same in a browser. Change both or neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import trio
from support.checked import parts

import trio_ws_dom
from trio_ws_dom import (
    AbortController,
    Blob,
    DOMException,
    Event,
    EventTarget,
    MessageEvent,
    WebSocket,
    WebSocketStream,
)

from .payload_format import describe_data
from .python_streams import StreamWords

if TYPE_CHECKING:
    import ssl

    from .scenario import Op
    from .server import Signals

PROPERTIES = ("url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType")
EVENT = (
    "type",
    "bubbles",
    "cancelable",
    "composed",
    "defaultPrevented",
    "returnValue",
    "cancelBubble",
    "eventPhase",
    "isTrusted",
)
MORE = {
    "MessageEvent": ("origin", "lastEventId", "source"),
    "CloseEvent": ("code", "reason", "wasClean"),
}
STATES = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")
TYPE_CODES = {
    "DataView": "B",
    "Float32Array": "f",
    "Float64Array": "d",
    "Int8Array": "b",
    "Int16Array": "h",
    "Int32Array": "i",
    "Uint8Array": "B",
    "Uint8ClampedArray": "B",
    "Uint16Array": "H",
    "Uint32Array": "I",
}


def ignore(event: Event) -> None:
    """Listen, and do nothing."""


class ProgramError(Exception):
    """The exception that the operation ``throw`` raises."""


class ObjectListener:
    def __init__(self, call: Callable[[Any, Event], None]) -> None:
        self._call = call

    def handleEvent(self, event: Event) -> None:
        self._call(self, event)


class PythonProgram(StreamWords):
    def __init__(
        self,
        places: dict[str, int],
        base: str,
        signals: Signals,
        ssl_context: ssl.SSLContext | None,
        fault: type[WebSocket | WebSocketStream] | None,
    ) -> None:
        self.trace: list[Any] = []
        self._places = places
        self._websocket: Any = WebSocket
        self._stream: Any = WebSocketStream
        if fault is not None:
            setattr(self, "_websocket" if issubclass(fault, WebSocket) else "_stream", fault)
        self._base = self._fill(base)
        self._ssl_context = ssl_context
        self._signals = signals
        self._things: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._listeners: dict[str, Any] = {}
        self._controllers: dict[str, AbortController] = {}
        self._buffers: dict[str, bytearray] = {}
        self._kept: dict[str, Event] = {}
        self._nursery: trio.Nursery

    async def run_to_end(self, ops: list[Op]) -> None:
        """Do the operations, and return when every socket is closed."""
        try:
            async with trio.open_nursery() as self._nursery:
                self._run(ops, None)
        except BaseExceptionGroup as group:
            raised, rest = group.split(ProgramError)
            if rest is not None:
                raise rest from None
            assert raised is not None, "a group is not empty"
            self._report(raised)

    async def finish(self, ops: list[Op]) -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        self._run(ops, None)

    def _report(self, error: BaseException) -> None:
        if not (found := parts(error)):
            self.trace.append(["reported", str(error)])
        for each in found:
            self._report(each)

    # ---- the operations

    def _run(self, ops: list[Op], event: Event | None) -> None:
        for op, *arguments in ops:
            getattr(self, f"_do_{op}")(event, *arguments)

    def _attempt(self, entry: list[Any], f: Callable[[], Any]) -> None:
        try:
            value = f()
        except DOMException as error:
            self.trace.append([*entry, ["throws", "DOMException", error.name, error.code]])
        except (TypeError, AttributeError) as error:
            self.trace.append([*entry, ["throws", type(error).__name__]])
        else:
            self.trace.append([*entry, ["gives", value]])

    def _fill(self, string: str) -> str:
        return re.sub(r"\{(port|closed|page)\}", lambda m: str(self._places[m[1]]), string)

    def _do_throw(self, event: Event, message: str) -> None:
        raise ProgramError(message)

    def _do_new(
        self, event: Event, name: str, url: str, protocols: Any, on: dict[str, Any] | None
    ) -> None:
        def construct() -> dict[str, Any]:
            given = () if protocols is None else (protocols,)
            options = self._options_of_connection()
            ws = self._websocket(self._fill(url), *given, nursery=self._nursery, **options)
            self._name(name, ws)
            # the page needs one, so this keeps the lists alike
            ws.addEventListener("close", ignore)
            if on is not None:
                for type in ("open", "message", "error", "close"):
                    setattr(ws, f"on{type}", self._listener(f"{name}.on{type}", on.get(type, [])))
            return self._properties(ws)

        self._attempt(["new", name], construct)

    def _options_of_connection(self) -> dict[str, Any]:
        return {
            "base_url": self._base,
            "origin": f"http://127.0.0.1:{self._places['page']}",
            "ssl_context": self._ssl_context,
        }

    def _do_target(self, event: Event, name: str) -> None:
        self._name(name, EventTarget())

    def _do_slot(
        self, event: Event, name: str, type: str, label: str | None, ops: list[Op]
    ) -> None:
        listener = None if label is None else self._listener(label, ops)
        setattr(self._things[name], f"on{type}", listener)

    def _do_slotvalue(self, event: Event, name: str, type: str, value: Any) -> None:
        def put() -> str | None:
            setattr(self._things[name], f"on{type}", value)
            return None if getattr(self._things[name], f"on{type}") is None else "function"

        self._attempt(["slotvalue", type], put)

    def _do_sameslot(self, event: Event, name: str, type: str, label: str) -> None:
        self.trace.append(
            ["sameslot", getattr(self._things[name], f"on{type}") is self._listeners[label]]
        )

    def _do_add(
        self,
        event: Event,
        name: str,
        type: str,
        label: str | None,
        ops: list[Op],
        options: dict[str, Any],
    ) -> None:
        listener = (
            None
            if label is None
            else self._listener(label, ops, as_object=options.get("object", False))
        )
        self._attempt(
            ["add", label],
            lambda: self._things[name].addEventListener(type, listener, **self._options(options)),
        )

    def _do_remove(
        self, event: Event, name: str, type: str, label: str | None, options: dict[str, Any]
    ) -> None:
        listener = None if label is None else self._listeners[label]
        self._attempt(
            ["remove", label],
            lambda: self._things[name].removeEventListener(
                type, listener, **self._options(options)
            ),
        )

    def _do_send(self, event: Event, name: str, payload: dict[str, Any]) -> None:
        ws = self._things[name]
        self._attempt(["send", name], lambda: ws.send(self._payload(payload)))
        self.trace.append(["state", name, ws.readyState, ws.bufferedAmount])

    def _do_close(self, event: Event, name: str, code: int | None, reason: str | None) -> None:
        ws = self._things[name]
        given = {k: v for k, v in (("code", code), ("reason", reason)) if v is not None}
        self._attempt(["close", name], lambda: ws.close(**given))
        self.trace.append(["state", name, ws.readyState, ws.bufferedAmount])

    def _do_get(self, event: Event, name: str) -> None:
        self.trace.append(["get", name, self._properties(self._things[name])])

    def _do_put(self, event: Event, name: str, attribute: str, value: Any) -> None:
        ws = self._things[name]
        self._attempt(["put", attribute], lambda: setattr(ws, attribute, value))
        self.trace.append(["is", attribute, getattr(ws, attribute)])

    def _do_constants(self, event: Event, name: str | None) -> None:
        on = [
            [getattr(x, state) for state in STATES] if x else None
            for x in (self._websocket, name and self._things[name])
        ]
        self.trace.append(["constants", *on])

    def _do_when(self, event: Any, data: str, ops: list[Op]) -> None:
        if event.data == data:
            self._run(ops, event)

    def _do_note(self, event: Event, note: str) -> None:
        self.trace.append(["note", note])

    def _do_tell(self, event: Event, signal: str) -> None:
        self._signals.set(signal)

    def _do_heard(self, event: Event, signal: str, ops: list[Op]) -> None:
        async def wait() -> None:
            await self._signals[signal].wait()
            self._run(ops, None)

        self._nursery.start_soon(wait)

    def _do_buffer(self, event: Event, name: str, digits: str) -> None:
        self._buffers[name] = bytearray.fromhex(digits)

    def _do_poke(self, event: Event, name: str, index: int, value: int) -> None:
        self._buffers[name][index] = value

    def _do_dispatch(
        self, event: Event, name: str, cls: str, type: str, init: dict[str, Any], kept: str | None
    ) -> None:
        raised: list[BaseException] = []

        def dispatch() -> bool:
            made = self._kept.get(kept) if kept else None
            if made is None:
                made = getattr(trio_ws_dom, cls)(type, **init)
                if kept:
                    self._kept[kept] = made
            try:
                self._things[name].dispatchEvent(made)
            except (ProgramError, ExceptionGroup) as error:
                raised.append(error)
            self.trace.append(["dispatched", self._describe_event(made)])
            return not made.defaultPrevented

        self._attempt(["dispatch", type], dispatch)
        for each in raised:
            self._report(each)

    def _do_redispatch(self, event: Event, name: str) -> None:
        self._attempt(["redispatch"], lambda: self._things[name].dispatchEvent(event))

    def _do_makeevent(self, event: Event, cls: str, type: str, init: dict[str, Any]) -> None:
        self._attempt(
            ["makeevent", cls],
            lambda: self._describe_event(getattr(trio_ws_dom, cls)(type, **init)),
        )

    def _do_stop(self, event: Event) -> None:
        event.stopPropagation()

    def _do_stopnow(self, event: Event) -> None:
        event.stopImmediatePropagation()

    def _do_prevent(self, event: Event) -> None:
        event.preventDefault()
        self.trace.append(["defaultPrevented", event.defaultPrevented])

    def _do_path(self, event: Event) -> None:
        self.trace.append(["path", [self._names.get(id(t)) for t in event.composedPath()]])

    def _do_setevent(self, event: Event, attribute: str, value: Any) -> None:
        def put() -> Any:
            setattr(event, attribute, value)
            return getattr(event, attribute)

        self._attempt(["setevent", attribute], put)

    def _do_controller(self, event: Event, name: str) -> None:
        self._controllers[name] = AbortController()

    def _do_abort(self, event: Event, name: str) -> None:
        self._controllers[name].abort()

    # ---- their parts

    def _name(self, name: str, thing: Any) -> None:
        self._things[name] = thing
        self._names[id(thing)] = name

    def _properties(self, ws: WebSocket) -> dict[str, Any]:
        return {p: getattr(ws, p) for p in PROPERTIES}

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        if "whole" in options:
            return {"capture": options["whole"]}
        given: dict[str, Any] = {
            k: options[k] for k in ("once", "passive", "capture") if k in options
        }
        if "signal" in options:
            given["signal"] = self._controllers[options["signal"]].signal
        return given

    def _listener(self, label: str, ops: list[Op], *, as_object: bool = False) -> Any:
        names = [op for op, *_ in ops]
        pause = names.index("pause") if "pause" in names else len(ops)

        def called(this: Any, event: Event) -> None:
            self.trace.append(
                [
                    "event",
                    label,
                    self._describe_event(event),
                    this is None or this is self._listeners[label],
                ]
            )
            self._run(ops[:pause], event)

        async def called_asynchronously(event: Event) -> None:
            called(None, event)
            await self._pause(ops[pause][1])
            self._run(ops[pause + 1 :], event)

        if label not in self._listeners:
            if pause < len(ops):
                self._listeners[label] = called_asynchronously
            elif as_object:
                self._listeners[label] = ObjectListener(called)
            else:
                self._listeners[label] = partial(called, None)
        return self._listeners[label]

    async def _pause(self, signal: str | None) -> None:
        if signal is None:
            await trio.lowlevel.checkpoint()
        else:
            await self._signals[signal].wait()

    def _payload(self, spec: dict[str, Any]) -> Any:
        if "ref" in spec:
            return self._buffers[spec["ref"]]
        if "raw" in spec:
            return spec["raw"]
        if "text" in spec:
            return spec["text"] * spec["repeat"]
        data = bytes.fromhex(spec["hex"]) * spec["repeat"]
        if spec["kind"] == "ArrayBuffer":
            return data
        if spec["kind"] == "Blob":
            return Blob([data])
        part: Any = memoryview(data)[spec.get("from", 0) : spec.get("to")]
        return part.cast(TYPE_CODES[spec["kind"]])

    def _describe_event(self, event: Any) -> dict[str, Any]:
        kind = type(event).__name__
        seen: dict[str, Any] = {"class": kind}
        for attribute in (*EVENT, *MORE.get(kind, ())):
            seen[attribute] = getattr(event, attribute, "no such attribute")
        for attribute in ("target", "currentTarget", "srcElement"):
            thing = getattr(event, attribute, "no such attribute")
            seen[attribute] = (
                thing if thing is None else self._names.get(id(thing), "something else")
            )
        if isinstance(event, MessageEvent):
            ports = getattr(event, "ports", None)
            seen["ports"] = "no such attribute" if ports is None else len(ports)
            seen["data"] = describe_data(event.data)
        if isinstance(event.target, WebSocket):
            seen["readyState"] = event.target.readyState
            seen["bufferedAmount"] = event.target.bufferedAmount
        return seen
