"""The client against the Autobahn conformance suite, as ``python -m autobahn`` from tests/.

``make_env`` makes the environment of Python 2.7 that the suite needs, ``server`` runs its fuzzing
server, ``client`` is the tested client, and ``summary`` judges the report.
"""
