"""Where ours should differ from Chromium, each with its reason.

The comparison knows this table and no other exception. A departure turns Chromium's trace into the
one that ours must have. ``ERROR_EVENT`` holds everywhere. The others hold in the scenarios that
name them, and a test checks that each of those really differs, so that a departure that has become
needless is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .compare import _is_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from .runner import Trace
    from .scenario import Scenario

Entry = list[Any]


@dataclass(frozen=True)
class Departure:
    reason: str
    change: Callable[[Trace], Trace] | None = None
    """Without it, ``recorded/departures.json`` contains what ours does, which a person has
    checked."""


def _each(
    program: Callable[[Entry], Entry] = lambda e: e, wire: Callable[[Entry], Entry] = lambda e: e
) -> Callable[[Trace], Trace]:
    """Return a change that applies these to each entry."""
    return lambda trace: {
        "program": [program(e) for e in trace["program"]],
        "wire": [[wire(e) for e in c] for c in trace["wire"]],
    }


def _error_event(entry: Entry) -> Entry:
    return (
        [*entry[:2], {**entry[2], "class": "ErrorEvent"}, *entry[3:]]
        if _is_failure(entry)
        else entry
    )


def _bad_payload(entry: Entry) -> Entry:
    return ["close", 1007, *entry[2:]] if entry[:2] == ["close", 1002] else entry


def _code_1000(entry: Entry) -> Entry:
    if entry == ["close"]:
        return ["close", 1000, ""]
    if entry[4:] == [{"closeCode": 1005, "reason": ""}]:
        return [*entry[:4], {"closeCode": 1000, "reason": ""}]
    return entry


def _after_the_dispatch(entry: Entry) -> Entry:
    if entry[0] != "event" or entry[2]["type"] != "message":
        return entry
    return [*entry[:2], {**entry[2], "eventPhase": 0, "currentTarget": None}, *entry[3:]]


def _reported_last(trace: Trace) -> Trace:
    """Move exceptions to the end, as ours are raised when the scope or dispatchEvent ends."""
    program = trace["program"]
    reported = [e for e in program if e[0] == "reported"]
    return {**trace, "program": [e for e in program if e[0] != "reported"] + reported}


ERROR_EVENT = Departure(
    "A browser hides from scripts why a connection failed, for the safety of its user's "
    "network. A Python program needs the cause: error is an ErrorEvent.",
    _each(_error_event),
)
DEPARTURES: dict[str, Departure] = {
    "a fraction of a close code": Departure(
        "Chromium cuts it off; Web IDL's [Clamp] rounds to the nearest, halves to the even."
    ),
    "a value of another type": Departure(
        "A page writes what String() makes of a chunk that is no buffer. In Python another type "
        "is a mistake."
    ),
    "what cannot be called": Departure(
        "A page takes null for whatever is set to an on* attribute and is no object. Here None "
        "has a meaning, messages are dropped, so anything else that cannot be called is a mistake."
    ),
    "an async listener, alone with a message": Departure(
        "In a page an async function runs inside the dispatch up to its first await. Here, as the "
        "only listener of a message, it is a task that begins when the dispatch of that message is "
        "over, and before the next event: one dispatch that waits for each message is expensive.",
        _each(_after_the_dispatch),
    ),
    "turns between async listeners": Departure(
        "In a page all listeners of an event run in one turn, so bufferedAmount does not fall "
        "between them. Here each call of an async listener is a task, and what the one has sent "
        "may have left when the next one begins."
    ),
    "an answer beside a Close": Departure(
        "Chromium's network process has answered a Close before the page sees the messages that "
        "came with it, and drops what their listeners send, which nothing asks for. The socket is "
        "OPEN then, and we send it, before the echo."
    ),
    "a message in progress": Departure(
        "Chromium answers the peer's Close in the middle of a message that it has cut into frames "
        "itself, so that the message is lost; for a WebSocket it calls that end clean. RFC 6455 "
        "5.5.1 lets an endpoint finish the message; we do, if the peer reads it in time."
    ),
    "a write that is queued": Departure(
        "A page's write() of a large chunk waits until it was sent, and fails with the stream. "
        "send() returns once the message is queued: cancelled, it has sent all of it or nothing. "
        "That a message was lost shows in closed."
    ),
    "closing the writable sends 1000": Departure(
        "A page's Close has no code then, as the draft has it. Ours is `aclose()` of a channel, "
        "and every normal end of a scope sends 1000.",
        _each(_code_1000, _code_1000),
    ),
    "messages before a malformed frame": Departure(
        "Chromium looks through a packet for some kinds of malformed frame before it delivers "
        "anything of it, and a failure overtakes large messages on their way to the page. Whole "
        "messages in front of one came before it."
    ),
    "messages unread at the end": Departure(
        "A page's readable drops what was not read when the end is unclean, as the Streams "
        "Standard has it; where it is clean Chromium keeps the first message only, which nothing "
        "asks for. A trio channel returns what came before the end."
    ),
    "the URL of an aborted stream": Departure(
        "Given a signal that has aborted, Chromium leaves the URL empty. The draft sets it first."
    ),
    "the reason of a signal": Departure(
        "Chromium rejects with an AbortError whatever the signal's reason is. The draft takes "
        "the reason."
    ),
    "trio's channels": Departure(
        "A page's streams have their own errors, or none, for what is done after an end: done, "
        "a TypeError, an InvalidStateError, a write that goes nowhere. trio's channels raise "
        "ClosedResourceError after one's own close, BrokenResourceError after the peer's, and "
        "may be closed any number of times."
    ),
    "1007 for a bad payload": Departure(
        "Chromium fails with 1002 whatever was wrong; RFC 6455 section 7.4.1 has a code "
        "for a payload that is not what its type says.",
        _each(wire=_bad_payload),
    ),
    "a code that may not be sent": Departure(
        "Chromium takes every code but 1005, 1006 and 1015. RFC 6455 section 7.4 assigns "
        "some to no use. A peer that sends them breaks the protocol, and we fail the connection."
    ),
    "a listener's exception closes": Departure(
        "An exception is not swallowed: where a page goes on, we close with 1001 and raise it."
    ),
    "a reason without a code": Departure(
        "Chromium reads close(undefined, reason) as the code 0, an InvalidAccessError. By"
        " Web IDL an undefined argument is a missing one; the standard, as written since "
        "WebSocketStream, then sends 1000 and the reason."
    ),
    "a space in a host": Departure(
        "Chromium escapes a space in a host name; the URL Standard has it forbidden."
    ),
    "an EventTarget that is no Node": Departure(
        "For targets outside the document's tree Chromium calls capturing listeners in "
        "their turn, not first, and leaves the stop flags set after a dispatch. The DOM "
        "Standard makes no such exception."
    ),
    "bytes after a Close": Departure(
        "Chromium fails a connection whose server goes on after its Close. RFC 6455 section "
        "1.4: what follows a Close is discarded."
    ),
    "credentials at once": Departure(
        "Chromium sends a URL's credentials once the server has asked with 401; we send "
        "them at once, as a program has no dialog."
    ),
    "HTTP by the book": Departure(
        "RFC 9110: interim responses (1xx) are skipped, header lines have a colon; RFC "
        "6455: the answer is HTTP/1.1. Chromium sees all three otherwise."
    ),
    "listeners' exceptions": Departure(
        "A page's exceptions go to window.onerror and the page goes on. In Python they "
        "come out of the scope, or of dispatchEvent().",
        _reported_last,
    ),
    "protocols that differ by case": Departure(
        "Chromium takes two protocols that differ only by case; the standard, and its "
        "tests, do not."
    ),
}


def expected_of_ours(scenario: Scenario, chromium: Trace, stored: Trace | None) -> Trace:
    """Return Chromium's trace, as ours must be.

    ``stored`` is the entry of ``departures.json`` for this scenario.
    """
    departures = [DEPARTURES[name] for name in scenario.departs]
    if any(d.change is None for d in departures):
        assert stored is not None, (
            f"{scenario.name} has no entry in departures.json: python -m tests.browser departures"
        )
        return stored
    for departure in (ERROR_EVENT, *departures):
        assert departure.change is not None, "those without were asked above"
        chromium = departure.change(chromium)
    return chromium
