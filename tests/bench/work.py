"""What is measured: rows of a table, which server and clients both read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

Kind = Literal["receive", "send", "echo"]
KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Work:
    """Messages of one size, moved one way or both.

    receive: the server sends `count` messages and closes.
    send: the client sends `count` messages in bursts; the server answers the last one.
    echo: the client keeps `in_flight` messages on their way until `count` have come back.
    """

    kind: Kind
    size: int  # bytes of each message
    text: bool = True
    in_flight: int = 1
    count: int = 0  # set by the runner, from how fast the client is

    @property
    def message(self) -> str | bytes:
        text = ("All that is received is sent again. " * (self.size // 36 + 1))[: self.size]
        return text if self.text else text.encode()

    @property
    def opcode(self) -> int:
        return 0x1 if self.text else 0x2

    def url(self, port: int) -> str:
        fields = {key: int(value) for key, value in asdict(self).items() if key != "kind"}
        return f"ws://127.0.0.1:{port}/{self.kind}?{urlencode(fields)}"

    @classmethod
    def from_target(cls, target: str) -> Work:
        """The work that a request target (path and query) names."""
        path, _, query = target.partition("?")
        fields = {key: int(value) for key, value in parse_qsl(query)}
        text = bool(fields.pop("text"))
        kind: Kind = path.removeprefix("/")  # type: ignore[assignment]  # from url(), above
        return cls(kind, text=text, **fields)


WORK = {
    "receive-64": Work("receive", 64),
    "send-64": Work("send", 64),
    "echo-64": Work("echo", 64),
    "echo-64-x32": Work("echo", 64, in_flight=32),
    "receive-4k": Work("receive", 4 * KIB),
    "receive-4k-binary": Work("receive", 4 * KIB, text=False),
    "receive-1m": Work("receive", MIB),
    "receive-1m-binary": Work("receive", MIB, text=False),
    "send-4k": Work("send", 4 * KIB),
    "send-4k-binary": Work("send", 4 * KIB, text=False),
    "send-1m": Work("send", MIB),
    "send-1m-binary": Work("send", MIB, text=False),
}
DEFAULT = ["receive-64", "send-64", "echo-64"]

BURST_BYTES = 64 * KIB
"""What a client that queues its messages may have queued before it waits for them to leave."""


def burst(work: Work) -> int:
    """How many messages a client that queues them hands over at once."""
    return max(1, BURST_BYTES // work.size)
