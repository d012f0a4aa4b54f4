"""Compare random URLs with ada-url, and with Chromium if there is one, and print the counts."""

from __future__ import annotations

import argparse
import re
import sys
from random import Random
from typing import TYPE_CHECKING
from unicodedata import normalize

from browser.chromium import NoBrowser

from trio_ws_dom._socket._url import _parse_plain

from .oracles import by_ada, by_chromium, ours
from .random_urls import random_url

if TYPE_CHECKING:
    from collections.abc import Iterable

Case = tuple[str, str | None]
AT_ONCE = 20_000  # URLs in a page of Chromium's

# Chromium departs from the standard here (docs/departures.md), in some characters, right-to-left
# labels, and punycode beside other labels
DEPARTURES = re.compile(r"[|*' \u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|(?i:xn--)")


def compare(name: str, cases: Iterable[tuple[Case, str | None]]) -> bool:
    """Print the counts and some of the differences, and return whether there were any."""
    total = accepted = 0
    found: list[str] = []
    for (url, base), expected in cases:
        total += 1
        accepted += expected is not None
        result = ours(url, base)
        if result != expected:
            found.append(f"  {url!a}, base {base}: expected {expected!a}, got {result!a}")
    print(f"{name}: {total:,} URLs, {accepted:,} accepted, {len(found):,} differences")
    print("".join(f"{line}\n" for line in found[:20]), end="")
    return bool(found)


def main() -> bool:
    parser = argparse.ArgumentParser(prog="python -m urls", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random = Random(arguments.seed)
    cases = [random_url(random) for _ in range(arguments.count)]
    plain = sum(base is None and _parse_plain(url) is not None for url, base in cases)
    print(f"{plain:,} of {len(cases):,} take the fast path")
    failed = compare("ada-url", ((case, by_ada(*case)) for case in cases))
    comparable = [case for case in cases if not DEPARTURES.search(normalize("NFKC", case[0]))]
    parts = [comparable[i : i + AT_ONCE] for i in range(0, len(comparable), AT_ONCE)]
    try:
        expected = [href for part in parts for href in by_chromium(part)]
    except NoBrowser as exc:
        print(exc)
        return failed
    return compare("Chromium", zip(comparable, expected, strict=True)) or failed


if __name__ == "__main__":
    sys.exit(main())
