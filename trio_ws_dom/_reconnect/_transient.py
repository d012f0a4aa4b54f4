"""The default rule about which ends of a connection are worth another try."""

from __future__ import annotations

import ssl
from typing import Final

import trio

from .._dom._errors import HandshakeError, WebSocketError
from .._dom._events import CloseEvent
from .._net._dial._ports import BlockedPortError
from .._net._dial._proxy import ProxyError
from .._wire._errors import ProtocolError

# https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number: the server refuses
# this client, or what this client sends. RFC 6455 section 7.4.1, except for the last two.
_FINAL_CODES: Final = frozenset(
    (
        1002,  # protocol error
        1003,  # unsupported data
        1007,  # invalid payload
        1008,  # policy violation
        1009,  # message too big
        1010,  # an extension is missing
        3000,  # unauthorized
        3003,  # forbidden
    )
)

_ECHOES_HTTP: Final = range(4400, 4600)
"""Of the codes that are an application's own, those by which many echo an HTTP status."""

# RFC 9110 section 15, RFC 6585, RFC 8470: of the client's errors, those that may pass with time; of
# the server's, those that do not.
_TRANSIENT_STATUSES: Final = frozenset((408, 425, 429))
_FINAL_SERVER_STATUSES: Final = frozenset((501, 505))

_NETWORK_ERRORS: Final = (OSError, trio.TooSlowError, trio.BrokenResourceError)
_FINAL_ERRORS: Final = (ssl.SSLCertVerificationError, PermissionError, ImportError)
_FINAL_FAILURES: Final = (ssl.SSLCertVerificationError, BlockedPortError, ImportError)
_MISTAKES: Final = (ValueError, TypeError)  # e.g. a host name that cannot be encoded

_HTTP_STATUSES: Final = range(100, 600)

_FINAL_SOCKS_REPLIES: Final = frozenset(
    (
        2,  # not allowed by the proxy's rules
        7,  # CONNECT is not supported
        8,  # this type of address is not supported
    )
)
"""RFC 1928 section 6."""


def is_transient(cause: Exception | CloseEvent) -> bool:
    """Whether :func:`reconnecting_websocket` tries again, unless the program has its own rule.

    Args:
      cause: the CloseEvent of a clean end; the WebSocketError of an unclean one, or of a connection
        that could not be opened; or what a function raised that was called for the URL, the
        protocols, the headers or the stream.

    Returns:
      True for what may pass with time, such as a network that fails, a server that is gone, busy or
      restarting, and closes that say nothing else. False where the server refused this client or
      what it sent, where the server broke the protocol or a message was larger than
      ``max_message_size``, where its certificate is not good, and for a mistake in the program.
    """
    if isinstance(cause, CloseEvent):
        return _is_transient_code(cause.code)
    if isinstance(cause, HandshakeError):
        return _is_transient_status(cause.status)
    if isinstance(cause, WebSocketError):
        inner = cause.__cause__
        if isinstance(inner, ProxyError):
            return _is_transient_at_a_proxy(inner)
        if isinstance(inner, ProtocolError):  # 1002, 1007, 1009, sent by us
            return inner.got_http or _is_transient_code(inner.code)
        return not isinstance(inner, _FINAL_FAILURES + _MISTAKES)
    return isinstance(cause, _NETWORK_ERRORS) and not isinstance(cause, _FINAL_ERRORS)


def _is_transient_at_a_proxy(error: ProxyError) -> bool:
    if error.wants_credentials:
        return False
    if error.status is not None:
        if error.status in _HTTP_STATUSES:
            return _is_transient_status(error.status)
        return error.status not in _FINAL_SOCKS_REPLIES
    # without a cause it was not even asked: the environment names it in a way nobody can read
    return error.__cause__ is not None and not isinstance(error.__cause__, _FINAL_FAILURES)


def _is_transient_code(code: int) -> bool:
    if code in _ECHOES_HTTP:
        return _is_transient_status(code - 4000)
    return code not in _FINAL_CODES


def _is_transient_status(status: int) -> bool:
    if status >= 500:
        return status not in _FINAL_SERVER_STATUSES
    return status in _TRANSIENT_STATUSES
