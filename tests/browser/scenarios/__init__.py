"""The scenarios, in a module for each group."""

from __future__ import annotations

from ..scenario import Scenario
from . import (
    async_listeners,
    attributes,
    closing,
    closing_states,
    compression,
    failures,
    found,
    listeners,
    made_events,
    protocols,
    sending,
    server_closes,
    several,
    stream_closing,
    stream_ends,
    stream_messages,
    stream_opening,
    throwing,
    tls,
    unsent,
    urls,
)

GROUPS: dict[str, list[Scenario]] = {
    module.__name__.rpartition(".")[2]: module.SCENARIOS
    for module in (
        urls,
        protocols,
        sending,
        closing,
        closing_states,
        server_closes,
        unsent,
        failures,
        listeners,
        async_listeners,
        throwing,
        made_events,
        attributes,
        compression,
        several,
        found,
        stream_opening,
        stream_messages,
        stream_closing,
        stream_ends,
        tls,
    )
}
ALL = {scenario.name: scenario for group in GROUPS.values() for scenario in group}
assert len(ALL) == sum(map(len, GROUPS.values())), "two scenarios have one name"
