"""The server's end, accept_websocket: the guarantee's rows, and what is its own."""
