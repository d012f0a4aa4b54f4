"""Run a storm and print what was hit, as ``guarantee.signal_storm --rounds 1000 --seed 1``."""

from __future__ import annotations

import argparse
from collections import Counter

import trio

from guarantee.signal_storm.run import storm


def main() -> None:
    parser = argparse.ArgumentParser(prog="guarantee.signal_storm", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--entry")
    parser.add_argument("--phase")
    arguments = parser.parse_args()
    rounds = trio.run(storm, arguments.rounds, arguments.seed, arguments.entry, arguments.phase)
    counts = Counter((done.order.entry, done.order.phase) for done in rounds)
    for (entry, phase), count in sorted(counts.items()):
        print(f"{count:6d} {entry}, {phase}")
    wrong = [said for done in rounds for said in done.wrong]
    print(*wrong, sep="\n")
    interrupted = sum("KeyboardInterrupt" in done.report["leaves"] for done in rounds)
    print(f"{len(rounds)} rounds, {interrupted} of them interrupted, {len(wrong)} wrong")


if __name__ == "__main__":
    main()
