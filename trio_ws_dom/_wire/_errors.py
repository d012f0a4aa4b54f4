"""What the peer did wrong, as a type of its own."""

from __future__ import annotations

from typing import final


@final
class ProtocolError(Exception):
    """The peer broke a rule, or passed a limit: the connection is to be failed.

    Attributes:
      code: the close code that tells the peer why (RFC 6455 section 7.4.1).
      message: what was expected and what came.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
