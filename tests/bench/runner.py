"""Start the server and the clients' processes, and distribute the work in interleaved rounds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.clients import CLIENTS, COMPILED_BUILD, NODE
from bench.work import burst

if TYPE_CHECKING:
    from collections.abc import Container, Generator

    from bench.work import Work

SERVER_CORE, CLIENT_CORE = 0, 1
CALIBRATION_SHARE = 0.2
"""The share of a round's time that a calibrating run must take to be trusted."""

CALIBRATION_BYTES = 1024 * 1024
"""About what the first calibrating run may move, or one message for each that is in flight."""


class Sample(NamedTuple):
    """One round of one client."""

    figure: float  # in the unit of the kind of work
    cpu: float  # microseconds of the client's processor time for each message or cycle


Samples = dict[str, dict[str, list[Sample]]]
"""For each work and client, one sample for each round."""

ONCE = ("idle", "load")
"""Work that a process can do only once, as the second time memory or modules are there already."""


class Worker:
    """A client's process, idle unless it has work."""

    def __init__(
        self, process: subprocess.Popen[str], port: int, *, javascript: bool = False
    ) -> None:
        self.process = process
        self.port = port
        self.javascript = javascript

    def do(self, work: Work) -> tuple[Any, float]:
        """Do the work, and return the worker's figure and the seconds of processor time."""
        assert self.process.stdin
        assert self.process.stdout
        order: dict[str, Any] = {"work": asdict(work), "port": self.port}
        if self.javascript:  # JavaScript does not make them itself
            texts = [m if isinstance(m, str) else m.decode() for m in work.distinct]
            order |= {"url": work.url(self.port), "messages": texts, "burst": burst(work)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the client's process ended: its error is above")
        figure, cpu = json.loads(answer)
        return figure, cpu

    def calibrated(self, work: Work, seconds: float) -> Work:
        """Return the work with as many messages as fill a round, which also warms the client up."""
        least = work.in_flight * work.sockets
        count = max(1, min(8, CALIBRATION_BYTES // work.size)) * least
        while (took := self.do(replace(work, count=count))[0]) < CALIBRATION_SHARE * seconds:
            count *= 4
        return replace(work, count=max(1, round(count / least * seconds / took)) * least)

    def sample(self, work: Work) -> Sample:
        wall, cpu = self.do(work)
        return Sample(work.count / wall, cpu / work.count * 1e6)


def measure(
    names: list[str],
    rows: dict[str, Work],
    rounds: int,
    seconds: float,
    skipped: Container[tuple[str, str]] = (),
) -> Samples:
    """Measure every client with every work that it can do, in interleaved rounds.

    A client that fails is left out, with a line that says so. The pairs of row and client that are
    skipped have such a line, too.
    """
    samples: Samples = {row: {name: [] for name in names} for row in rows}
    sizes: dict[tuple[str, str], Work] = {}  # for each client and work, as calibrated
    unable = {
        (row, name)
        for row, name in product(rows, names)
        if (row, name) in skipped or not can(name, rows[row])
    }
    with ExitStack() as stack:
        port = stack.enter_context(server())
        workers: dict[str, Worker] = {}

        def one(name: str, row: str, number: int) -> None:
            if rows[row].kind in ONCE:
                if number:
                    samples[row][name].append(once(name, rows[row], port))
                return
            if name not in workers:
                workers[name] = stack.enter_context(worker(name, port))
            if number == 0:
                work = rows[row]
                sizes[row, name] = work if work.count else workers[name].calibrated(work, seconds)
            else:
                samples[row][name].append(workers[name].sample(sizes[row, name]))

        for number in range(rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
            for row, name in product(rows, names):
                if (row, name) in unable:
                    continue
                try:
                    one(name, row, number)
                except (RuntimeError, BrokenPipeError):
                    print(f"{name} could not do {row}", file=sys.stderr)
                    unable.add((row, name))
                    workers.pop(name, None)
    return samples


def can(name: str, work: Work) -> bool:
    lacks = CLIENTS[name].lacks
    return work.kind not in lacks and not (work.compressed and "compressed" in lacks)


def once(name: str, work: Work, port: int) -> Sample:
    """Do the work in a new process. The figure is KiB of a socket, or milliseconds."""
    with worker(name, port) as fresh:
        figure, cpu = fresh.do(work)
    return Sample(figure / 1024 if work.kind == "idle" else figure * 1e3, cpu * 1e6)


@contextmanager
def server() -> Generator[int]:
    with spawned(sys.executable, "-m", "bench.server", str(SERVER_CORE)) as process:
        assert process.stdout
        yield int(process.stdout.readline())


@contextmanager
def worker(name: str, port: int) -> Generator[Worker]:
    if name in NODE:
        script = Path(__file__).parent / "clients" / "javascript" / "worker.js"
        command = ["node", str(script), NODE[name]]
        if shutil.which("taskset"):
            command = ["taskset", "--cpu-list", str(CLIENT_CORE), *command]
    else:
        command = [sys.executable, "-m", "bench.worker", name, str(CLIENT_CORE)]
    with spawned(*command, env=environment(name)) as process:
        yield Worker(process, port, javascript=name in NODE)


def environment(name: str) -> dict[str, str]:
    """Return a client's environment, in which our compiled build comes before the installed one."""
    if not CLIENTS[name].compiled:
        return dict(os.environ)
    folders = [os.environ[COMPILED_BUILD], *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


@contextmanager
def spawned(*command: str, env: dict[str, str] | None = None) -> Generator[subprocess.Popen[str]]:
    """Start a process group, which ends as a whole, as a client may have children."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=env,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
