"""What is measured, as rows of a table, which server and clients both read."""

from __future__ import annotations

import functools
import json
import random
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal[
    "receive", "send", "echo", "fan_in", "cycle", "idle", "load", "busy", "turns", "pings", "attack"
]
KIB, MIB = 1024, 1024 * 1024

DOCUMENTS = 64
"""Different JSON documents, sent in turn. Of a single one a compressor would keep only a reference
to the last."""


@dataclass(frozen=True)
class Work:
    """Messages of one size, moved in one direction or both, or a work without messages.

    receive: the server sends ``count`` messages and closes.
    send: the client sends ``count`` messages in bursts; the server answers the last one.
    echo: the client keeps ``in_flight`` messages on their way until ``count`` have come back.
    fan_in: ``receive`` on ``sockets`` sockets at once, ``count`` messages in all.
    cycle: ``count`` times a connection is opened, and closed by the client.
    idle: ``sockets`` connections are open, and nothing moves; the figure is memory.
    load: the client's package is imported, after the event loop's; the figure is time.
    busy: ``echo`` on ``sockets`` sockets at once, ``count`` messages in all, which were connected
      before; the figure is processor time.
    turns: ``receive``, beside a task that only makes checkpoints; the figure is its delays.
    pings: ``receive``, beside a task that pings; the figure is what each Ping took.
    attack: the server sends ``count`` bytes of one of support.attacks; the figure is as for turns.
    """

    kind: Kind
    size: int = 64  # bytes of each message
    text: bool = True
    in_flight: int = 1
    sockets: int = 1
    compressed: bool = False  # JSON, with permessage-deflate
    fragment: int = 0  # bytes of each of the server's frames; 0 is one frame for each message
    listeners: int = 1  # of the message event
    read: int = 0  # bytes that a read of the client's has at most; 0 is as they come
    attack: int = 0  # its place in support.attacks
    count: int = 0  # if 0, the runner sets it from how fast the client is

    @property
    def distinct(self) -> list[Any]:
        """Return the distinct messages, which are sent in turn, text as str."""
        if self.compressed:
            return documents(self.size)
        text = ("All that is received is sent again. " * (self.size // 36 + 1))[: self.size]
        return [text if self.text else text.encode()]

    @property
    def messages(self) -> Iterator[Any]:
        """Yield ``count`` of the messages."""
        return islice(cycle(self.distinct), self.count)

    @property
    def opcode(self) -> int:
        return 0x1 if self.text else 0x2

    @property
    def message_shape(self) -> Work:
        """Return the part of the work on which the server's frames depend."""
        return Work(
            "receive", self.size, self.text, compressed=self.compressed, fragment=self.fragment
        )

    @property
    def share(self) -> Work:
        """Return one socket's part."""
        return replace(self, count=max(1, self.count // self.sockets))

    def url(self, port: int) -> str:
        fields = {key: int(value) for key, value in asdict(self).items() if key != "kind"}
        return f"ws://127.0.0.1:{port}/{self.kind}?{urlencode(fields)}"

    @classmethod
    def from_target(cls, target: str) -> Work:
        """Return the work that a request target (path and query) names."""
        path, _, query = target.partition("?")
        fields: dict[str, Any] = {key: int(value) for key, value in parse_qsl(query)}
        for flag in ("text", "compressed"):
            fields[flag] = bool(fields[flag])
        kind: Kind = path.removeprefix("/")  # type: ignore[assignment]  # from url(), above
        return cls(kind, **fields)


@functools.cache
def documents(size: int) -> list[str]:
    """Return JSON as a market's feed sends it, in documents of this many bytes."""
    chance = random.Random(size)
    found: list[str] = []
    for number in range(DOCUMENTS):
        head = {"stream": "btcusdt@depth", "event": "depthUpdate", "id": 7_000_000 + number}
        levels: list[list[str]] = []
        while len(text := json.dumps({**head, "bids": levels, "pad": ""})) < size:
            levels.append([f"{chance.uniform(4e4, 5e4):.2f}", f"{chance.expovariate(1):.6f}"])
        while len(text := json.dumps({**head, "bids": levels, "pad": ""})) > size:
            levels.pop()
        found.append(json.dumps({**head, "bids": levels, "pad": "x" * (size - len(text))}))
    return found


WORK = {
    "receive-64": Work("receive", 64),
    "send-64": Work("send", 64),
    "echo-64": Work("echo", 64),
    "echo-64-x32": Work("echo", 64, in_flight=32),
    "receive-64-binary": Work("receive", 64, text=False),
    "receive-4k": Work("receive", 4 * KIB),
    "receive-4k-binary": Work("receive", 4 * KIB, text=False),
    "receive-1m": Work("receive", MIB),
    "receive-1m-binary": Work("receive", MIB, text=False),
    "send-64-binary": Work("send", 64, text=False),
    "send-4k": Work("send", 4 * KIB),
    "send-4k-binary": Work("send", 4 * KIB, text=False),
    "send-1m": Work("send", MIB),
    "send-1m-binary": Work("send", MIB, text=False),
    "receive-json": Work("receive", KIB, compressed=True),
    "send-json": Work("send", KIB, compressed=True),
    "fan-in-200": Work("fan_in", 64, sockets=200),
    "cycle": Work("cycle"),
    "idle-1000": Work("idle", sockets=1000),
    "import": Work("load"),
}
TITLES = {
    "receive-64": "64 B received",
    "send-64": "64 B sent",
    "echo-64": "echo, one at a time",
    "echo-64-x32": "echo, 32 in flight",
    "receive-64-binary": "64 B received, binary",
    "receive-4k": "4 KiB received",
    "receive-4k-binary": "4 KiB received, binary",
    "receive-1m": "1 MiB received",
    "receive-1m-binary": "1 MiB received, binary",
    "send-64-binary": "64 B sent, binary",
    "send-4k": "4 KiB sent",
    "send-4k-binary": "4 KiB sent, binary",
    "send-1m": "1 MiB sent",
    "send-1m-binary": "1 MiB sent, binary",
    "receive-json": "compressed JSON of 1 KiB received",
    "send-json": "compressed JSON of 1 KiB sent",
    "fan-in-200": "64 B received by 200 sockets",
    "cycle": "connect and close",
    "idle-1000": "memory of an idle socket",
    "import": "import",
}
"""The names of the works in the documentation."""

UNITS = {"cycle": "cycles/s", "idle": "KiB", "load": "ms"}
"""The unit of a kind of work, where that is not messages a second."""

DEFAULT = ["receive-64", "send-64", "echo-64"]

BURST_BYTES = 64 * KIB
"""Bytes that a client may have queued before it waits until they are sent."""


def burst(work: Work) -> int:
    """Return how many messages a client queues at once."""
    return max(1, BURST_BYTES // work.size)
