"""Failures as the program sees them: what was expected, what came, from where, and the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._dom._errors import HandshakeError, WebSocketError
from ._wire._handshake import Refused
from ._wire._response import HandshakeFailure

if TYPE_CHECKING:
    from ._wire._closing import Verdict


def explain(where: str, cause: Exception, verdict: Verdict) -> WebSocketError:
    """The error for an unclean end; a browser hides all of this from scripts.

    Args:
      where: the URL, without credentials.
      cause: what the network or the peer did; becomes ``__cause__``.
      verdict: the code and reason that the close event has.
    """
    message = f"{where}: {cause}"
    failure: WebSocketError
    if isinstance(cause, HandshakeFailure) and cause.status:
        body = cause.body if isinstance(cause, Refused) else b""
        failure = HandshakeError._refused(message, cause.status, cause.headers, body)
    else:
        failure = WebSocketError._create(message, verdict.code, verdict.reason)
    failure.__cause__ = cause
    return failure
