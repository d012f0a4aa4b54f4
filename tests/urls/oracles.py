"""The result of an implementation for a URL, which is its serialization, or None as a
SyntaxError."""

from __future__ import annotations

import html
import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from browser.chromium import find_chromium

from trio_ws_dom import DOMException
from trio_ws_dom._socket._url import parse_url

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}

# JavaScript for a page, which returns the results of ``new URL`` for the URLs, with null as error.
PAGE: Final = """<!doctype html><meta charset=utf-8><body><script>
const results = %s.map(([url, base]) => {
  try { return new URL(url, base ?? undefined).href; } catch { return null; }
});
document.body.textContent = JSON.stringify(results);
</script>"""


def ours(url: str, base: str | None) -> str | None:
    try:
        return parse_url(url, base).href
    except DOMException:
        return None


def by_ada(url: str, base: str | None) -> str | None:
    from ada_url import URL  # it has no wheels for some Pythons

    try:
        return as_web_socket(URL(url, base).href)
    except ValueError:
        return None


def by_chromium(urls: Sequence[tuple[str, str | None]]) -> list[str | None]:
    """Return Chromium's results.

    Raises:
      NoBrowser: there is no Chromium on this machine.
    """
    chromium = find_chromium()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(PAGE % json.dumps(urls).replace("<", "\\u003c"))
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/user"]
        command = [chromium, *flags, "--dump-dom", page.as_uri()]
        dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    body = re.search("<body>(.*)</body>", dumped, re.DOTALL)
    assert body, dumped
    return [href and as_web_socket(href) for href in json.loads(html.unescape(body[1]))]


def as_web_socket(href: str) -> str | None:
    """Return the WebSocket constructor's result for a URL that was parsed."""
    scheme, _, rest = href.partition(":")
    return f"{SCHEMES[scheme]}:{rest}" if scheme in SCHEMES and "#" not in href else None
