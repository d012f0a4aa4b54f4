"""The process that SIGINT hits, in one trio run after the other.

It reads the rounds from its standard input. On its standard output it writes when it may be hit,
and what the result was.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import signal
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO
from unittest.mock import patch

import trio
from support.patience import PATIENCE, SteadyClock
from support.transports import count_files

from guarantee.signal_storm.phases import ENTRIES
from trio_ws_dom._socket._session import Session
from trio_ws_dom._wire._closing import READY_STATE

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import FrameType

    from guarantee.signal_storm.phases import Entry, Plan


class Sockets:
    """Record every socket of a round, and the events that it dispatched.

    This uses no listeners, as Ctrl-C may land where one is called.
    """

    def __init__(self) -> None:
        self.all: dict[Any, list[str]] = {}

    @contextmanager
    def watched(self) -> Generator[None]:
        start, dispatch = Session.start, Session._dispatch

        @trio.lowlevel.enable_ki_protection
        def noted_start(session: Any, nursery: trio.Nursery, *callbacks: Any) -> None:
            self.all[session] = []
            start(session, nursery, *callbacks)

        @trio.lowlevel.enable_ki_protection
        async def noted_dispatch(session: Any, event: Any) -> None:
            self.all[session].append(event.type)
            await dispatch(session, event)

        with (
            patch.object(Session, "start", noted_start),
            patch.object(Session, "_dispatch", noted_dispatch),
        ):
            yield

    def report(self) -> list[dict[str, Any]]:
        return [
            {
                "events": events,
                "state": READY_STATE[session.connection.machine.state],
                "opened": session.response is not None,
                "path": session.address.where.rpartition("localhost")[2].partition("/")[2],
                "reported": session.close_event is not None,
            }
            for session, events in self.all.items()
        ]


class Noise:
    """Collect warnings, and exceptions that no code can catch, instead of printing them."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        sys.unraisablehook = self._unraisable
        warnings.simplefilter("default")
        warnings.showwarning = self._warning

    def _unraisable(self, what: Any) -> None:
        self.heard.append(f"ignored in {what.object!r}: {what.exc_value!r}")

    def _warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        self.heard.append(f"{category.__name__}: {message}")

    def take(self) -> list[str]:
        heard, self.heard = self.heard, []
        return heard


class Late:
    """Count the interrupts that are raised outside of trio."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


async def play(number: int, entry: Entry, plan: Plan, url: str) -> None:
    say(armed=number)
    await entry(url, plan.play)
    while plan.again:
        await entry(url, plan.play)


def run(order: dict[str, Any], sockets: Sockets, late: Late) -> BaseException | None:
    """Make one trio run and return what it raised."""
    through, phases = ENTRIES[order["entry"]]
    arguments = order["number"], through, phases[order["phase"]], order["url"]
    outcome: BaseException | None = None
    with sockets.watched():
        try:
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)  # trio replaces it
                trio.run(play, *arguments, clock=SteadyClock())
            finally:
                signal.signal(signal.SIGINT, late)
        except BaseException as exc:
            outcome = exc
            signal.signal(signal.SIGINT, late)
    return outcome


def leaves(exc: BaseException | None) -> list[str]:
    """Return the types of the exceptions in a group, and in groups within it."""
    members: Sequence[BaseException] | None = getattr(exc, "exceptions", None)
    if members is not None:
        return [name for member in members for name in leaves(member)]
    return [] if exc is None else [type(exc).__name__]


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def one_round(order: dict[str, Any], late: Late, noise: Noise) -> None:
    sockets = Sockets()
    late.count = 0
    files = count_files()
    faulthandler.dump_traceback_later(PATIENCE / 2, exit=True)  # show where it hangs
    outcome = run(order, sockets, late)
    say(out=order["number"])
    sys.stdin.readline()  # "fired", after which no more will come
    result: dict[str, Any] = {
        "number": order["number"],
        "shape": type(outcome).__name__,
        "leaves": leaves(outcome),
        "late": late.count,
        "sockets": sockets.report(),
    }
    del outcome, sockets
    gc.collect()
    faulthandler.cancel_dump_traceback_later()
    say(**result, files=count_files() - files, noise=noise.take())


def main() -> None:
    late, noise = Late(), Noise()
    signal.signal(signal.SIGINT, late)
    say(ready=True)
    for line in sys.stdin:
        one_round(json.loads(line), late, noise)


if __name__ == "__main__":
    main()
