"""Connections that do not come about."""

from __future__ import annotations

from typing import Any

import pytest

from trio_ws_dom import WebSocketError, open_websocket


async def failure_to_open(url: str, **options: Any) -> WebSocketError:
    """What comes out of ``open_websocket``."""
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(url, **options):
            raise AssertionError("the socket is never open")
    return caught.value
