"""The browser's WebSocket, for programs that run on trio."""

from ._accept import AcceptOptions, accept_websocket
from ._attempts import ReconnectAttempt, ReconnectingWebSocket
from ._backoff import Retry
from ._dom import (
    AbortController,
    AbortSignal,
    Blob,
    CloseEvent,
    DOMException,
    ErrorEvent,
    Event,
    EventChannel,
    EventTarget,
    HandshakeError,
    MessageEvent,
    WebSocketError,
)
from ._har import HarRecorder
from ._net._proxy import ProxyError
from ._one_socket import open_websocket
from ._options import ConnectOptions
from ._reconnecting import ReconnectOptions, reconnecting_websocket
from ._scopes import WebSocketNursery, open_websocket_nursery
from ._stream_info import WebSocketCloseInfo, WebSocketOpenInfo
from ._stream_readable import WebSocketReadable
from ._stream_writable import WebSocketWritable
from ._transient import is_transient
from ._version import __version__
from ._websocket import WebSocket
from ._websocket_stream import WebSocketStream, open_websocket_stream
from ._wire._trace import TraceData, TraceEnd, TraceFrame, TraceHead, TraceRecord

__all__ = [
    "AbortController",
    "AbortSignal",
    "AcceptOptions",
    "Blob",
    "CloseEvent",
    "ConnectOptions",
    "DOMException",
    "ErrorEvent",
    "Event",
    "EventChannel",
    "EventTarget",
    "HandshakeError",
    "HarRecorder",
    "MessageEvent",
    "ProxyError",
    "ReconnectAttempt",
    "ReconnectOptions",
    "ReconnectingWebSocket",
    "Retry",
    "TraceData",
    "TraceEnd",
    "TraceFrame",
    "TraceHead",
    "TraceRecord",
    "WebSocket",
    "WebSocketCloseInfo",
    "WebSocketError",
    "WebSocketNursery",
    "WebSocketOpenInfo",
    "WebSocketReadable",
    "WebSocketStream",
    "WebSocketWritable",
    "__version__",
    "accept_websocket",
    "is_transient",
    "open_websocket",
    "open_websocket_nursery",
    "open_websocket_stream",
    "reconnecting_websocket",
]
