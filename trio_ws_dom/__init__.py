"""The browser's WebSocket, for programs that run on trio."""

from ._dom import (
    AbortController,
    AbortSignal,
    AddEventListenerOptions,
    Blob,
    CloseEvent,
    CustomEvent,
    DOMException,
    ErrorEvent,
    Event,
    EventChannel,
    EventListener,
    EventListenerObject,
    EventTarget,
    File,
    HandshakeError,
    MessageEvent,
    WebSocketError,
)
from ._net._dial._proxy import ProxyError
from ._public import show_public_path
from ._reconnect._backoff import Retry
from ._reconnect._loop import ReconnectAttempt, ReconnectingWebSocket
from ._reconnect._providers import Provider, ValueOrProvider
from ._reconnect._reconnecting import ReconnectOptions, reconnecting_websocket
from ._reconnect._transient import is_transient
from ._server._accept import accept_websocket
from ._socket._close_info import WebSocketCloseInfo
from ._socket._nursery import WebSocketNursery, open_websocket_nursery
from ._socket._open_websocket import connect_websocket, open_websocket
from ._socket._options import AcceptOptions, ConnectOptions, Headers
from ._socket._websocket import WebSocket
from ._stream._info import WebSocketOpenInfo
from ._stream._readable import WebSocketReadable
from ._stream._websocket_stream import WebSocketStream, open_websocket_stream
from ._stream._writable import WebSocketWritable
from ._trace._har import HarRecorder
from ._trace._records import (
    TraceData,
    TraceDirection,
    TraceEnd,
    TraceFrame,
    TraceHead,
    TraceRecord,
)
from ._version import __compiled__, __version__

__all__ = [
    "AbortController",
    "AbortSignal",
    "AcceptOptions",
    "AddEventListenerOptions",
    "Blob",
    "CloseEvent",
    "ConnectOptions",
    "CustomEvent",
    "DOMException",
    "ErrorEvent",
    "Event",
    "EventChannel",
    "EventListener",
    "EventListenerObject",
    "EventTarget",
    "File",
    "HandshakeError",
    "HarRecorder",
    "Headers",
    "MessageEvent",
    "Provider",
    "ProxyError",
    "ReconnectAttempt",
    "ReconnectOptions",
    "ReconnectingWebSocket",
    "Retry",
    "TraceData",
    "TraceDirection",
    "TraceEnd",
    "TraceFrame",
    "TraceHead",
    "TraceRecord",
    "ValueOrProvider",
    "WebSocket",
    "WebSocketCloseInfo",
    "WebSocketError",
    "WebSocketNursery",
    "WebSocketOpenInfo",
    "WebSocketReadable",
    "WebSocketStream",
    "WebSocketWritable",
    "__compiled__",
    "__version__",
    "accept_websocket",
    "connect_websocket",
    "is_transient",
    "open_websocket",
    "open_websocket_nursery",
    "open_websocket_stream",
    "reconnecting_websocket",
]

show_public_path(__name__, [globals()[name] for name in __all__])
