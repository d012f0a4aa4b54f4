"""A conversation that outlives its connections.

Each side numbers what it says, and keeps it until the other side has given a receipt for it. On a
new connection both say again what they have no receipt for, and what arrives for the second time is
dropped: at least once on the wire, so exactly once, and in order, for the programs at its ends.
"""

import json
from collections import deque


class Session:
    """One side of a conversation. Lines in, lines out: whether there is a connection is not its
    concern.

    Attributes:
      duplicates: lines that came again, and were dropped.
    """

    def __init__(self) -> None:
        self._said = 0  # the number of the newest line of ours
        self._heard = 0  # of theirs
        self._kept: deque[tuple[int, str]] = deque()  # of ours, without a receipt
        self.duplicates = 0

    def say(self, text: str) -> str:
        """The line to send for it: now, or first thing on the next connection."""
        self._said += 1
        line = json.dumps({"number": self._said, "text": text})
        self._kept.append((self._said, line))
        return line

    def unconfirmed(self) -> list[str]:
        """What there is no receipt for: the first lines of a new connection."""
        return [line for _, line in self._kept]

    def hear(self, line: str | bytes) -> tuple[str | None, str | None]:
        """Take in a line of theirs; gives its text, if that is new, and the line to answer."""
        message = json.loads(line)
        if "receipt" in message:  # it is for all up to this number
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
