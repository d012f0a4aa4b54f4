"""What a protocol queues, by its state."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.frames import CLOSE
from support.sans_io import Client

from trio_ws_dom._wire._frames import Close
from trio_ws_dom._wire._protocol import Protocol

CALLS: dict[str, Callable[[Protocol], object]] = {
    "text": lambda protocol: protocol.send_text(b"late"),
    "binary": lambda protocol: protocol.send_binary(b"late"),
    "continuation": lambda protocol: protocol.send_continuation(b"late", fin=True),
    "ping": lambda protocol: protocol.ping(b"late"),
    "pong": lambda protocol: protocol.pong(b"late"),
    "close": lambda protocol: protocol.close(Close(4000)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_queued_after_the_close(call: Callable[[Protocol], object]) -> None:
    client = Client()
    client.protocol.close(Close(1000))
    call(client.protocol)
    assert [(sent.opcode, sent.payload) for sent in client.sent()] == [(CLOSE, b"\x03\xe8")]


@pytest.mark.parametrize("name", ["text", "binary", "continuation"])
def test_messages_after_the_close_are_counted_as_queued(name: str) -> None:
    client = Client()
    client.protocol.close(Close(1000))
    CALLS[name](client.protocol)
    assert client.protocol.outbox.amount == 4
