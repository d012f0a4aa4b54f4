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
from ._version import __version__
from ._websocket import WebSocket

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
    "WebSocketError",
    "WebSocketNursery",
    "__version__",
    "open_websocket",
    "open_websocket_nursery",
]
