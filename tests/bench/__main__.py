"""Measure the clients beside each other, and print a table of figures and one of ratios.

The figures are medians of the rounds, in messages a second or in what the row names. A ratio says
how many times as good ours is, as the median of the rounds' ratios. The pure build's is before the
stroke, the compiled build's after it. With --details each work also has the spread, which is half
the range of the rounds, and "cpu us", the client's processor time for a message, which other load
on the machine disturbs less than the rate.

With --docs the tables and the chart are those of the README and of docs/performance.md.

With --growth, --delays or --attacks their tables are printed, and of the comparison only what
--work names.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import attacks, comparison, delays, growth, report
from bench.charts import chart
from bench.clients import CLIENTS, installed
from bench.runner import measure
from bench.work import DEFAULT, WORK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.report import Part


def main() -> None:
    arguments = parsed()
    whole = report.circumstances(arguments.clients)
    print("\n".join(report.lines(whole)))
    for part in parts(arguments):
        settings = "{rounds} rounds of {seconds:g} s for each figure".format(**part.settings)
        print("", f"{part.name}, {settings}", *part.tables, sep="\n\n", flush=True)
        whole[part.name] = {"settings": part.settings, **part.figures}
        if arguments.json:
            arguments.json.write_text(json.dumps(whole, indent=2) + "\n")
        if arguments.svg and part.panels:
            arguments.svg.mkdir(parents=True, exist_ok=True)
            about = report.lines(report.circumstances(part.clients))
            drawn = chart(part.title, part.panels, [*about, settings])
            (arguments.svg / f"{part.name}.svg").write_text(drawn, encoding="utf-8")


def parsed() -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=form)
    parser.add_argument("--rounds", type=int, help="(5; of growth, delays, attacks 3)")
    parser.add_argument("--seconds", type=float, help="of a round (1; 0.2 of these)")
    parser.add_argument(
        "--work",
        nargs="+",
        choices=["all", *WORK],
        default=[],
        metavar="WORK",
        help=f"of {', '.join(WORK)}, or all (default: {' '.join(DEFAULT)})",
    )
    parser.add_argument(
        "--clients",
        nargs="+",
        choices=CLIENTS,
        default=installed(),
        metavar="CLIENT",
        help=f"of {', '.join(CLIENTS)} (default: all that are installed)",
    )
    parser.add_argument("--details", action="store_true", help="spread and processor time, too")
    parser.add_argument(
        "--docs",
        action="store_true",
        help="measure what the documentation shows, and print its tables (0.3 s a round)",
    )
    parser.add_argument(
        "--growth",
        action="store_true",
        help="how the cost of a message grows with its size, with sockets, listeners, fragments",
    )
    parser.add_argument(
        "--delays",
        action="store_true",
        help="how long a flood of messages keeps other tasks, and Pings, waiting",
    )
    parser.add_argument(
        "--attacks",
        action="store_true",
        help="how long a hostile peer keeps other tasks waiting, and what its bytes cost",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="draw charts of them there")
    return parser.parse_args()


def parts(arguments: argparse.Namespace) -> Iterator[Part]:
    """Yield what was asked for, each measured when its turn comes."""
    clients, rounds, seconds = arguments.clients, arguments.rounds, arguments.seconds
    if arguments.docs:
        settings: dict[str, Any] = {"rounds": rounds or 5, "seconds": seconds or 0.3}
        yield documentation(clients, settings)
    if arguments.work or not (
        arguments.docs or arguments.growth or arguments.delays or arguments.attacks
    ):
        names = arguments.work or DEFAULT
        rows = WORK if "all" in names else {row: WORK[row] for row in names}
        settings = {"rounds": rounds or 5, "seconds": seconds or 1.0}
        samples = measure(clients, rows, **settings)
        yield comparison.comparison(samples, settings, detailed=arguments.details)
    settings = {"rounds": rounds or 3, "seconds": seconds or 0.2}
    if arguments.growth:
        yield growth.growth(clients, settings)
    if arguments.delays:
        yield delays.delays(clients, settings)
    if arguments.attacks:
        yield attacks.hostile(clients, settings)


def documentation(clients: list[str], settings: dict[str, Any]) -> Part:
    """Measure the works that the documentation shows, by its clients."""
    documented = comparison.DOCUMENTED
    names = [name for name in comparison.DOCUMENTED_CLIENTS if name in clients]
    skipped = {
        (row, name) for row, ours in documented.items() for name in report.OURS if name not in ours
    }
    rows = {row: WORK[row] for row in documented}
    return comparison.documentation(measure(names, rows, **settings, skipped=skipped), settings)


if __name__ == "__main__":
    main()
