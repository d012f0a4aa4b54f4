"""What `browser/__init__.py` says that can be done by name: figures, faults, record [names],
departures."""

from __future__ import annotations

import sys

from .faults import judge_the_judge
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
