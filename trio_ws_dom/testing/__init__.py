"""Servers without a network, with which programs that use trio_ws_dom are tested."""

from ._connection import FakeConnection, FakeRequest
from ._server import FakeServer, open_fake_server

__all__ = ["FakeConnection", "FakeRequest", "FakeServer", "open_fake_server"]
