"""Events, abort signals, blobs and errors of the DOM; knows trio, but no sockets."""

from trio_ws_dom._dom._abort import AbortController as AbortController
from trio_ws_dom._dom._abort import AbortSignal as AbortSignal
from trio_ws_dom._dom._blob import Blob as Blob
from trio_ws_dom._dom._errors import DOMException as DOMException
from trio_ws_dom._dom._errors import HandshakeError as HandshakeError
from trio_ws_dom._dom._errors import WebSocketError as WebSocketError
from trio_ws_dom._dom._event import Event as Event
from trio_ws_dom._dom._event_handler import EventHandler as EventHandler
from trio_ws_dom._dom._event_target import EventTarget as EventTarget
from trio_ws_dom._dom._events import CloseEvent as CloseEvent
from trio_ws_dom._dom._events import ErrorEvent as ErrorEvent
from trio_ws_dom._dom._events import MessageEvent as MessageEvent
from trio_ws_dom._dom._when import EventChannel as EventChannel
