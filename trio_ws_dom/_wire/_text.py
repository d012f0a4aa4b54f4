"""Text from a peer, made safe to show in an error, a log or a terminal."""

from __future__ import annotations

import re
from typing import Final

MAX_SHOWN: Final = 200
"""Characters of any one text of a peer's that a message shows."""

_CREDENTIALS: Final = re.compile(
    r"^(\s*(?:[a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,}))[^/\\?#]*@", re.ASCII | re.IGNORECASE
)
"""The part of a URL up to its host, where it has a user; the slashes as lax as browsers read them.
"""


def escape(text: str) -> str:
    """Replace what is not printable by its escape sequence.

    These are control characters, line ends, marks that change the direction of writing, and lone
    surrogates. What remains cannot command a terminal, fake a line or fail to be encoded.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def abbreviate(text: str) -> str:
    """The start of a text, escaped."""
    return escape(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")


def quote(text: str | None) -> str:
    """The start of a text in quotes, escaped, or the word "none" for a text that is not there."""
    return "none" if text is None else f"'{abbreviate(text)}'"


def without_query(url: str) -> str:
    """A URL without its query and its fragment, where tokens stand."""
    return url.partition("#")[0].partition("?")[0]


def without_credentials(url: str, shown: str = "") -> str:
    """A URL, absolute or relative, without its user and password, or with ``shown`` instead."""
    return _CREDENTIALS.sub(lambda parts: parts[1] + shown, url, count=1)
