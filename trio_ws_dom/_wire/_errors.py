"""The error for what a peer did wrong."""

from __future__ import annotations

from typing import final

from ._text import escape


@final
class ProtocolError(Exception):
    """The peer broke a rule or passed a limit, and the connection must be failed.

    Attributes:
      code: the close code that is sent to the peer (RFC 6455 section 7.4.1).
      message: what was expected and what came, escaped.
      got_http: whether an HTTP response came where a frame should begin, as from a server whose
        handler failed.
    """

    def __init__(self, code: int, message: str, *, got_http: bool = False) -> None:
        message = escape(message)
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.got_http = got_http

    def __str__(self) -> str:
        return self.message
