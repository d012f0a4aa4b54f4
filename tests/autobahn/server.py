"""Autobahn's fuzzing server, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator

WSTEST = Path(__file__).with_name("wstest_loopback.py").resolve()
STARTUP_SECONDS = 60

PROTOCOL = [f"{section}.*" for section in (1, 2, 3, 4, 5, 6, 7, 10)]
LIMITS = ["9.*"]
DEFLATE = ["12.*", "13.*"]
# Of each parameter and data set of compression, 4 of its 18 sizes: 64, 4096 and 32768 bytes whole,
# and 8192 in fragments of 256.
DEFLATE_SAMPLE = [
    f"{section}.{number}.{size}"
    for section, numbers in ((12, 5), (13, 7))
    for number in range(1, numbers + 1)
    for size in (2, 5, 8, 11)
]


class Profile(NamedTuple):
    """The cases to run, and their number, as a report with fewer of them proves nothing.

    ``jobs`` is how many run at once. The suite is one thread and allows a case of compression 60
    seconds for 1,000 echoes. Beside nine cases of 128 KiB messages, one of 16 bytes takes longer.
    """

    jobs: int
    plain: list[str]
    plain_size: int
    deflate: list[str]
    deflate_size: int


PROFILES = {
    "quick": Profile(10, PROTOCOL, 247, [], 0),
    "ci": Profile(4, PROTOCOL + LIMITS, 301, DEFLATE_SAMPLE, 48),
    "full": Profile(2, PROTOCOL + LIMITS, 301, DEFLATE, 216),
}


@contextmanager
def fuzzing_server(env: Path, out: Path, cases: list[str]) -> Generator[str]:
    """Serve ``cases`` and yield the server's URL. The report is in ``out`` once the client
    asked."""
    out.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    spec = out / "fuzzingserver.json"
    settings: dict[str, object] = {"exclude-cases": [], "exclude-agent-cases": {}}
    spec.write_text(json.dumps({"url": url, "outdir": str(out), "cases": cases, **settings}))
    # with --webport 0 there is no web server, which would take port 8080
    arguments = ["-m", "fuzzingserver", "-s", str(spec), "--webport", "0"]
    with (out / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(env / "bin" / "python"), "-u", str(WSTEST), *arguments], stdout=log, stderr=log
        )
        try:
            wait_until_listening(port, process)
            yield url
        finally:
            process.kill()  # it holds only the report, which is written by now
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTUP_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the fuzzing server did not come up: see server.log")
