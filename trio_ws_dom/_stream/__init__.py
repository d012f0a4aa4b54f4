"""WebSocketStream and its two sides."""
