"""The browser's WebSocket, for programs that run on trio."""

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
from ._options import ConnectOptions
from ._scopes import WebSocketNursery, open_websocket, open_websocket_nursery
from ._stream_channels import WebSocketReadable, WebSocketWritable
from ._stream_info import WebSocketCloseInfo, WebSocketOpenInfo
from ._version import __version__
from ._websocket import WebSocket
from ._websocket_stream import WebSocketStream, open_websocket_stream

__all__ = [
    "AbortController",
    "AbortSignal",
    "Blob",
    "CloseEvent",
    "ConnectOptions",
    "DOMException",
    "ErrorEvent",
    "Event",
    "EventChannel",
    "EventTarget",
    "HandshakeError",
    "MessageEvent",
    "WebSocket",
    "WebSocketCloseInfo",
    "WebSocketError",
    "WebSocketNursery",
    "WebSocketOpenInfo",
    "WebSocketReadable",
    "WebSocketStream",
    "WebSocketWritable",
    "__version__",
    "open_websocket",
    "open_websocket_nursery",
    "open_websocket_stream",
]
