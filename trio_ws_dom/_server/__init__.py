"""The server's end of a connection that trio-websocket accepted."""
