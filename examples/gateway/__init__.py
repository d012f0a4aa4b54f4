"""A bridge between three chat rooms that runs for months and loses nothing.

Start it with ``python -m examples.gateway``. It runs for twenty seconds, through a proxy, against a
server that restarts, drops connections, stalls and throttles. With ``--days 3`` it runs for three
simulated days, which take half a minute. ``session.py`` and ``bridge.py`` are to be copied, and the
other modules simulate the faults.
"""
