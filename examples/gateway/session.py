"""A conversation that outlives its connections.

Each side numbers its lines and keeps each one until the other side has sent a receipt for it. On a
new connection both sides repeat the lines that they have no receipt for, and drop those that arrive
a second time. So a line goes over the wire at least once, and arrives exactly once, in order.
"""

import json
from collections import deque


class Session:
    """One side of a conversation. It takes and returns lines and knows no connection.

    Attributes:
      duplicates: how many lines arrived again and were dropped.
    """

    def __init__(self) -> None:
        self._said = 0  # the number of our newest line
        self._heard = 0  # the number of their newest line
        self._kept: deque[tuple[int, str]] = deque()  # our lines that have no receipt
        self.duplicates = 0

    def say(self, text: str) -> str:
        """Return the line to send now, or first of all on the next connection."""
        self._said += 1
        line = json.dumps({"number": self._said, "text": text})
        self._kept.append((self._said, line))
        return line

    def unconfirmed(self) -> list[str]:
        """Return the lines without a receipt, which are sent first on a new connection."""
        return [line for _, line in self._kept]

    def hear(self, line: str | bytes) -> tuple[str | None, str | None]:
        """Take a received line, and return its text if that is new, and the line to answer."""
        message = json.loads(line)
        if "receipt" in message:  # for all lines up to this number
            while self._kept and self._kept[0][0] <= message["receipt"]:
                self._kept.popleft()
            return None, None
        text = None
        if message["number"] <= self._heard:
            self.duplicates += 1
        elif message["number"] == self._heard + 1:
            self._heard += 1
            text = message["text"]
        else:
            raise ValueError(f"expected number {self._heard + 1}, got {message['number']}")
        return text, json.dumps({"receipt": self._heard})
