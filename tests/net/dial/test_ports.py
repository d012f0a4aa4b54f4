"""Ports that no browser connects to (https://fetch.spec.whatwg.org/#port-blocking)."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import trio

from trio_ws_dom import WebSocket, WebSocketError, open_websocket
from trio_ws_dom._net._dial._ports import check_port

# as Fetch lists them, row by row, and typed again, so that a mistake in the code is noticed
BLOCKED = [
    *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
    *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179),
    *(389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601),
    *(636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566),
    *(6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
]


SERVER = {"server.test": ["192.0.2.1"]}


@pytest.mark.parametrize("port", BLOCKED)
def test_port_of_fetchs_table_is_blocked(port: int) -> None:
    """The message has the port and the rule."""
    with pytest.raises(PermissionError) as raised:
        check_port(port)
    assert f"port {port} " in str(raised.value)
    assert "https://fetch.spec.whatwg.org/#port-blocking" in str(raised.value)


def test_no_other_port_is_blocked() -> None:
    for port in sorted({*range(65536)} - {*BLOCKED}):
        check_port(port)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_blocked_port_has_the_events_of_a_failure_and_is_not_dialled(
    scheme: str, network: Any
) -> None:
    made = network(SERVER)
    events: list[str] = []
    async with trio.open_nursery() as nursery:
        ws = WebSocket(f"{scheme}://server.test:25/", nursery=nursery)
        for type in ("open", "error", "close"):
            ws.addEventListener(type, lambda event: events.append(event.type))
    assert events == ["error", "close"]
    assert ws.closeEvent is not None
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    assert made.looked_up == []


async def test_failure_of_a_blocked_port_names_url_port_and_rule(network: Any) -> None:
    made = network(SERVER)
    with pytest.raises(WebSocketError, match=r"port 6667 is blocked.*#port-blocking") as raised:
        async with open_websocket("ws://server.test:6667/chat"):
            raise AssertionError("it never opens")
    assert str(raised.value).startswith("ws://server.test:6667/chat: ")
    assert isinstance(raised.value.__cause__, PermissionError)
    assert made.looked_up == []


async def test_other_port_is_dialled(network: Any, autojump_clock: Any) -> None:
    made = network(SERVER, {"192.0.2.1": errno.ECONNREFUSED})
    with pytest.raises(WebSocketError, match="connection refused"):
        async with open_websocket("ws://server.test:6670/"):
            raise AssertionError("it never opens")
    assert made.addresses == ["192.0.2.1"]
