"""The opening handshake as bytes: request, response, extensions, CONNECT."""
