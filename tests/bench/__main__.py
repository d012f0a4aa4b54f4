"""Measure the clients beside each other, and print a table for each work.

Spread is half the range of the rounds. "cpu us" is the client's processor time for a message, which
other load on the machine disturbs less than the rate. "x onmessage", "x async for" and "x stream"
say how many times as good ours is as the client of that line.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench import report
from bench.clients import CLIENTS, installed
from bench.runner import measure
from bench.work import DEFAULT, WORK


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a round (%(default)s)")
    parser.add_argument(
        "--work",
        nargs="+",
        choices=["all", *WORK],
        default=DEFAULT,
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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    arguments = parser.parse_args()
    rows = WORK if "all" in arguments.work else {row: WORK[row] for row in arguments.work}

    samples = measure(arguments.clients, rows, arguments.rounds, arguments.seconds)
    settings = {"rounds": arguments.rounds, "seconds": arguments.seconds}
    whole = report.as_json(samples, arguments.clients, settings)
    print(", ".join(f"{key} {value}" for key, value in whole["machine"].items()))
    print(", ".join(f"{name} {number}" for name, number in whole["versions"].items()))
    print(f"medians of {arguments.rounds} rounds of {arguments.seconds:g} s")
    for row, own in samples.items():
        print()
        print(report.table(row, own))
    if arguments.json:
        arguments.json.write_text(json.dumps(whole, indent=2) + "\n")


if __name__ == "__main__":
    main()
