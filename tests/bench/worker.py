"""A client's process: does the work that its standard input names, a JSON object on each line.

`python -m bench.worker CLIENT CORE`; answers each with the seconds that it took, and the
seconds of processor time of the whole run, connecting and closing included.
"""

from __future__ import annotations

import importlib
import json
import sys
from time import process_time

from bench.affinity import pin
from bench.work import Work


def main() -> None:
    name, core = sys.argv[1:]
    pin(int(core))
    client = importlib.import_module(f"bench.clients.{name}")
    for line in sys.stdin:
        order = json.loads(line)
        work = Work(**order["work"])
        does = getattr(client, work.kind)
        before = process_time()
        seconds = client.run(does, work.url(order["port"]), work)
        print(json.dumps([seconds, process_time() - before]), flush=True)


if __name__ == "__main__":
    main()
