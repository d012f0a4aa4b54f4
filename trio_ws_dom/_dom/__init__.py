"""Events, abort signals, blobs and errors of the DOM. It knows trio, but no sockets."""

from ._abort import AbortController as AbortController
from ._abort import AbortSignal as AbortSignal
from ._blob import Blob as Blob
from ._blob import File as File
from ._errors import DOMException as DOMException
from ._errors import HandshakeError as HandshakeError
from ._errors import WebSocketError as WebSocketError
from ._event import Event as Event
from ._event_target import EventTarget as EventTarget
from ._events import CloseEvent as CloseEvent
from ._events import CustomEvent as CustomEvent
from ._events import ErrorEvent as ErrorEvent
from ._events import MessageEvent as MessageEvent
from ._listener import AddEventListenerOptions as AddEventListenerOptions
from ._listener import EventListener as EventListener
from ._listener import EventListenerObject as EventListenerObject
from ._when import EventChannel as EventChannel
