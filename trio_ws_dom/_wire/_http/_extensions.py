"""The header ``Sec-WebSocket-Extensions``, by the grammar of RFC 6455 section 9.1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, final

Parameters = list[tuple[str, str | None]]
"""Names and values, in order. A value is None where there is no ``=``."""

# RFC 9110 section 5.6.2. The tokens of RFC 2616, to which RFC 6455 refers, are the same.
TOKEN: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")

_SPACE: Final = re.compile(r"[ \t]*")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_SHOWN: Final = 100
"""Characters of a header that an error shows."""


@final
class ExtensionSyntaxError(ValueError):
    """The header does not follow the grammar."""


def parse_extensions(lines: Iterable[str]) -> list[tuple[str, Parameters]]:
    """Parse a header, given as the values of its lines.

    Several lines are one list, as if joined by commas (RFC 6455 section 9.1). Elements of a list
    must not be empty, as in browsers.

    Raises:
      ExtensionSyntaxError: what was expected, and where.
    """
    scanner = _Scanner(", ".join(lines))
    extensions = [_extension(scanner)]
    while scanner.skip(","):
        extensions.append(_extension(scanner))
    if not scanner.at_end():
        raise scanner.error("',', ';' or the end")
    return extensions


def _extension(scanner: _Scanner) -> tuple[str, Parameters]:
    name = scanner.token("an extension's name")
    parameters: Parameters = []
    while scanner.skip(";"):
        parameter = scanner.token("a parameter's name")
        parameters.append((parameter, scanner.value() if scanner.skip("=") else None))
    return name, parameters


@final
class _Scanner:
    """A position in the header's text, which advances over what is found there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._skip_space()

    def at_end(self) -> bool:
        return self._position == len(self._text)

    def skip(self, delimiter: str) -> bool:
        """Return whether the delimiter is next, and if so, advance over it and the space after."""
        found = self._text.startswith(delimiter, self._position)
        if found:
            self._move(self._position + len(delimiter))
        return found

    def token(self, expected: str) -> str:
        match = TOKEN.match(self._text, self._position)
        if match is None:
            raise self.error(expected)
        self._move(match.end())
        return match[0]

    def value(self) -> str:
        """Return a parameter's value.

        A token, or a quoted and escaped token (section 9.1).
        """
        match = _QUOTED.match(self._text, self._position)
        if match is None:
            return self.token("a parameter's value")
        value = _ESCAPE.sub(r"\1", match[1])
        if not TOKEN.fullmatch(value):
            raise self.error("a token in the quotes")
        self._move(match.end())
        return value

    def error(self, expected: str) -> ExtensionSyntaxError:
        text = repr(self._text) if len(self._text) <= _SHOWN else f"{self._text[:_SHOWN]!r}..."
        return ExtensionSyntaxError(f"expected {expected} at position {self._position} of {text}")

    def _move(self, position: int) -> None:
        self._position = position
        self._skip_space()

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._position)
        assert match is not None  # the pattern matches the empty string, too
        self._position = match.end()
