"""Whether the sweeps find faults, each of which is seeded alone."""

from __future__ import annotations

import gc
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from guarantee import sweep_cases
from guarantee.case import Case
from guarantee.faults import FAULTS
from guarantee.invariants import violations
from guarantee.patching import is_stale
from guarantee.scenario import FURTHER_SCENARIOS, SCENARIOS
from guarantee.sweep import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.sweep  # a minute, which matters only when the sweeps change

CAUGHT: dict[str, str] = {}
"""What found each fault, with the number of the sweep's runs until then and the invariant."""


def cases() -> Iterator[Case]:
    """Yield cases of all sweeps by turns, sparse ones first."""
    sweeps: list[Iterator[Case]] = []
    for entry, way in SCENARIOS + FURTHER_SCENARIOS:
        case = Case(entry, way)
        sweeps += [
            iter([case, sweep_cases.early_end(case), sweep_cases.late(case)]),
            iter(list(sweep_cases.cancelled(case))[::5]),
            iter(list(sweep_cases.interrupted(case))[::9]),
            sweep_cases.interrupted_twice(case, every=9),
            sweep_cases.pressed(case, 240),
            sweep_cases.cancelled_twice(case, every=9),
            reversed(list(sweep_cases.faulty(case, every=7))),  # first in the frames
            sweep_cases.faulty_and_cancelled(case, 20),
        ]
    for turn in itertools.zip_longest(*sweeps):
        yield from (case for case in turn if case is not None)


# what remains after a fault, such as a nursery's tasks, complains when it is collected
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_sweep_finds_the_fault(fault: Callable[[], AbstractContextManager[Any]]) -> None:
    """The sweep fails with the fault in a case in which it passes without."""
    for runs, case in enumerate(cases(), 1):
        with fault():
            try:
                account = run(case, "with a seeded fault")
                raised, found = account.outcome, violations(account)
            except (Exception, BaseExceptionGroup, KeyboardInterrupt) as exc:  # trio itself failed
                raised, found = exc, [f"exact_exception: {exc!r}"]
        assert not is_stale(raised), "the fault no longer fits the code"
        if found:
            gc.collect()
        if found and not violations(run(case)):
            rules = sorted({said.partition(":")[0] for said in found})
            CAUGHT[fault.__name__] = f"run {runs}: {', '.join(rules)}"
            print(f"{fault.__name__} caught by {CAUGHT[fault.__name__]}")
            return
    pytest.fail(f"not caught by {runs} runs")
