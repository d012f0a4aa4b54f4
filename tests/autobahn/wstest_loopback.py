"""Run wstest on loopback only, where it would listen on every interface. For Python 2.7."""

import functools

import autobahn.twisted.websocket as websocket

websocket.listenWS = functools.partial(websocket.listenWS, interface="127.0.0.1")

from autobahntestsuite import wstest  # noqa: E402  (it takes listenWS when imported)

wstest.run()
