"""The clauses of the standards' algorithms for the interface, in our own words.

Each scenario names those that it shows. An anchor is of the WebSockets Standard
(websockets.spec.whatwg.org) unless another document is named before it.
"""

from __future__ import annotations

CLAUSES: dict[str, str] = {
    # The constructor, and its URL and protocols.
    "constructor: the URL is parsed": "#get-a-url-record",
    "constructor: relative to the base URL": "#get-a-url-record",
    "constructor: the URL is no URL": "#get-a-url-record",
    "constructor: http becomes ws": "#get-a-url-record",
    "constructor: https becomes wss": "#get-a-url-record",
    "constructor: the scheme is no web socket's": "#get-a-url-record",
    "constructor: a fragment is an error": "#get-a-url-record",
    "constructor: protocols default to none": "#dom-websocket-websocket",
    "constructor: a string is one protocol": "#dom-websocket-websocket",
    "constructor: protocols must be tokens": "#dom-websocket-websocket",
    "constructor: protocols must differ": "#dom-websocket-websocket",
    "constructor: returns before anything happens": "#dom-websocket-websocket",
    # The attributes.
    "url: serialised": "#dom-websocket-url",
    "readyState: CONNECTING at first": "#dom-websocket-readystate",
    "readyState: OPEN": "#dom-websocket-readystate",
    "readyState: CLOSING after close()": "#dom-websocket-readystate",
    "readyState: CLOSED at last": "#dom-websocket-readystate",
    "constants: on class and instance": "#dom-websocket-connecting",
    "extensions: empty until the connection stands": "#dom-websocket-extensions",
    "extensions: what the server agreed to": "#dom-websocket-extensions",
    "protocol: empty until the connection stands": "#dom-websocket-protocol",
    "protocol: the server's choice": "#dom-websocket-protocol",
    "binaryType: blob at first": "#dom-websocket-binarytype",
    "binaryType: other values are ignored": "Web IDL #es-attributes",
    "binaryType: what it is when the message comes counts": "#dom-websocket-binarytype",
    "bufferedAmount: rises by the bytes": "#dom-websocket-bufferedamount",
    "bufferedAmount: does not fall within one stretch": "#dom-websocket-bufferedamount",
    "bufferedAmount: falls when sent": "#dom-websocket-bufferedamount",
    "bufferedAmount: is not reset": "#dom-websocket-bufferedamount",
    # close()
    "close: the code's range": "#validate-close-code-and-reason",
    "close: the reason's length": "#validate-close-code-and-reason",
    "close: the reason is made Unicode scalar values": "#dom-websocket-close",
    "close: CLOSING and CLOSED change nothing": "#close-the-websocket",
    "close: CONNECTING fails the connection": "#close-the-websocket",
    "close: starts the closing handshake": "#close-the-websocket",
    "close: no code, no body": "#close-the-websocket",
    "close: the code goes out": "#close-the-websocket",
    "close: the reason goes out": "#close-the-websocket",
    "close: what is queued goes first": "#close-the-websocket",
    "close: nothing is dispatched inside": "#feedback-from-the-protocol",
    # send()
    "send: CONNECTING is an error": "#dom-websocket-send",
    "send: text": "#dom-websocket-send",
    "send: text is made Unicode scalar values": "#dom-websocket-send",
    "send: a Blob": "#dom-websocket-send",
    "send: a buffer": "#dom-websocket-send",
    "send: a view": "#dom-websocket-send",
    "send: later changes are not sent": "#dom-websocket-send",
    "send: after OPEN nothing is sent, and it counts": "#dom-websocket-send",
    # Feedback from the protocol.
    "open: the state is OPEN, and then the event": "#feedback-from-the-protocol",
    "message: only while OPEN": "#feedback-from-the-protocol",
    "message: text": "#feedback-from-the-protocol",
    "message: binary by binaryType": "#feedback-from-the-protocol",
    "message: fires with type, origin and data": "#feedback-from-the-protocol",
    "closing: readyState is CLOSING when the peer closes": "#feedback-from-the-protocol",
    "closed: error first if it failed": "#feedback-from-the-protocol",
    "closed: wasClean, code and reason": "#feedback-from-the-protocol",
    "protocol: a ping is answered, and not seen by the program": "#ping-and-pong-frames",
    "protocol: a broken rule fails the connection": "RFC 6455 #section-7.1.7",
    # The opening handshake, as changed by the standard.
    "handshake: the request": "#concept-websocket-establish",
    "handshake: protocols are asked for": "#concept-websocket-establish",
    "handshake: permessage-deflate is offered": "#concept-websocket-establish",
    "handshake: credentials of the URL": "Fetch #http-network-or-cache-fetch",
    "handshake: one CONNECTING for each host and port": "#concept-websocket-connection-obtain",
    "handshake: the connection cannot be made": "#concept-websocket-establish",
    "handshake: a blocked port": "Fetch #port-blocking",
    "handshake: an answer that is no acceptance fails": "#concept-websocket-establish",
    "handshake: redirects are not followed": "#concept-websocket-establish",
    "handshake: a protocol that was not asked for fails": "#concept-websocket-establish",
    "handshake: an extension that was not asked for fails": "#concept-websocket-establish",
    "handshake: TLS": "Fetch #concept-websocket-connection-obtain",
    # WebSocketStream, by the draft: whatwg/websockets pull request 48.
    "stream: the constructor": "draft #dom-websocketstream-websocketstream",
    "stream: a signal aborts the handshake": "draft #dom-websocketstream-websocketstream",
    "stream: opened": "draft #dom-websocketstream-opened",
    "stream: what cannot be opened": "draft #feedback-to-websocket-stream-from-the-protocol",
    "stream: chunks from messages": "draft #feedback-to-websocket-stream-from-the-protocol",
    "stream: messages from chunks": "draft #websocketstream-write",
    "stream: close() and its arguments": "draft #dom-websocketstream-close",
    "stream: abort and cancel": "draft #websocketstream-close-using-reason",
    "stream: closing the writable": "draft #feedback-to-websocket-stream-from-the-protocol",
    "stream: closed": "draft #feedback-to-websocket-stream-from-the-protocol",
    "stream: a clean end closes the sides": "draft #feedback-to-websocket-stream-from-the-protocol",
    "stream: another end errors them": "draft #feedback-to-websocket-stream-from-the-protocol",
    "WebSocketError: the constructor": "draft #dom-websocketerror-websocketerror",
    # Events.
    "events: the on* attributes": "HTML #event-handler-idl-attributes",
    "events: listeners in order of their registration": "DOM #concept-event-listener-invoke",
    "events: listeners' options": "DOM #dom-eventtarget-addeventlistener",
    "events: events made by the program": "DOM #dom-eventtarget-dispatchevent",
    "events: each socket its own": "#feedback-from-the-protocol",
}

NOT_SHOWN: dict[str, str] = {
    "send: full": "Chromium knows no bound for what is queued; ours is an option.",
    "garbage collection": "A trace cannot show objects to which there is no reference.",
    "a document goes away": "There is no document.",
    "mixed content, Content Security Policy, HSTS": "Rules of a page, not of a program.",
}
"""Clauses that no scenario can show, and the reason."""
