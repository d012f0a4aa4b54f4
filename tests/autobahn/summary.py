"""Print a fuzzing server's report as a table for each section and a verdict."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A client may fail a connection sooner than the suite expects and still obey RFC 6455, as the echo
# of a good message that a bad frame follows at once is a race. So NON-STRICT is no failure.
GOOD = ("OK", "NON-STRICT", "INFORMATIONAL")
# These are no race, as bad UTF-8 is noticed when it arrives, before the message is complete.
MUST_BE_STRICT = ("6.4.1", "6.4.2", "6.4.3", "6.4.4")


class Case(NamedTuple):
    """One case of the report. ``closing`` judges how the connection ended."""

    name: str
    behavior: str
    closing: str

    @property
    def section(self) -> int:
        return int(self.name.split(".")[0])

    @property
    def good(self) -> bool:
        allowed = ("OK",) if self.name in MUST_BE_STRICT else GOOD
        return self.behavior in allowed and self.closing in GOOD


def load(report: Path, agent: str) -> list[Case]:
    """Return the cases of an agent in a report folder, or none if it is not in there."""
    agents = json.loads((report / "index.json").read_text())
    cases = [
        Case(name, result["behavior"], result["behaviorClose"])
        for name, result in agents.get(agent, {}).items()
    ]
    return sorted(cases, key=lambda case: [int(part) for part in case.name.split(".")])


def table(cases: list[Case]) -> str:
    """Return a line for each section, with the number of cases by behaviour and by closing."""
    lines = [f"{'section':>7}  {'cases':>5}  {'behaviour':<44}  closing"]
    for section in sorted({case.section for case in cases}):
        own = [case for case in cases if case.section == section]
        behaviour = tally(case.behavior for case in own)
        closing = tally(case.closing for case in own)
        lines.append(f"{section:>7}  {len(own):>5}  {behaviour:<44}  {closing}")
    return "\n".join(lines)


def tally(verdicts: Iterable[str]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).most_common())


def judge(cases: list[Case], wanted: int) -> bool:
    """Print the table, the bad cases and the number that passed, and return True if all are
    good."""
    print(table(cases))
    bad = [case for case in cases if not case.good]
    for case in bad:
        print(f"bad: {case.name} {case.behavior}, closing {case.closing}")
    if len(cases) < wanted:
        print(f"only {len(cases)} cases ran, of {wanted}")
    print(f"{len(cases) - len(bad)} passed, {len(bad)} failed")
    return not bad and len(cases) >= wanted
