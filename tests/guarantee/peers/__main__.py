"""Run every row with every client, and print the table in Markdown.

Each cell is a process, and takes at most 15 seconds. A cell shows, in this order, the code of the
Close frame that the server saw; whether the client did not wait for the answer, which comes 0.3
seconds later; how TCP ended; the seconds from when leaving began until control was out; and what
came out.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from typing import Any

from guarantee.peers.clients import CONNECT, version
from guarantee.peers.one_run import LIMIT, ROWS


def run(client: str, row: str, brief: bool) -> str:
    if row == "listener raises" and client != "trio-ws-dom":
        return "has no listeners"
    cell = [sys.executable, "-m", "guarantee.peers.one_run", client, row]
    ran = subprocess.run(cell, capture_output=True, text=True, timeout=LIMIT * 2, check=False)
    lines = ran.stdout.splitlines()
    if not lines:
        raise RuntimeError(f"{client}, {row}: {ran.stderr}")
    facts = json.loads(lines[-1])
    return describe_briefly(facts) if brief else describe(facts, row)


def describe(facts: dict[str, Any], row: str) -> str:
    said: list[str] = []
    if facts["close_code"] is not None:
        said.append(str(facts["close_code"]))
    elif "connecting" not in row:
        said.append("no Close frame")
    if facts["awaited"] is False:
        said.append("answer not awaited")
    if facts["seconds"] is None:
        return ", ".join([*said, f"**over {LIMIT:g} s**"])
    said.append("**TCP still open**" if facts["tcp_open"] else facts["ended"])
    said.append(f"{facts['seconds']:.1f} s")
    said += [text for text in (facts["note"], facts["raised"]) if text]
    return ", ".join(said)


BRIEF = {
    "normal exit": "the block's end",
    "body raises": "an exception",
    "body cancelled": "cancellation, a timeout",
    "Ctrl-C in the body": "Ctrl-C",
    "peer closes first (4321)": "the peer's own Close (4321)",
    "peer never answers the Close": "the end, and no answer comes",
    "peer floods, nobody reads, exit": "the end, in an unread flood",
}
"""The rows of the brief table, with their names there."""


def describe_briefly(facts: dict[str, Any]) -> str:
    """Return a cell of the brief table, with the Close that the server saw and the result."""
    code = facts["close_code"] or "no Close"
    if facts["seconds"] is None:
        said = f"{code}, then over {LIMIT:g} s"
    elif facts["tcp_open"]:
        said = f"{code}, TCP left open"
    elif facts["awaited"]:
        said = f"{code}, awaited"
    elif facts["close_code"] is not None and facts["seconds"] > 1:
        said = f"{code}, {facts['ended']} after {facts['seconds']:.0f} s"
    else:
        said = f"{code}, not awaited" if facts["close_code"] else str(code)
    return said + (", a group comes out" if "Group" in facts["raised"] else "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="guarantee.peers", description=__doc__)
    parser.add_argument("--brief", action="store_true", help="fewer rows and words")
    parser.add_argument("--clients", nargs="+", choices=CONNECT, default=list(CONNECT))
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    arguments = parser.parse_args()
    clients = arguments.clients
    print(f"Python {platform.python_version()}, {version('trio')}, {platform.system()}")
    print()
    print("| the scope is left by |", " | ".join(map(version, clients)), "|")
    print("|---" * (len(clients) + 1) + "|")
    for row in arguments.rows:
        if arguments.brief and row not in BRIEF:
            continue
        name = BRIEF[row] if arguments.brief else row.strip()
        cells = [run(client, row, arguments.brief) for client in clients]
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
