"""The WebSocket itself, with its session, options, and the scopes in which sockets live."""
