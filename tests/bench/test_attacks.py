"""The benchmark's attacks, by the summary of several rounds and the table."""

from __future__ import annotations

import pytest

from bench.attacks import calibrated, figures, table
from bench.work import KIB, MIB, Work

ANSWER = {"worst": 0.004, "cpu": 0.002, "refused": False, "hung": False}


class FakeWorker:
    """A client that takes this long for each byte."""

    def __init__(self, cost: float) -> None:
        self.cost = cost

    def do(self, work: Work) -> tuple[dict[str, float], float]:
        return ANSWER, work.count * self.cost


def test_the_worst_turn_is_of_all_rounds_and_the_cost_a_median() -> None:
    answers = [({**ANSWER, "worst": worst}, worst * 1000) for worst in (0.001, 0.009, 0.002)]
    found = figures(answers, 4)
    assert (found["worst"], found["cpu per byte"]) == (0.009, 0.5)


def test_a_table_marks_who_refused_and_who_hung() -> None:
    calm = figures([(ANSWER, 1e-6)], 1000)
    found = {
        "bombs": {"bare": calm, "aiohttp": {**calm, "refused": 1}, "picows": {**calm, "hung": 1}}
    }
    ends = [line.split()[-1] for line in table(found).splitlines()[2:]]
    assert ends == ["1.0", "1.0*", "hangs"]


@pytest.mark.parametrize(("cost", "size"), [(1e-3, 64 * KIB), (1e-6, 200_000), (1e-12, 64 * MIB)])
def test_a_flood_is_as_long_as_a_round_within_bounds(cost: float, size: int) -> None:
    worker = FakeWorker(cost)
    work = calibrated(worker, Work("attack"), 0.2)  # type: ignore[arg-type]  # used like one
    assert work.count == pytest.approx(size, rel=0.01)
