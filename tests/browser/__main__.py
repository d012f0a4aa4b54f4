"""The commands figures, faults, record [names], departures and random [--seconds N].

They are described in ``browser/__init__.py``.
"""

from __future__ import annotations

import argparse
import sys

from .faults import judge_the_judge
from .generated.search import SECONDS, run_random
from .recording import figures, record, store_departures

if __name__ == "__main__":
    command, *names = sys.argv[1:] or ["figures"]
    if command == "record":
        record(names)
    elif command == "figures":
        print(figures())
    elif command == "faults":
        print(judge_the_judge())
    elif command == "departures":
        store_departures()
    elif command == "random":
        parser = argparse.ArgumentParser(prog="python -m browser random")
        parser.add_argument("--seconds", type=float, default=SECONDS)
        sys.exit(run_random(parser.parse_args(names).seconds))
