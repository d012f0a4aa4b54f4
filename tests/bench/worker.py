"""A client's process, which does the work that its standard input names, as a JSON object a line.

``python -m bench.worker CLIENT CORE`` answers each with the figure (the seconds that it took, or
what the kind of work says) and the seconds of processor time of the whole run, with connecting and
closing, which only ``busy`` leaves out.
"""

from __future__ import annotations

import importlib
import json
import sys
from math import nan
from time import perf_counter, process_time
from typing import Any

from bench.affinity import many_descriptors, pin
from bench.clients import CLIENTS
from bench.work import Work


def main() -> None:
    name, core = sys.argv[1:]
    pin(int(core))
    many_descriptors()
    for line in sys.stdin:
        order = json.loads(line)
        work = Work(**order["work"])
        before = process_time()
        figure = load(name) if work.kind == "load" else do(name, work, order["port"])
        cpu = nan if name == "chromium" else process_time() - before
        if work.kind == "busy":
            cpu = figure
        print(json.dumps([figure, cpu]), flush=True)


def do(name: str, work: Work, port: int) -> Any:
    client: Any = importlib.import_module(f"bench.clients.{CLIENTS[name].file or name}")
    check_build(name)
    own = getattr(client, work.kind, None)
    if own is not None:
        return client.run(own, work.url(port), work)
    general = importlib.import_module("bench.clients.running").GENERAL[work.kind]
    return client.run(general, client, work.url(port), work)


def check_build(name: str) -> None:
    """Refuse to measure the pure build as the compiled one, or the other way round."""
    ours = sys.modules.get("trio_ws_dom")
    if ours is not None and ours.__compiled__ != CLIENTS[name].compiled:
        raise RuntimeError(f"expected the other build for {name}, got {ours.__file__}")


def load(name: str) -> float:
    """Return the seconds that the import takes, when the modules of the event loop are loaded."""
    client = CLIENTS[name]
    importlib.import_module(client.loop)
    start = perf_counter()
    importlib.import_module(client.package)
    seconds = perf_counter() - start
    check_build(name)
    return seconds


if __name__ == "__main__":
    main()
