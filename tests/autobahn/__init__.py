"""The client against the Autobahn conformance suite: `python -m autobahn`, from tests/.

`make_env` makes the environment of Python 2.7 that the suite needs, `server` runs its fuzzing
server, `client` is what is held against it, and `summary` judges the report.
"""
