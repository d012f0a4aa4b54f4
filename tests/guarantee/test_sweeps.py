"""The sweeps, in which one scenario runs with something wrong at each place in turn.

A plain run of the tests has the first few, ``nox -s thorough`` a sample of all, and ``nox -s
guarantee -- sweep`` each of them at every place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guarantee import sweep_cases
from guarantee.case import Case
from guarantee.invariants import violations
from guarantee.scenario import ENTRIES, FURTHER_SCENARIOS, SCENARIOS
from guarantee.sweep import run

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = 3
"""Runs that are reported in full, where a sweep finds many."""

whole = pytest.mark.sweep


def sweep(name: str, cases: Iterable[Case]) -> None:
    """Run all cases, and report in full the first few that break the guarantee."""
    wrong: list[str] = []
    cases = list(cases)
    for case in cases:
        account = run(case, name)
        found = violations(account)
        if found:
            wrong.append("\n".join([*found, str(account)]))
    assert cases, "a sweep of nothing"
    if wrong:
        shown = "\n\n".join(wrong[:SHOWN])
        pytest.fail(
            f"{len(wrong)} of {len(cases)} runs broke the guarantee:\n\n{shown}", pytrace=False
        )


scenario = pytest.mark.parametrize(("entry", "way"), SCENARIOS)


def some_in_a_plain_run(first: int) -> pytest.MarkDecorator:
    """Give a test all scenarios, every other of which, from the first on, is in a plain run."""
    return pytest.mark.parametrize(
        ("entry", "way"),
        [
            pytest.param(*each, marks=() if index % 2 == first else pytest.mark.slow)
            for index, each in enumerate(SCENARIOS)
        ],
    )


further_scenario = pytest.mark.parametrize(("entry", "way"), FURTHER_SCENARIOS)
any_scenario = pytest.mark.parametrize(("entry", "way"), SCENARIOS + FURTHER_SCENARIOS)


@any_scenario
def test_nothing_goes_wrong(entry: str, way: str) -> None:
    """The scenarios themselves keep the guarantee, whatever the scheduler chooses."""
    sweep("undisturbed", [Case(entry, way, seed=seed) for seed in range(5)])


def test_runs_are_the_same() -> None:
    """Two runs of one case make the same steps, so that a step's number means something."""
    for entry, way in SCENARIOS + FURTHER_SCENARIOS:
        case = Case(entry, way, cancel=(30,))
        assert run(case).trace == run(case).trace


def test_another_seed_is_another_order() -> None:
    """Another seed is another order of the same tasks."""
    traces = {tuple(run(Case("open_websocket", "leave", seed=seed)).trace) for seed in range(10)}
    assert len(traces) > 5


@some_in_a_plain_run(0)
def test_cancelled_at_every_step(entry: str, way: str) -> None:
    """A cancellation at any step keeps the guarantee."""
    sweep("cancelled at every step", sweep_cases.cancelled(Case(entry, way)))


@some_in_a_plain_run(1)
def test_ctrl_c_at_every_step(entry: str, way: str) -> None:
    """Ctrl-C at any step keeps the guarantee."""
    sweep("Ctrl-C at every step", sweep_cases.interrupted(Case(entry, way)))


@pytest.mark.slow
@scenario
def test_ctrl_c_at_a_sample_of_calls(entry: str, way: str) -> None:
    """Ctrl-C in the middle of a step, at a sample of all calls, keeps the guarantee."""
    sweep("Ctrl-C in a call", sweep_cases.pressed(Case(entry, way), 6))


@pytest.mark.slow
@scenario
def test_cancelled_again_during_the_close(entry: str, way: str) -> None:
    """A second cancellation, by an outer scope in the middle of the close, keeps the guarantee."""
    sweep(
        "cancelled, and again while closing", sweep_cases.cancelled_twice(Case(entry, way), every=4)
    )


@pytest.mark.slow
@scenario
def test_ctrl_c_again_during_the_close(entry: str, way: str) -> None:
    """A second Ctrl-C in the middle of the close keeps the guarantee."""
    sweep(
        "Ctrl-C, and again while closing", sweep_cases.interrupted_twice(Case(entry, way), every=4)
    )


@pytest.mark.slow
@scenario
def test_cancelled_at_two_steps(entry: str, way: str) -> None:
    """Two cancellations at a sample of all pairs of steps keep the guarantee."""
    sweep("cancelled at two steps", sweep_cases.cancelled_at_two_steps(Case(entry, way), 30))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["leave", "peer closes"])
def test_faults_at_every_byte(way: str) -> None:
    """A peer that stalls, ends, resets, sends garbage or stops reading at any byte keeps the
    guarantee."""
    sweep("fault at every byte", sweep_cases.faulty(Case("open_websocket", way)))


@pytest.mark.slow
@scenario
def test_faults_at_every_19th_byte(entry: str, way: str) -> None:
    """The same faults at every 19th byte keep the guarantee in every scenario."""
    sweep("fault at every 19th byte", sweep_cases.faulty(Case(entry, way), every=19))


@pytest.mark.slow
@scenario
def test_faulty_and_cancelled(entry: str, way: str) -> None:
    """A fault with a cancellation, at a sample of all pairs, keeps the guarantee."""
    sweep("fault and cancellation", sweep_cases.faulty_and_cancelled(Case(entry, way), 60))


@pytest.mark.slow
@scenario
def test_cancelled_while_bytes_come_one_at_a_time(entry: str, way: str) -> None:
    """Bytes come one at a time, and the reader gives way after each, which makes many more
    steps."""
    case = Case(entry, way, drip=1, breathes=True, seed=1)
    sweep("dripping, cancelled", list(sweep_cases.cancelled(case))[::60])


@pytest.mark.slow
@scenario
def test_keepalive_and_dead_peers(entry: str, way: str) -> None:
    """Keepalive keeps the guarantee, also with peers that it finds dead."""
    case = Case(entry, way, kept_alive=True)
    sweep("kept alive, undisturbed", [case._replace(seed=seed) for seed in range(5)])
    sweep("kept alive, fault at every 38th byte", sweep_cases.faulty(case, every=38))
    dying = sweep_cases.dying(case)
    sweep("found dead, cancelled at every 2nd step", list(sweep_cases.cancelled(dying))[::2])
    sweep("found dead, Ctrl-C at every 4th step", list(sweep_cases.interrupted(dying))[::4])


@pytest.mark.slow
@further_scenario
def test_further_scenarios_sampled(entry: str, way: str) -> None:
    """All of the above keep the guarantee, in a sample of the further scenarios."""
    case = Case(entry, way)
    sweep("cancelled at every 3rd step", list(sweep_cases.cancelled(case))[::3])
    sweep("Ctrl-C at every 5th step", list(sweep_cases.interrupted(case))[::5])
    sweep("Ctrl-C in a call", sweep_cases.pressed(case, 4))
    sweep("cancelled, and again while closing", sweep_cases.cancelled_twice(case, every=11))
    sweep("Ctrl-C, and again while closing", sweep_cases.interrupted_twice(case, every=11))
    sweep("cancelled at two steps", sweep_cases.cancelled_at_two_steps(case, 10))
    sweep("fault at every 47th byte", sweep_cases.faulty(case, every=47))
    sweep("fault and cancellation", sweep_cases.faulty_and_cancelled(case, 20))
    dripping = case._replace(drip=1, breathes=True, seed=1)
    sweep("dripping, cancelled", list(sweep_cases.cancelled(dripping))[::200])


@any_scenario
def test_peer_ends_after_its_first_message(entry: str, way: str) -> None:
    """What is held when the connection ends is still dispatched or received."""
    case = sweep_cases.early_end(Case(entry, way))
    sweep("early end", [case._replace(seed=seed) for seed in range(5)])


@pytest.mark.parametrize("entry", ENTRIES)
def test_answer_before_send_all_returns(entry: str) -> None:
    """A stream whose ``send_all()`` returns after the answer has come keeps its connection."""
    case = sweep_cases.late(Case(entry, "leave"))
    sweep("late-returning stream", [case._replace(seed=seed) for seed in range(5)])


@whole
@pytest.mark.parametrize("seed", range(1, 5))
@any_scenario
def test_all_cancellations(entry: str, way: str, seed: int) -> None:
    case = Case(entry, way, seed=seed)
    sweep("cancelled at every step", sweep_cases.cancelled(case))
    sweep("Ctrl-C at every step", sweep_cases.interrupted(case))
    sweep("cancelled, and again while closing", sweep_cases.cancelled_twice(case))
    sweep("Ctrl-C, and again while closing", sweep_cases.interrupted_twice(case))


@whole
@any_scenario
def test_all_ctrl_cs(entry: str, way: str) -> None:
    sweep("Ctrl-C in a call", list(sweep_cases.pressed(Case(entry, way)))[::8])


@whole
@any_scenario
def test_whole_cancelled_at_two_steps(entry: str, way: str) -> None:
    sweep("cancelled at two steps", sweep_cases.cancelled_at_two_steps(Case(entry, way), 600))


@whole
@any_scenario
def test_all_faults(entry: str, way: str) -> None:
    sweep("fault at every byte", sweep_cases.faulty(Case(entry, way)))


@whole
@any_scenario
def test_whole_faulty_and_cancelled(entry: str, way: str) -> None:
    sweep("fault and cancellation", sweep_cases.faulty_and_cancelled(Case(entry, way), 1500))


@whole
def test_all_pairs() -> None:
    """All pairs keep the guarantee, for the usual entry point."""
    sweep(
        "fault and cancellation", sweep_cases.faulty_and_cancelled(Case("open_websocket", "leave"))
    )


@whole
@any_scenario
def test_all_cancellations_byte_by_byte(entry: str, way: str) -> None:
    case = Case(entry, way, drip=1, breathes=True, seed=1)
    sweep("dripping, cancelled", list(sweep_cases.cancelled(case))[::5])
