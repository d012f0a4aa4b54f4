"""The closing machine, by its whole table and its verdict."""

from __future__ import annotations

from itertools import product

import pytest

from trio_ws_dom._wire._closing import (
    READY_STATE,
    TABLE,
    CloseResult,
    ClosingEvent,
    ClosingMachine,
    State,
)
from trio_ws_dom._wire._frames import Close

CAUSE = OSError("cause")
OTHER = OSError("other")


def machine(*events: ClosingEvent) -> ClosingMachine:
    """Return a machine that has made these moves."""
    made = ClosingMachine()
    for event in events:
        made.advance(event)
    return made


def reachable(start: State) -> set[State]:
    """Return the states that any number of moves can reach from here."""
    found = {start}
    while True:
        more = {to for (state, _), to in TABLE.items() if state in found} - found
        if not more:
            return found
        found |= more


def test_a_machine_begins_by_connecting() -> None:
    """It does not know an end."""
    new = ClosingMachine()
    assert new.state is State.CONNECTING
    assert (new.sent, new.received, new.failed, new.cause) == (None, None, False, None)


def test_every_state_can_be_reached() -> None:
    """The first state leads to each of them."""
    assert reachable(State.CONNECTING) == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_leads_to_closed(state: State) -> None:
    """No connection can be stuck."""
    assert State.CLOSED in reachable(state)


def test_only_closed_has_no_exit() -> None:
    assert {state for state, _ in TABLE} == set(State) - {State.CLOSED}


@pytest.mark.parametrize(("state", "to"), [(state, to) for (state, _), to in TABLE.items()])
def test_ready_state_only_grows(state: State, to: State) -> None:
    """No move takes the DOM's readyState back."""
    assert READY_STATE[state] <= READY_STATE[to]


def test_ready_state_covers_all() -> None:
    """OPEN is 1, CLOSED is 3, and the states between them are 2."""
    assert set(READY_STATE) == set(State)
    closing = {state for state in State if READY_STATE[state] == 2}
    assert closing == set(State) - {State.CONNECTING, State.OPEN, State.CLOSED}
    assert (READY_STATE[State.CONNECTING], READY_STATE[State.OPEN]) == (0, 1)
    assert READY_STATE[State.CLOSED] == 3


def test_tcp_may_end_in_any_open_state() -> None:
    """A transport may end at any time, and before the opening is over, its end is a failure
    first."""
    may_end = {state for state in State if (state, ClosingEvent.TCP_ENDS) in TABLE}
    assert may_end == set(State) - {State.CONNECTING, State.CLOSED}
    assert all(TABLE[state, ClosingEvent.TCP_ENDS] is State.CLOSED for state in may_end)


def test_no_cycles_but_the_failing_close() -> None:
    """A failed connection sends its reason in a Close, and stays failed, and all other moves lead
    on."""
    loops = {key for key, to in TABLE.items() if key[0] is to}
    assert loops == {(State.FAILING, ClosingEvent.CLOSE_SENT)}
    forward = {(state, to) for (state, _), to in TABLE.items() if state is not to}
    assert all(state not in reachable(to) for state, to in forward)


@pytest.mark.parametrize(("state", "event"), list(product(State, ClosingEvent)))
def test_an_illegal_move_is_a_key_error(state: State, event: ClosingEvent) -> None:
    """can() returns False before, and the state stays what it was."""
    tried = ClosingMachine()
    tried.state = state
    if tried.can(event):
        tried.advance(event)
        assert tried.state is TABLE[state, event]
    else:
        with pytest.raises(KeyError):
            tried.advance(event)
        assert tried.state is state


@pytest.mark.parametrize(
    ("path", "state"),
    [
        (
            [ClosingEvent.CLOSE_QUEUED, ClosingEvent.CLOSE_SENT, ClosingEvent.CLOSE_RECEIVED],
            State.COMPLETE,
        ),
        (
            [ClosingEvent.CLOSE_QUEUED, ClosingEvent.CLOSE_RECEIVED, ClosingEvent.CLOSE_SENT],
            State.COMPLETE,
        ),
        ([ClosingEvent.CLOSE_RECEIVED, ClosingEvent.CLOSE_SENT], State.COMPLETE),
        ([ClosingEvent.CLOSE_QUEUED, ClosingEvent.CLOSE_SENT], State.CLOSE_SENT),
        ([ClosingEvent.CLOSE_QUEUED, ClosingEvent.CLOSE_RECEIVED], State.PEER_CLOSED),
        ([ClosingEvent.FAILS, ClosingEvent.CLOSE_SENT], State.FAILING),
    ],
)
def test_the_ways_to_close(path: list[ClosingEvent], state: State) -> None:
    """They are by us first, by the peer first, by both at once, and by a failure without an
    answer."""
    assert machine(ClosingEvent.ESTABLISHED, *path).state is state


def test_closes_are_kept() -> None:
    """What was sent and what came are separate facts."""
    closing = machine(ClosingEvent.ESTABLISHED, ClosingEvent.CLOSE_QUEUED)
    closing.close_sent(Close(1000))
    closing.close_received(Close(1001, "bye"))
    assert (closing.sent, closing.received) == (Close(1000), Close(1001, "bye"))
    assert closing.state is State.COMPLETE


def test_an_illegal_close_is_not_kept() -> None:
    """An impossible fact is not stored."""
    connecting = machine()
    with pytest.raises(KeyError):
        connecting.close_received(Close())
    with pytest.raises(KeyError):
        connecting.close_sent(Close())
    assert (connecting.sent, connecting.received) == (None, None)


def test_a_failure_keeps_its_cause() -> None:
    """A later end of TCP does not replace it."""
    failing = machine(ClosingEvent.ESTABLISHED)
    failing.fail(CAUSE)
    failing.end(OTHER)
    assert (failing.state, failing.failed, failing.cause) == (State.CLOSED, True, CAUSE)


def test_a_second_failure_is_an_error() -> None:
    """The first cause is kept."""
    failing = machine(ClosingEvent.ESTABLISHED)
    failing.fail(CAUSE)
    with pytest.raises(KeyError):
        failing.fail(OTHER)
    assert failing.cause is CAUSE


def test_the_transports_end_may_be_the_cause() -> None:
    """It is not a failure of ours, so the DOM fires no error."""
    lost = machine(ClosingEvent.ESTABLISHED)
    lost.end(CAUSE)
    assert (lost.state, lost.failed, lost.cause) == (State.CLOSED, False, CAUSE)


def test_an_end_need_not_have_a_cause() -> None:
    """After both Closes there is none."""
    done = machine(ClosingEvent.ESTABLISHED, ClosingEvent.CLOSE_RECEIVED, ClosingEvent.CLOSE_SENT)
    done.end()
    assert (done.state, done.cause) == (State.CLOSED, None)


@pytest.mark.parametrize(
    ("sent", "received", "failed", "cause"),
    list(
        product(
            (None, Close(1000)), (None, Close(), Close(3001, "why")), (False, True), (None, CAUSE)
        )
    ),
)
def test_the_verdict_for_every_set_of_facts(
    sent: Close | None, received: Close | None, failed: bool, cause: Exception | None
) -> None:
    """It is clean with the peer's Close and without a failure, and then has its code and reason."""
    ended = ClosingMachine()
    ended.sent, ended.received, ended.failed, ended.cause = sent, received, failed, cause
    if received is not None and not failed:
        assert ended.result == (received.code, received.reason, True)
    else:
        assert ended.result == (1006, "", False)


def test_a_verdict_has_names() -> None:
    """They are those of the close event."""
    assert CloseResult(1000, "bye", was_clean=True) == (1000, "bye", True)


def test_each_transition_is_reported_with_the_facts() -> None:
    moves: list[tuple[State, Close | None, Close | None]] = []
    machine = ClosingMachine(lambda moved: moves.append((moved.state, moved.sent, moved.received)))
    machine.advance(ClosingEvent.ESTABLISHED)
    machine.close_received(Close(1000))
    machine.close_sent(Close(1000))
    machine.end()
    assert moves == [
        (State.OPEN, None, None),
        (State.PEER_CLOSED, None, Close(1000)),
        (State.COMPLETE, Close(1000), Close(1000)),
        (State.CLOSED, Close(1000), Close(1000)),
    ]


@pytest.mark.parametrize("ours_first", [True, False])
def test_whoever_is_first_began_the_close(ours_first: bool) -> None:
    machine = ClosingMachine()
    machine.advance(ClosingEvent.ESTABLISHED)
    assert not machine.began_close
    if ours_first:
        machine.advance(ClosingEvent.CLOSE_QUEUED)
    machine.close_received(Close(1000))
    machine.close_sent(Close(1000))
    assert machine.began_close is ours_first
