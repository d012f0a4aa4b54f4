"""Fixtures of the tests of dialling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.fake_network import FakeNetwork
from support.proxies import ESTABLISHED, FakeProxy
from support.tls import AUTHORITY

from trio_ws_dom._net._dial import _tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    import trio


@pytest.fixture
def system_trusts_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the tests' authority one of the system's, for one test."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    _tls.default_context.cache_clear()
    yield
    _tls.default_context.cache_clear()


@pytest.fixture
async def network() -> AsyncIterator[Callable[..., FakeNetwork]]:
    """Make networks of the test's own, see ``FakeNetwork``."""
    networks: list[FakeNetwork] = []

    def make(*args: Any) -> FakeNetwork:
        networks.append(FakeNetwork(*args))
        return networks[-1]

    yield make
    for each in networks:
        each.close()


@pytest.fixture
def proxied(nursery: trio.Nursery) -> Callable[..., Any]:
    """Start a proxy with these replies, or with one that announces a tunnel."""

    async def start(*replies: bytes, **options: Any) -> FakeProxy:
        proxy = FakeProxy(*(replies or (ESTABLISHED,)), **options)
        await proxy.start(nursery)
        return proxy

    return start
