"""The comparison's tables, as computed from the rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.comparison import DOCUMENTED, details, documentation, figures, ratio, ratios
from bench.runner import Sample
from bench.work import TITLES, WORK

if TYPE_CHECKING:
    from bench.runner import Samples


def rounds(*figures: float) -> list[Sample]:
    return [Sample(figure, 1.0) for figure in figures]


RECEIVED: Samples = {
    "receive-64": {
        "ours_callbacks": rounds(1000, 2000, 3000),
        "compiled_callbacks": rounds(4000, 4000, 4000),
        "ours_iterating": rounds(1000, 1000, 1000),
        "picows": rounds(2000, 4000, 6000),
        "aiohttp": [],
    }
}


def cells(table: str) -> list[list[str]]:
    head, rule, *lines = table.splitlines()
    assert rule == "|---" * (head.count("|") - 1) + "|"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in [head, *lines]]


def test_a_ratio_is_of_the_same_round() -> None:
    """A slow machine is slow for both, which leaves the ratio as it is."""
    ours, theirs = rounds(200, 20, 1000), rounds(100, 10, 250)
    assert ratio("receive-64", ours, theirs) == pytest.approx(2)
    assert ratio("receive-64", theirs, ours) == pytest.approx(0.5)


def test_a_ratio_where_less_is_better() -> None:
    """Half the memory is twice as good."""
    assert ratio("idle-1000", rounds(5), rounds(10)) == pytest.approx(2)


def test_figures_have_a_column_for_each_build_and_peer() -> None:
    assert cells(figures(RECEIVED)) == [
        ["", "ours, pure", "ours, compiled", "picows"],
        ["64 B received, `onmessage`", "2,000", "4,000", "4,000"],
        ["64 B received, `async for`", "1,000", "", "4,000"],
    ]


def test_ratios_have_both_builds_in_a_cell() -> None:
    assert cells(ratios(RECEIVED)) == [
        ["ours (pure / compiled) against", "picows"],
        ["64 B received, `onmessage`", "0.50 / 1.00"],
        ["64 B received, `async for`", "0.25"],
    ]


def test_a_row_has_its_unit_unless_it_is_messages_a_second() -> None:
    found = figures({"idle-1000": {"ours_callbacks": rounds(8.123)}})
    assert cells(found)[1] == ["memory of an idle socket, KiB", "8.12", ""]


def test_onmessage_is_named_beside_another_way_to_receive_alone() -> None:
    found = {"ours_callbacks": rounds(5), "ours_numpy": rounds(6)}
    labels = [line[0] for line in cells(figures({"send-1m": found}))]
    assert labels == ["", "1 MiB sent", "1 MiB sent, numpy imported"]


def test_peers_alone_have_a_row() -> None:
    assert cells(figures({"send-64": {"picows": rounds(5)}}))[1] == ["64 B sent", "", "", "5"]


def test_details_are_the_best_first() -> None:
    found = {"bare": rounds(5, 5, 5), "ours_callbacks": rounds(10, 20, 30)}
    head, first, second = details("receive-64", found).splitlines()
    assert head.split() == ["receive-64", "messages/s", "spread", "cpu", "us"]
    assert first.split()[-3:] == ["20", "±50%", "1.00"]
    assert second.split()[-3:] == ["5", "±0%", "1.00"]


def test_the_documentation_has_no_bare_socket_in_the_readme() -> None:
    one = {"ours_callbacks": rounds(2), "bare": rounds(4)}
    found = documentation(dict.fromkeys(DOCUMENTED, one), {})
    _, readme, _, performance = found.tables
    assert "bare" not in readme
    assert "bare" in performance
    assert [panel.title.partition(",")[0] for panel in found.panels] == [
        "receive-64", "send-64", "echo-64-x32", "idle-1000"
    ]  # fmt: skip


def test_every_work_has_a_title() -> None:
    assert TITLES.keys() == WORK.keys()
