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
    plain = [url for url, base in random_urls(1, 20_000) if not base and _url._PLAIN.fullmatch(url)]
    assert len(plain) > 1000
    for url in plain:
        try:
            full = _url._parse.__wrapped__(url, None)
        except _url.DOMException:
            assert ours(url, None) is None, url
        else:
            assert _url.parse_url(url, None) == full, url


def test_random_urls_give_what_ada_gives() -> None:
    pytest.importorskip("ada_url", reason="ada-url has no wheels for every Python")
    for url, base in random_urls(2, 20_000):
        assert ours(url, base) == by_ada(url, base), (url, base)
