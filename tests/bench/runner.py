"""Starts the server and the clients' processes, and gives out the work in interleaved rounds."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.work import Work

SERVER_CORE, CLIENT_CORE = 0, 1
CALIBRATION_SHARE = 0.2
"""The share of a round's time that a calibrating run must have taken to be believed."""


class Sample(NamedTuple):
    """One round of one client."""

    rate: float  # messages a second
    cpu: float  # microseconds of the client's processor time for each message


Samples = dict[str, dict[str, list[Sample]]]
"""For each work and client, one sample for each round."""


class Worker:
    """A client's process, idle unless told to work."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.counts: dict[Work, int] = {}

    def seconds(self, work: Work) -> tuple[float, float]:
        """Do it, and give the seconds of wall clock and of processor time."""
        assert self.process.stdin
        assert self.process.stdout
        order = {"work": asdict(work), "port": self.port}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the client's process ended: its error is above")
        wall, cpu = json.loads(answer)
        return wall, cpu

    def calibrate(self, work: Work, seconds: float) -> None:
        """Find how many messages fill a round; this also warms the client up."""
        count = 8 * work.in_flight
        while (took := self.seconds(replace(work, count=count))[0]) < CALIBRATION_SHARE * seconds:
            count *= 4
        self.counts[work] = max(work.in_flight, round(count * seconds / took))

    def sample(self, work: Work) -> Sample:
        count = self.counts[work]
        wall, cpu = self.seconds(replace(work, count=count))
        return Sample(count / wall, cpu / count * 1e6)


def measure(names: list[str], rows: dict[str, Work], rounds: int, seconds: float) -> Samples:
    """Measure every client with every work. A client that fails is left out, and that is said."""
    samples: Samples = {row: {name: [] for name in names} for row in rows}
    failed: set[tuple[str, str]] = set()
    with ExitStack() as stack:
        port = stack.enter_context(server())
        workers = {name: stack.enter_context(worker(name, port)) for name in names}

        def one(name: str, row: str, number: int) -> None:
            if number == 0:
                workers[name].calibrate(rows[row], seconds)
            else:
                samples[row][name].append(workers[name].sample(rows[row]))

        for number in range(rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
            for row in rows:
                for name in names:
                    if (row, name) in failed:
                        continue
                    try:
                        one(name, row, number)
                    except (RuntimeError, BrokenPipeError):
                        print(f"{name} could not do {row}", file=sys.stderr)
                        failed.add((row, name))
                        workers[name] = stack.enter_context(worker(name, port))
    return samples


@contextmanager
def server() -> Iterator[int]:
    with spawned("bench.server", str(SERVER_CORE)) as process:
        assert process.stdout
        yield int(process.stdout.readline())


@contextmanager
def worker(name: str, port: int) -> Iterator[Worker]:
    with spawned("bench.worker", name, str(CLIENT_CORE)) as process:
        yield Worker(process, port)


@contextmanager
def spawned(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that ends when its standard input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
