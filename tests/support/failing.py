"""Connections that fail to open."""

from __future__ import annotations

from typing import Any

import pytest

from trio_ws_dom import WebSocketError, open_websocket


async def failure_to_open(url: str, **options: Any) -> WebSocketError:
    """Return the exception that ``open_websocket`` raises."""
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(url, **options):
            raise AssertionError("the socket is never open")
    return caught.value
