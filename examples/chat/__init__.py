"""A chat server, its bots, and a page for people.

Start the bots with ``python -m examples.chat``, the page with ``python -m examples.chat.web``.
"""
