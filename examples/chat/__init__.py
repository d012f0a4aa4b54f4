"""A chat server, its bots, and a page for people. `python -m examples.chat` runs the bots."""
