"""A bridge between three chat rooms that runs for months and loses nothing.

`python -m examples.gateway` runs it for twenty seconds against a server that restarts, drops,
stalls and throttles, through a proxy; with `--days 3` for three days that take half a minute, as
their time is simulated. What to copy is `session.py` and `bridge.py`; the others make the trouble.
"""
