"""Run the client against the fuzzing server and judge the report. A bad case exits with 1."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from autobahn.server import PROFILES, fuzzing_server
from autobahn.summary import judge, load

AGENT = "trio_ws_dom"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m autobahn", description=__doc__)
    parser.add_argument("--env", type=Path, required=True, help="what make_env made, or makes")
    parser.add_argument("--out", type=Path, required=True, help="folder for the report")
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--jobs", type=int, help="cases at once (default: the profile's)")
    parser.add_argument("--client", default="autobahn.client", help="module to run (%(default)s)")
    parser.add_argument("--compression", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()

    subprocess.run([sys.executable, "-m", "autobahn.make_env", arguments.env], check=True)
    shutil.rmtree(arguments.out, ignore_errors=True)
    profile = PROFILES[arguments.profile]
    cases, wanted = profile.plain, profile.plain_size
    if arguments.compression:
        cases, wanted = cases + profile.deflate, wanted + profile.deflate_size
    compression = "--compression" if arguments.compression else "--no-compression"
    jobs = f"--jobs={arguments.jobs or profile.jobs}"
    client = [sys.executable, "-m", arguments.client, jobs, compression]
    with fuzzing_server(arguments.env.resolve(), arguments.out.resolve(), cases) as url:
        subprocess.run([*client, f"--agent={AGENT}", url], check=True)
    return 0 if judge(load(arguments.out, AGENT), wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
