"""The bridge that loses nothing, in simulated days and real seconds, and whether a loss is
noticed."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.child_process import run

from trio_ws_dom import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

TROUBLE = {
    "connections cut",
    "connections frozen",
    "network dead",
    "server busy (429)",
    "server crashed",
    "server full (1013)",
    "server restarted",
}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Any]:
    """The example's main module. Its package cannot be imported where the tests run."""
    folder = ROOT / "examples" / "gateway"
    spec = importlib.util.spec_from_file_location(
        "gateway_example", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["gateway_example"] = package
    spec.loader.exec_module(package)
    yield importlib.import_module("gateway_example.__main__")
    for name in [name for name in sys.modules if name.startswith("gateway_example")]:
        del sys.modules[name]


def simulate(gateway: Any, seconds: float, seed: int = 1) -> None:
    run = partial(gateway.run, seconds, seed, simulated=True)
    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def counts_in(printed: str) -> dict[str, int]:
    """Return the printed counts by their names, with the lines that were said and that arrived."""
    counts = {
        name: int(count)
        for line in printed.splitlines()
        if line.startswith(("trouble: ", "tried again: "))
        for name, count in re.findall(r"([^:,]+) (\d+)(?:,|$)", line.partition(": ")[2])
    }
    said = re.search(r"^(\d+) lines said, (\d+) arrived: each once, and in order$", printed, re.M)
    assert said is not None, printed
    stripped = {name.strip(): count for name, count in counts.items()}
    return {**stripped, "said": int(said[1]), "arrived": int(said[2])}


def check(printed: str, least: int) -> None:
    """Check that enough was said, all of it arrived, and every kind of fault occurred."""
    print(printed)
    counts = counts_in(printed)
    assert counts["said"] == counts["arrived"] > least
    assert counts.keys() >= TROUBLE


@pytest.mark.slow
def test_half_a_simulated_day(gateway: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line arrives once and in order, through all kinds of faults."""
    simulate(gateway, 43200)
    check(capsys.readouterr().out, least=2000)


PROGRAM = """
import sys
from functools import partial
from examples.gateway.__main__ import run
from support.patience import run_steadily

run_steadily(partial(run, float(sys.argv[1]), int(sys.argv[2]), simulated=False))
"""
"""The command that people use, on a clock that stops while the machine does not run it."""


def run_for(seconds: int, seed: int) -> None:
    """Run it over real sockets, where stderr reports what is not closed."""
    printed = run("-W", "default", "-c", PROGRAM, str(seconds), str(seed), cwd=ROOT, longer=seconds)
    counts = counts_in(printed)
    assert counts["said"] == counts["arrived"] > 0


@pytest.mark.slow
def test_twenty_real_seconds() -> None:
    """Every line arrives once and in order over real sockets, through a real proxy."""
    run_for(20, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_simulated_month(gateway: Any, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line arrives in five runs of six days."""
    simulate(gateway, 6 * 86400, seed)
    check(capsys.readouterr().out, least=24000)


@pytest.mark.soak
def test_ten_real_minutes() -> None:
    """Every line arrives over real sockets."""
    run_for(600, seed=2)


# Whether a loss is noticed, in a busy quarter of an hour with one mistake in the bridge.


@pytest.fixture
def busy(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a world in which much is said, and much goes wrong."""
    in_memory = gateway.in_memory

    async def busy_world(nursery: trio.Nursery) -> Any:
        world = await in_memory(nursery)
        world.pace = replace(world.pace, line=0.5, calm=20, outage=20)
        return world

    monkeypatch.setattr(gateway, "in_memory", busy_world)
    return gateway


def fails_with(kind: type[Exception], gateway: Any) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        simulate(gateway, 900)
    assert caught.group_contains(kind), caught.value


def test_without_a_mistake_all_arrives(busy: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a mistake in the bridge all arrives, and some lines have come twice."""
    simulate(busy, 900)
    printed = capsys.readouterr().out
    assert counts_in(printed)["said"] > 1500
    assert "\n0 duplicates" not in printed


def test_nothing_is_said_again(busy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If lines without a receipt are not repeated, a number is missing."""
    session = importlib.import_module("gateway_example.session")

    def nothing(self: object) -> list[object]:
        return []

    monkeypatch.setattr(session.Session, "unconfirmed", nothing)
    fails_with(ValueError, busy)


def test_what_comes_again_is_kept(busy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If lines that come twice are passed on twice, the room notices."""
    session = importlib.import_module("gateway_example.session")
    hear = session.Session.hear

    def hear_all(self: Any, line: str) -> tuple[str | None, str | None]:
        text, answer = hear(self, line)
        return json.loads(line).get("text", text), answer

    monkeypatch.setattr(session.Session, "hear", hear_all)
    fails_with(AssertionError, busy)


def test_said_only_while_connected(busy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the bridge drops lines while the next room is not connected, the room notices."""
    bridge = importlib.import_module("gateway_example.bridge")
    say = bridge.Room.say

    def say_now(self: Any, text: str) -> None:
        if self._ws is not None and self._ws.readyState == self._ws.OPEN:
            say(self, text)

    monkeypatch.setattr(bridge.Room, "say", say_now)
    fails_with(AssertionError, busy)


@pytest.mark.parametrize("keepalive", [True, False])
def test_without_keepalive_lines_are_lost(
    busy: Any, monkeypatch: pytest.MonkeyPatch, keepalive: bool
) -> None:
    """Without keepalive a frozen connection is never found, and its lines never arrive."""

    async def freeze_all(self: Any) -> None:
        await trio.sleep(60)
        for wire in self._network.wires:
            wire.freeze()

    monkeypatch.setattr(busy.Trouble, "run", freeze_all)
    if keepalive:
        simulate(busy, 100)
        return
    monkeypatch.setattr(busy, "Bridge", without_keepalive(busy.Bridge))
    fails_with(trio.TooSlowError, busy)


def without_keepalive(bridge: Any) -> Any:
    def make(urls: list[str], log_in: Any, **options: Any) -> Any:
        return bridge(urls, log_in, **{**options, "ping_interval": None})

    return make


def test_one_token_for_all(busy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is valid for one connection, so a bridge that does not fetch another is refused."""

    def make(urls: list[str], log_in: Any, **options: Any) -> Any:
        first: list[Any] = []

        async def log_in_once() -> Any:
            if not first:
                first.append(await log_in())
            return first[0]

        return bridge(urls, log_in_once, **options)

    bridge = busy.Bridge
    monkeypatch.setattr(busy, "Bridge", make)
    fails_with(HandshakeError, busy)


# The session alone.


@pytest.fixture
def sessions(gateway: Any) -> tuple[Any, Any]:
    kind = importlib.import_module("gateway_example.session").Session
    return kind(), kind()


def test_a_line_is_kept_until_its_receipt(sessions: tuple[Any, Any]) -> None:
    """A line is kept until its receipt has come, and a receipt is for all lines before it."""
    here, there = sessions
    lines = [here.say(text) for text in "abc"]
    answers = [there.hear(line)[1] for line in lines]
    assert here.unconfirmed() == lines
    assert here.hear(answers[1]) == (None, None)
    assert here.unconfirmed() == lines[2:]


def test_a_repeated_line_is_answered_without_a_text(sessions: tuple[Any, Any]) -> None:
    """A repeated line is answered again, without a text."""
    here, there = sessions
    line = here.say("a")
    text, answer = there.hear(line)
    assert (text, there.hear(line)) == ("a", (None, answer))
    assert there.duplicates == 1


def test_a_missing_line_is_an_error(sessions: tuple[Any, Any]) -> None:
    """A missing line is an error."""
    here, there = sessions
    here.say("a")
    with pytest.raises(ValueError, match="expected number 1, got 2"):
        there.hear(here.say("b"))
