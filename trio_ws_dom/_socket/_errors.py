"""Failures as the program sees them, with the cause and from where it came."""

from __future__ import annotations

import ssl
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from .._dom._errors import WebSocketError, handshake_error, socket_error
from .._net._dial._causes import describe
from .._wire._errors import ProtocolError
from .._wire._http._handshake import Refused
from .._wire._http._response import HandshakeFailure
from .._wire._text import escape

if TYPE_CHECKING:
    from .._wire._closing import CloseResult

_TLS_REASONS: Final = {
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server has no cipher in common with us, or requires a"
    " certificate of ours",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server requires a certificate of ours",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server accepts none of the TLS versions that we offer",
    "UNSUPPORTED_PROTOCOL": "the server's TLS version is older than those that we accept",
    "WRONG_VERSION_NUMBER": "expected TLS, got something else; a server without TLS has ws: URLs",
}
"""OpenSSL's reasons that do not explain themselves; those about certificates do."""

_OURS: Final = "trio_ws_dom."


def explain(where: str, cause: Exception, result: CloseResult, unsent: int = 0) -> WebSocketError:
    """Return the error for an unclean end, which a browser hides from scripts.

    Args:
      where: the URL, without credentials and query.
      cause: what the network or the peer did; becomes ``__cause__``. Where trio wrapped an error of
        TLS (also while a connection is open), that error does.
      result: the code and reason that the close event has.
      unsent: bytes of queued messages that were not sent.
    """
    if isinstance(cause, trio.BrokenResourceError) and isinstance(cause.__cause__, ssl.SSLError):
        cause = cause.__cause__
    clear_locals(cause)
    if isinstance(cause, ProtocolError):  # the message says it all, and the frames know their
        cause = cause.with_traceback(None)  # callers, whose local variables are the connection
    message = f"{where}: {_describe(cause)}"
    if unsent:
        message += f"; {unsent} bytes of messages were not sent"
    failure: WebSocketError
    if isinstance(cause, HandshakeFailure) and cause.status:
        body = cause.body if isinstance(cause, Refused) else b""
        failure = handshake_error(message, cause.status, cause.headers, body)
    else:
        failure = socket_error(message, result.code, result.reason)
    failure.__cause__ = cause
    return failure


def _describe(cause: Exception) -> str:
    message = escape(describe(cause))
    # only OpenSSL's own errors have a reason
    explanation = _TLS_REASONS.get(getattr(cause, "reason", ""))
    return message if explanation is None else f"{explanation} ({message})"


def clear_locals(exc: BaseException | None) -> None:
    """Clear the local variables of the library's frames in the traceback.

    A failure is often kept, and the frames would keep buffers, and show headers and cookies to
    whoever prints a traceback with its locals. The lines of the traceback remain.
    """
    seen: set[BaseException] = set()
    while exc is not None and exc not in seen:
        seen.add(exc)
        for frame, _ in traceback.walk_tb(exc.__traceback__):
            # those of others may belong to a coroutine that is suspended, which clear() would end
            if frame.f_globals.get("__name__", "").startswith(_OURS):
                with suppress(RuntimeError):  # it is still running
                    frame.clear()
        exc = exc.__cause__ or exc.__context__
