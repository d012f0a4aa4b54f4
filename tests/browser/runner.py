"""Run a scenario, in Chromium or with ours, and return its raw trace."""

from __future__ import annotations

import json
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from . import tls
from .server import Signals, serve

if TYPE_CHECKING:
    from trio_ws_dom import WebSocket, WebSocketStream

    from .chromium import Browser
    from .scenario import Scenario

Trace = dict[str, Any]
"""``program`` is what the program saw, ``wire`` what the server saw as a list for each connection,
and ``places`` are the ports."""

PAGE_PORT = 1234
"""The port of the page that ours claims to come from. There is no such page, and the system assigns
no such port."""

TIMEOUT = 16
"""Seconds, for one scenario. The longest take 4, as both wait 2 s for a server to end TCP, and
Chromium delays many sockets to one host."""


class ExampleResolver(trio.abc.HostnameResolver):
    """A resolver for which every *.example is this machine, like Chromium's
    --host-resolver-rules."""

    async def getaddrinfo(
        self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        here = "127.0.0.1" if name.removesuffix(".").endswith(".example") else host
        return await trio.to_thread.run_sync(
            partial(socket.getaddrinfo, here, port, family, type, proto, flags)
        )

    async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
        raise NotImplementedError("no name is looked up")


async def run_in_chromium(browser: Browser, scenario: Scenario) -> Trace:
    devtools = browser.devtools
    signals = Signals(lambda name: devtools.evaluate(f"program.signal({json.dumps(name)})"))
    devtools.on_tell = signals.set
    context = tls.server_context(scenario.tls)
    async with serve(scenario.server, signals, scenario.host, context) as server:
        places = {"port": server.port, "closed": server.closed_port, "page": browser.page_port}
        with trio.move_on_after(TIMEOUT) as scope:
            await devtools.evaluate(f"begin({json.dumps(places)}, {json.dumps(scenario.base)})")
            await devtools.evaluate(f"program.start({json.dumps(scenario.program)})")
            await devtools.evaluate("program.idle")
            await server.wait_done()
        ended = await devtools.evaluate(f"program.finish({json.dumps(scenario.after)})")
        trace = [*json.loads(ended), *([["TIMEOUT"]] if scope.cancelled_caught else [])]
        return {"program": trace, "wire": server.wire, "places": places}


async def run_ours(scenario: Scenario, fault: type[WebSocket | WebSocketStream] | None) -> Trace:
    """Run a scenario with ours.

    Args:
      fault: a class to use instead of one of ours.
    """
    from .python_program import PythonProgram

    signals = Signals()
    trio.socket.set_custom_hostname_resolver(ExampleResolver())
    context = tls.server_context(scenario.tls)
    async with serve(scenario.server, signals, scenario.host, context) as server:
        places = {"port": server.port, "closed": server.closed_port, "page": PAGE_PORT}
        trusting = tls.client_context() if scenario.tls else None
        program = PythonProgram(places, scenario.base, signals, trusting, fault)
        with trio.move_on_after(TIMEOUT) as scope:
            await program.run_to_end(scenario.program)
            await server.wait_done()
        await program.finish(scenario.after)
        trace = [*program.trace, *([["TIMEOUT"]] if scope.cancelled_caught else [])]
        return {"program": trace, "wire": server.wire, "places": places}
