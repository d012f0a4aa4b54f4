from __future__ import annotations

from random import Random

import pytest

from trio_ws_dom._socket import _url

from .oracles import by_ada, ours
from .random_urls import random_url


def random_urls(seed: int, count: int) -> list[tuple[str, str | None]]:
    random = Random(seed)
    return [random_url(random) for _ in range(count)]


def test_fast_path_agrees_with_the_full_parser() -> None:
    plain = {url: _url._parse_plain(url) for url, base in random_urls(1, 20_000) if base is None}
    taken = {url: address for url, address in plain.items() if address}
    assert len(taken) > 1000
    for url, address in taken.items():
        assert address == _url._parse_fully(url, None), url


def test_random_urls_give_what_ada_gives() -> None:
    pytest.importorskip("ada_url", reason="ada-url has no wheels for every Python")
    for url, base in random_urls(2, 20_000):
        assert ours(url, base) == by_ada(url, base), (url, base)
