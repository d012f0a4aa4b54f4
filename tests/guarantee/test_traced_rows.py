"""The guarantee's rows over real sockets with a trace, which changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.transports import SocketTransport, Transport

from guarantee.test_rows import *  # noqa: F403  # every row, also future ones
from guarantee.test_rows_entry_points import *  # noqa: F403  # likewise
from guarantee.test_rows_listeners import *  # noqa: F403  # likewise
from guarantee.test_rows_peers import *  # noqa: F403  # likewise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trio_ws_dom import TraceRecord


class TracedWorld(SocketTransport):
    """Real sockets, with a trace of every connection."""

    def options(self, **options: Any) -> dict[str, Any]:
        return super().options(trace=self.look, **options)

    def look(self, record: TraceRecord) -> None:
        assert record.url == self.url


@pytest.fixture(params=["traced"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def transport(kind: str) -> AsyncIterator[Transport]:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        yield TracedWorld(listener)
