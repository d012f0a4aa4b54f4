"""The WebSocket itself: session, events, options, and the scopes in which sockets live."""
