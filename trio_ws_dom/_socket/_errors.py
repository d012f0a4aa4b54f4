"""Failures as the program sees them: what was expected, what came, from where, and the cause."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import trio

from .._dom._errors import HandshakeError, WebSocketError
from .._wire._http._handshake import Refused
from .._wire._http._response import HandshakeFailure

if TYPE_CHECKING:
    from .._wire._closing import Verdict

_TLS_REASONS: Final = {
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server found nothing in common with our ciphers, or wants"
    " a certificate of ours",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a certificate of ours",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server takes none of the TLS versions that we offer",
    "UNSUPPORTED_PROTOCOL": "the server's TLS version is older than what we take",
    "WRONG_VERSION_NUMBER": "expected TLS, got something else, as from a server of ws: URLs",
}
"""OpenSSL's reasons whose own words tell nobody what is wrong; those about certificates do."""


def explain(where: str, cause: Exception, verdict: Verdict) -> WebSocketError:
    """The error for an unclean end; a browser hides all of this from scripts.

    Args:
      where: the URL, without credentials.
      cause: what the network or the peer did; becomes ``__cause__``. Where trio wrapped what TLS
        said (while a connection is open, too), that does.
      verdict: the code and reason that the close event has.
    """
    if isinstance(cause, trio.BrokenResourceError) and isinstance(cause.__cause__, ssl.SSLError):
        cause = cause.__cause__
    message = f"{where}: {_words(cause)}"
    failure: WebSocketError
    if isinstance(cause, HandshakeFailure) and cause.status:
        body = cause.body if isinstance(cause, Refused) else b""
        failure = HandshakeError._refused(message, cause.status, cause.headers, body)
    else:
        failure = WebSocketError._create(message, verdict.code, verdict.reason)
    failure.__cause__ = cause
    return failure


def _words(cause: Exception) -> str:
    said = str(cause) or type(cause).__name__
    # only OpenSSL's own errors have a reason
    plainly = _TLS_REASONS.get(getattr(cause, "reason", ""))
    return said if plainly is None else f"{plainly} ({said})"
