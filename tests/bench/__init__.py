"""How fast the package is beside its peers: `python -m bench`, from tests/.

One neutral server process on one core, and each client in a process of its own on the other. All
clients do the same work (work.py), in interleaved rounds; report.py prints medians, spreads and
ratios. A client is one file in clients/; work is one row of a table. growth.py asks how the cost of
a message grows, delays.py how long messages keep others waiting; charts.py draws.
"""
