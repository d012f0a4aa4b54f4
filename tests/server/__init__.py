"""The server's end, accept_websocket, with the guarantee's rows and its own behaviour."""
