"""An argparse parser with short errors, and the types of arguments."""

from __future__ import annotations

import argparse
import difflib
import ipaddress
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from ._exit_status import USAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What other programs of this kind call it, and what it is here.
_ELSEWHERE: Final = {
    "-c": "the URL, without an option",
    "--connect": "the URL, without an option",
    "-x": "-m",
    "--execute": "-m",
    "-l": "trio-ws-dom echo --port",
    "--listen": "trio-ws-dom echo --port",
    "-n": "--insecure",
    "--no-check": "--insecure",
    "--ca": "--cacert",
    "--auth": "USER:PASSWORD@ in the URL",
    "-u": "USER:PASSWORD@ in the URL",
    "-P": "--trace",
    "--show-ping-pong": "--trace",
    "-t": "--text-file - (all of stdin as one message)",
    "--timeout": "--open-timeout",
    "--max-message-size": "--max-size",
    "--resolve": "--connect-to",
    "--local-address": "--interface",
    "--host": "trio-ws-dom echo --host",
    "--port": "trio-ws-dom echo --port",
}

_ENDPOINT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/]+)):(\d{1,5})", re.ASCII)


@final
class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and name the option that was probably meant."""

    def __init__(self, name: str, usage: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=name,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._options = ["--help", "-h", "--version"]

    def group(
        self, title: str, description: str = "", *, exclusive: bool = False
    ) -> Callable[..., None]:
        """Return the ``add_argument`` of a new group of options.

        Args:
          exclusive: whether they exclude each other.
        """
        titled = self.add_argument_group(title, description or None)
        group = titled.add_mutually_exclusive_group() if exclusive else titled

        def add(*names: str, **details: Any) -> None:
            group.add_argument(*names, **details)
            self._options += names

        return add

    def parse(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Return each argument's value, or exit with status 2 if they are wrong."""
        parsed, surplus = self.parse_known_args(arguments)
        for argument in surplus:
            if argument.startswith("-"):
                self.error(self._unknown(argument.partition("=")[0]))
        if surplus:  # they are not quoted: `-H Authorization: Bearer hunter2` leaves a secret over
            self.error(
                f"got more arguments than expected (by {len(surplus)});"
                " is something with spaces not in quotes, as in -H 'NAME: VALUE'?"
            )
        return vars(parsed)

    def _unknown(self, name: str) -> str:
        begin_alike = [known for known in self._options if known.startswith(name)]
        # without the dashes, which would make any two options alike
        words = {known.lstrip("-"): known for known in self._options}
        near = difflib.get_close_matches(name.lstrip("-"), words, 1)
        alike = begin_alike or [words[word] for word in near]
        hint = _ELSEWHERE.get(name) or (alike[0] if alike else "")
        return f"there is no option {name}" + (f"; did you mean {hint}?" if hint else "")

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: error: {message}\n{self.prog} --help lists the options.\n")


def seconds(text: str) -> float:
    value = _number(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"expected seconds, 0 or more, got {text!r}")
    return value


def interval(text: str) -> float:
    value = _number(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, got {text!r}")
    return value


def _number(text: str) -> float:
    """Return the number, or NaN if there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def size(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected a number of bytes, 0 or more, got {text!r}")
    return int(text)


def port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"expected a port, 0 to 65535, got {text!r}")
    return int(text)


def endpoint(text: str) -> tuple[str, int]:
    parts = _ENDPOINT.fullmatch(text)
    if parts is None or not 0 < int(parts[3]) < 65536:
        raise argparse.ArgumentTypeError(
            f"expected HOST:PORT, such as 127.0.0.1:8443 or [::1]:8443, got {text!r}"
        )
    return parts[1] or parts[2], int(parts[3])


def ip_address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected an IP address of this machine, got {text!r}"
        ) from None
    return text
