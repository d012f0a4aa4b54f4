"""The reconnecting loop: one connection after another, with delays between them."""
