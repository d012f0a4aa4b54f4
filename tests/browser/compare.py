"""Normalise two traces before they are compared.

In both traces:

- time stamps, mask keys and the order of headers are not recorded at all; nor are headers that
  only a browser sends (User-Agent, Accept-Language, Cache-Control ...);
- ports are named, not numbered;
- a Sec-WebSocket-Key is "valid" or shown;
- a message in several frames is one message (fragmenting is the sender's choice), and a
  compressed one is inflated;
- the end of TCP is always "gone": a client that leaves with bytes of the server unread resets TCP,
  and one that has read them all ends it, which depends on when packets arrive;
- the reason in the Close of a client that fails the connection is its own words;
- tasks of a program take turns in any order, so the trace has one part for each;
- with several sockets, the trace has one part for each, as the network decides which is served
  first, unless a scenario makes one wait for the other;
- where megabytes were not sent at the end, their number depends on the network;
- assigning to a read-only attribute is a TypeError in JavaScript and an AttributeError in Python;
- attributes of an event that have their usual value are left out, for a readable recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .server import valid_key

if TYPE_CHECKING:
    from .runner import Trace

USUAL = {
    "bubbles": False,
    "cancelable": False,
    "composed": False,
    "defaultPrevented": False,
    "returnValue": True,
    "cancelBubble": False,
    "eventPhase": 2,
    "isTrusted": True,
    "target": "ws",
    "currentTarget": "ws",
    "srcElement": "ws",
    "bufferedAmount": 0,
    "lastEventId": "",
    "source": None,
    "ports": 0,
}
CLASSES = {"open": "Event", "message": "MessageEvent", "error": "Event", "close": "CloseEvent"}
FAILURES = (1002, 1007, 1009)
"""The codes with which a client fails a connection (RFC 6455 section 7.4.1)."""
MEGABYTES = 3 * 1024 * 1024
UNCLEAN = ["throws", "WebSocketError", 1006, ""]
"""The result of a stream's step after an unclean end."""


def normalise(trace: Trace) -> Trace:
    names = {str(port): "{" + name + "}" for name, port in trace["places"].items()}
    program = _parted([_normal_entry(e) for e in trace["program"]])
    failed = any(_is_failure(e) or e[3:] == UNCLEAN for e in program)
    wire = [[_normal_wire(e, failed=failed) for e in connection] for connection in trace["wire"]]
    result: Trace = _named({"program": program, "wire": wire}, names)
    return result


def _normal_entry(entry: list[Any]) -> list[Any]:
    if entry[0] == "event":
        name, label, event, this = entry
        return [name, label, _normal_event(event), *([] if this else ["wrong this"])]
    if entry[0] == "dispatched":
        return [entry[0], _normal_event(entry[1])]
    if entry[0] == "put" and entry[2] == ["throws", "AttributeError"]:
        return [entry[0], entry[1], ["throws", "TypeError"]]
    return entry


def _normal_event(event: dict[str, Any]) -> dict[str, Any]:
    if event["type"] == "close" and event.get("bufferedAmount", 0) >= MEGABYTES:
        event = {**event, "bufferedAmount": "megabytes"}
    usual = {**USUAL, "class": CLASSES.get(event["type"])}
    return {k: v for k, v in event.items() if k not in usual or usual[k] != v}


def _normal_wire(entry: list[Any], *, failed: bool) -> list[Any]:
    if entry[0] in ("eof", "reset"):
        return ["gone"]
    if entry[0] == "close" and failed and entry[1:2] and entry[1] in FAILURES:
        return [*entry[:2], "in its own words"]
    if entry[0] != "request":
        return entry
    headers = dict(entry[2])
    for name in ("connection", "upgrade"):
        if name in headers:
            headers[name] = headers[name].lower()
    if valid_key(headers.get("sec-websocket-key", "")):
        headers["sec-websocket-key"] = "valid"
    return ["request", entry[1], headers]


def _is_failure(entry: list[Any]) -> bool:
    """Return whether this is the ``error`` event of a socket, not one that the program made."""
    return entry[0] == "event" and entry[2]["type"] == "error" and "isTrusted" not in entry[2]


def _parted(entries: list[list[Any]]) -> list[list[Any]]:
    """Split a trace into one part for each socket, in the order of their names, and one for each
    task."""
    entries = sorted(entries, key=lambda e: e[1] if e[0] == "in" else "")
    sockets = [e[1] for e in entries if e[0] == "new"]
    if len(sockets) < 2:
        return entries
    return sorted(
        entries,
        key=lambda e: e[2].get("target", "ws") if e[0] == "event" else str(e[1]) if e[1:] else "",
    )


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for port, name in names.items():
            value = value.replace(f":{port}", f":{name}")
        return value
    if isinstance(value, dict):
        return {k: _named(v, names) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_named(item, names) for item in cast("list[object]", value)]
    return value


def differences(expected: Trace, found: Trace) -> list[str]:
    """Return the entries that differ, in words, or none if the traces are equal."""
    lines = _differences("program", expected["program"], found["program"])
    for number in range(max(len(expected["wire"]), len(found["wire"]))):
        pair = [
            w[number] if number < len(w) else [["no connection"]]
            for w in (expected["wire"], found["wire"])
        ]
        lines += _differences(f"wire {number}", *pair)
    return lines


def _differences(where: str, expected: list[Any], found: list[Any]) -> list[str]:
    lines: list[str] = []
    for number in range(max(len(expected), len(found))):
        pair = [t[number] if number < len(t) else None for t in (expected, found)]
        if pair[0] != pair[1]:
            lines.append(f"{where} {number}:\n    expected {pair[0]}\n    found    {pair[1]}")
    return lines
