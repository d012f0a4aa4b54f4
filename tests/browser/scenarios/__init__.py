"""The scenarios, a module for each group."""

from __future__ import annotations

from ..scenario import Scenario
from . import (
    attributes,
    closing,
    events,
    failures,
    found,
    protocols,
    sending,
    server_closes,
    urls,
)

GROUPS: dict[str, list[Scenario]] = {
    module.__name__.rpartition(".")[2]: module.SCENARIOS
    for module in (
        urls,
        protocols,
        sending,
        closing,
        server_closes,
        failures,
        events,
        attributes,
        found,
    )
}
ALL = {scenario.name: scenario for group in GROUPS.values() for scenario in group}
assert len(ALL) == sum(map(len, GROUPS.values())), "two scenarios have one name"
