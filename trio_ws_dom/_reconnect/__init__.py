"""The reconnecting loop, which makes one connection after another."""
