"""A chat server and three kinds of bots. `python -m examples.chat` runs them all."""
