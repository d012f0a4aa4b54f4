"""How fast the package is beside its peers, as ``python -m bench`` from tests/.

One neutral server process runs on one core, and each client in its own process on the other. All
clients do the same work (work.py), in interleaved rounds. comparison.py prints medians, spreads and
ratios. A client is one file in clients/, and work is one row of a table. growth.py measures how the
cost of a message grows, delays.py how long messages keep others waiting, and charts.py draws.
"""
