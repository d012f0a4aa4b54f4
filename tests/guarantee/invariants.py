"""The invariants of every run of a sweep, whatever was done to it.

Each function yields what is wrong with a run. None of them asks the code under test what it meant
to do, as bounds and codes are computed from what the harness did, and when.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from support.checked import not_none
from support.frames import CLOSE, TEXT

from guarantee.case import (
    CANCELLED_CLOSE_TIMEOUT,
    CLOSE_TIMEOUT,
    DEAF,
    GREEDY,
    LISTENER_TIMEOUT,
    OPEN_TIMEOUT,
    OWN_CODE,
    OWN_NURSERY,
    PAIRED,
    PATIENCE,
    PEER_CODE,
    QUEUED,
    SLEEPY,
    SLOW,
    STUCK,
    Account,
)
from guarantee.outcomes import exact_exception, interrupt_comes_out
from trio_ws_dom import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EPSILON: Final = 1e-6

TCP_END_TIMEOUT: Final = 2.0
"""Seconds that a peer has for ending TCP, once both Closes are exchanged."""

TURNS: Final = 40
"""Steps that may pass before a bare socket's watcher sees a cancellation."""

HELD_TURNS: Final = 6
"""Steps that may pass between the program's first listener and the dispatch of what was held."""

FRAME: Final = 70
"""Bytes of the longest frame of a queue."""


def it_ends(account: Account) -> Iterator[str]:
    """Control leaves the scope without help."""
    if account.hung:
        yield account.hung


def one_close_event_and_last(account: Account) -> Iterator[str]:
    """One ``close`` event comes last, after at most one ``open`` and at most one ``error``."""
    if account.session is None:
        return
    names = [name for name, _ in account.events]
    good = (["open", "close"], ["open", "error", "close"], ["error", "close"], ["close"])
    if names not in good:
        yield f"the events were {names}"
    if len(account.events) != account.events_when_out:
        yield f"{len(account.events) - account.events_when_out} events after the scope"
    for name, state in account.events:
        if state != (WebSocket.OPEN if name == "open" else WebSocket.CLOSED):
            yield f"readyState was {state} in {name}"


def closed(account: Account) -> Iterator[str]:
    """readyState is CLOSED when control is out."""
    if account.session is not None and account.state_when_out != WebSocket.CLOSED:
        yield f"readyState is {account.state_when_out}"


def no_task_left(account: Account) -> Iterator[str]:
    if account.left_over:
        yield f"left over: {account.left_over}"


def stream_closed(account: Account) -> Iterator[str]:
    """A stream that was passed to a socket is closed when control is out."""
    if account.session is not None and not account.closed_when_out:
        yield "the stream is open"


def bounded(account: Account) -> Iterator[str]:
    """Each deadline holds, from the cancellation or Ctrl-C, from the block's end and from
    opening."""
    ends, case = account.time("out"), account.case
    # A cancellation reaches all scopes at once, but Ctrl-C reaches one after the other. The ends of
    # nested blocks come one after the other, too.
    sockets = 2 if case.entry in PAIRED else 1
    for name, bounds in (("cancel", 1), ("interrupt", sockets)):
        seen = account.time(name)
        if ends > seen + CANCELLED_CLOSE_TIMEOUT * bounds + EPSILON:
            yield f"{ends - seen} s from {name} on"
    # the exit of a trio nursery keeps waiting, however often Ctrl-C is pressed
    if "interrupt again" in account.moments and case.entry not in (*OWN_NURSERY, *PAIRED):
        late = ends - account.time("interrupt again")
        if late > EPSILON:
            yield f"{late} s from the second Ctrl-C on"
    starts = min(account.time("left"), account.time("said"), account.time("listener raised"))
    if ends > starts + CLOSE_TIMEOUT * sockets + EPSILON:
        yield f"{ends - starts} s from the start of the close on"
    exchanged = max(account.time("close seen"), account.time("close came"))
    if ends > exchanged + TCP_END_TIMEOUT + EPSILON and sockets == 1:
        yield f"{ends - exchanged} s from both Closes on"
    late = ends - account.time("left") - LISTENER_TIMEOUT
    if case.way in (SLEEPY, STUCK) and _is_undisturbed(account) and late > EPSILON:
        yield f"{late} s too long for a listener"
    if ends > OPEN_TIMEOUT + PATIENCE * 3 + CLOSE_TIMEOUT * sockets:
        yield f"{ends} s in all"


def _is_undisturbed(account: Account) -> bool:
    """Return whether nothing goes wrong in the case."""
    case = account.case
    return case.fault is None and not case.cancel and not case.ctrl_c


def deadlines_only_shrink(account: Account) -> Iterator[str]:
    if account.deadline_grew:
        yield "the connection's deadline grew"


def expected_codes(account: Account) -> set[int]:
    """Return the codes that our Close may have, by whatever began the closing."""
    case = account.case
    cancelled = min(account.step("cancel"), account.step("interrupt"))
    bare = case.entry in OWN_NURSERY
    left = account.step("left")
    ended = 1001 if account.raised or cancelled < left else 1000
    causes: dict[str, tuple[float, int]] = {
        "said": (account.step("said"), OWN_CODE),
        "came": (account.step("close came"), PEER_CODE),
        "listener": (account.step("listener raised"), 1001),
        "left": (inf if bare and not account.raised else left, ended),
    }
    # while control is held up in another socket's end, the scope closes this one
    if bare or case.press or "entered" not in account.moments or case.entry in PAIRED:
        causes["cancel"] = cancelled, 1001  # Ctrl-C may land in the call of a listener
    first = min(step for step, _ in causes.values())
    # a cancellation is noticed some steps later, all else exactly at its step
    slack = TURNS if "cancel" in causes and (cancelled < inf or account.raised) else 0
    if case.entry in PAIRED and cancelled < inf:
        slack = 10**6  # control may be held up for half of the bound, whatever happens during that
    codes = {code for step, code in causes.values() if step <= first + slack < inf}
    if "failed" in account.moments:
        codes |= {1002, 1007}
    if account.step("interrupt") <= left <= first + slack:
        codes.add(1000)  # Ctrl-C lands at the next checkpoint, which may be the exit's
    return codes


def why_no_close(account: Account) -> str | None:
    """Return why no Close could reach the peer, or None if it could."""
    wire = account.wire
    assert wire is not None
    if "open" not in account.moments:
        return "it was never open"
    if wire.struck in ("reset", "cut", "stuck"):
        return f"the wire was {wire.struck}"
    if wire.struck == "end":
        return "the peer ended TCP before"
    if account.case.kept_alive and wire.struck == "stall" and "failed" in account.moments:
        return "the peer was found dead"
    if account.case.way == DEAF and not_none(account.wire).full.is_set():
        return "the peer reads nothing"
    if account.case.way in QUEUED and "interrupt again" in account.moments:
        return "it was given up while the network was full"
    return None


def peer_sees_close(account: Account) -> Iterator[str]:
    """The peer sees one Close, as the last frame, with the code of what began the closing.

    No Close is needed if there is a known reason.
    """
    assert account.peer is not None
    closes = [got for got in account.peer.frames if got.opcode == CLOSE]
    if len(closes) > 1:
        yield f"{len(closes)} Closes"
    if closes and account.peer.frames[-1] is not closes[0]:
        yield "frames after the Close"
    if not closes:
        if why_no_close(account) is None:
            yield "no Close, and no reason"
        return
    if "open" not in account.moments:
        yield "a Close, but it was never open"
    code = int.from_bytes(closes[0].payload[:2], "big")
    if code not in expected_codes(account):
        yield f"a Close of {code}, expected one of {expected_codes(account)}"


def what_was_sent_leaves(account: Account) -> Iterator[str]:
    """The peer sees what was sent while OPEN, in order, and all of it if it sees the Close.

    That includes what the block sent on its way out. But what was queued is lost with a connection
    that failed, and what is queued at the peer's Close may be dropped.
    """
    assert account.peer is not None
    opcodes = [got.opcode for got in account.peer.frames]
    seen = [got.payload for got in account.peer.frames if got.opcode == TEXT]
    may_be_dropped = "close came" in account.moments or "failed" in account.moments
    all_due = CLOSE in opcodes and not may_be_dropped
    if seen != account.sent[: len(seen)] or (all_due and seen != account.sent):
        yield f"the peer saw {seen} of {account.sent}"


def unsent_is_counted(account: Account) -> Iterator[str]:
    """The bytes that were not sent are counted, exactly if our Close was sent after the rest."""
    if account.session is None or account.session.close_event is None:
        return
    assert account.wire is not None
    texts, close_left = frames_of_ours(account.wire.outgoing)
    lost = sum(map(len, account.sent)) - sum(map(len, texts))
    unsent = account.connection.machine.unsent
    if unsent < lost or (close_left and unsent != lost):
        yield f"{lost} bytes did not leave, {unsent} are counted"
    if account.session.close_event.wasClean and lost:
        yield f"clean, and {lost} bytes did not leave"


def frames_of_ours(outgoing: bytes) -> tuple[list[bytes], bool]:
    """Return the text messages that were sent whole, and whether a Close was."""
    _, _, data = outgoing.partition(b"\r\n\r\n")
    close_left = False
    texts: list[bytes] = []
    while len(data) >= 6 and len(data) >= 6 + data[1] - 128:
        end = 6 + data[1] - 128
        payload = bytes(byte ^ data[2 + i % 4] for i, byte in enumerate(data[6:end]))
        if data[0] & 15 == TEXT:
            texts.append(payload)
        close_left |= data[0] & 15 == CLOSE
        data = data[end:]
    return texts, close_left


def close_is_answered_soon(account: Account) -> Iterator[str]:
    """After the peer's Close, with the network full, only the message in progress and the echo are
    sent."""
    assert account.wire is not None
    after = account.wire.written - account.written_when_closed
    fills = account.case.way in QUEUED and account.case.way != GREEDY
    if fills and "close came" in account.moments and after > 2 * FRAME:
        yield f"{after} bytes after the peer's Close"


def nothing_that_came_is_lost(account: Account) -> Iterator[str]:
    """A message that arrives before the program consumes messages is received or dispatched."""
    case = account.case
    if case.cancel or case.ctrl_c or account.wire is None:
        return
    if case.fault is None and account.received != ["hello", "world"]:
        yield f"received {account.received}"
    if case.entry in ("bare", "open_websocket_stream"):
        return  # nothing is held, or there are no listeners
    listens = case.way in ("peer closes", "listener raises")
    came = b"\x81\x05hello" in account.wire.delivered
    in_time = account.step("entered") < account.step("ended")
    if listens and came and in_time and "hello" not in [data for data, _ in account.messages]:
        yield f"'hello' was not dispatched, but {account.messages}"


def listeners_finish(account: Account) -> Iterator[str]:
    """At a block's normal end an async listener is waited for, or is an error."""
    wanted = {SLEEPY: 1, STUCK: 0}.get(account.case.way)
    if wanted is None or not _is_undisturbed(account):
        return
    if (account.begun, account.finished) != (1, wanted):
        yield f"{account.begun} calls began, {account.finished} finished"


def last_words_leave(account: Account) -> Iterator[str]:
    """Where a cancellation closes the socket, the block's ``finally`` still finds it OPEN."""
    assert account.peer is not None
    cancelled = account.step("cancel") < account.step("left") < inf
    closes = [got.payload[:2] for got in account.peer.frames if got.opcode == CLOSE]
    by_us = closes == [b"\x03\xe9"] and "entered" in account.moments
    by_listener = account.listener_raised
    if cancelled and by_us and not by_listener and b"last words" not in account.sent:
        yield f"sent while OPEN: {account.sent}"


def messages_come_while_open(account: Account) -> Iterator[str]:
    """No message that was received after OPEN is dispatched or queued.

    One that was held may be dispatched later.
    """
    end = min(account.step("close came"), account.step("failed"), account.step("ended"))
    may_be_held = account.step("entered") + HELD_TURNS >= end
    for data, state in account.messages:
        if data == "late" or (state != WebSocket.OPEN and not may_be_held):
            yield f"{data!r} came, with readyState {state}"


def verdict_is_true(account: Account) -> Iterator[str]:
    """``wasClean`` is true only after the peer's Close, without a failure, if all queued data was
    sent.

    If only data was not sent, the code is still the peer's.
    """
    session = account.session
    if session is None or session.close_event is None:
        return
    assert account.wire is not None
    event = session.close_event
    unsent = account.connection.machine.unsent
    came = closes_in(account.wire.delivered)
    failed = any(name == "error" for name, _ in account.events)
    if came and not failed and "open" in account.moments:
        expected = (unsent == 0, came[0])
    else:
        expected = (False, 1006)
    if (event.wasClean, event.code) != expected:
        yield f"expected clean and code {expected}, got {(event.wasClean, event.code)}"
    if (session.failure is None) != event.wasClean:
        yield f"wasClean is {event.wasClean}, failure is {session.failure!r}"
    if unsent and f"{unsent} bytes" not in str(session.failure):
        yield f"{unsent} bytes were not sent, failure is {session.failure}"
    good = account.case.fault is None or account.wire.struck is None
    if account.case.way in (DEAF, SLOW) and unsent:
        good = False  # the peer does not read the queue, or not in time
    if account.case.way == GREEDY and not _is_undisturbed(account):
        good = False  # it may not read it in the turns that the echo waits
    if good and "open" in account.moments and not event.wasClean and not _gave_up(account):
        yield "a good peer and a bad end"


def _gave_up(account: Account) -> bool:
    """Return whether a second Ctrl-C ended it at once, whatever the peer did."""
    return "interrupt again" in account.moments


def closes_in(delivered: bytes) -> list[int]:
    """Return the codes of the Closes among a server's whole frames."""
    _, _, data = delivered.partition(b"\r\n\r\n")
    codes: list[int] = []
    while len(data) >= 2 and data[1] < 126 and len(data) >= 2 + data[1]:
        if data[0] == 0x88:
            codes.append(int.from_bytes(data[2:4], "big"))
        data = data[2 + data[1] :]
    return codes


INVARIANTS: Final[tuple[Callable[[Account], Iterator[str]], ...]] = (
    it_ends,
    one_close_event_and_last,
    closed,
    no_task_left,
    stream_closed,
    exact_exception,
    interrupt_comes_out,
    bounded,
    deadlines_only_shrink,
    peer_sees_close,
    what_was_sent_leaves,
    unsent_is_counted,
    close_is_answered_soon,
    nothing_that_came_is_lost,
    listeners_finish,
    last_words_leave,
    messages_come_while_open,
    verdict_is_true,
)


def violations(account: Account) -> list[str]:
    """Return what is wrong with a run, each beginning with the invariant's name."""
    return [f"{rule.__name__}: {said}" for rule in INVARIANTS for said in rule(account)]


def check(account: Account) -> None:
    wrong = violations(account)
    if wrong:
        raise AssertionError("\n".join([*wrong, str(account)]))
