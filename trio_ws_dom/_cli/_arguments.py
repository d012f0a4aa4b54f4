"""The command line's arguments."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .. import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_WAIT: Final = 1.0
"""Seconds without a message after which a conversation whose input has ended is over."""

_DESCRIPTION: Final = """\
Talk to a WebSocket server: what you type is sent, line by line, and what comes is shown.
The URL "demo" is a chat that runs in this program: a room with a bot, to try things out.
"""

_EPILOG: Final = """\
In a terminal, a line that begins with / is a command: /help lists them; //text sends /text.
Ctrl-D closes with 1000, Ctrl-C with 1001; a second Ctrl-C resets the connection.

In a pipe, each line of stdin is sent as a text message, and each message is written to stdout as
a line, a binary one in hexadecimal. When stdin ends, and no message came for --wait seconds, the
connection is closed with 1000. With --binary, bytes are sent and written as they come.

exit status:
  0  closed cleanly, with code 1000, 1001 or none, or with the code that /close gave
  1  lost, or closed uncleanly; or a file could not be read or written, or stdout
  2  the arguments were wrong
  3  not opened: not reached, or refused
  4  closed cleanly by the server, with another code than these
  130, 143, 129  Ctrl-C, or the signal TERM or HUP, after the closing handshake
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What the arguments say."""

    url: str
    subprotocol: list[str]
    header: list[str]
    origin: str | None
    cookie: list[str]
    cookie_jar: str | None
    compression: bool
    proxy: str | None
    no_proxy: bool
    open_timeout: float | None
    close_timeout: float | None
    ping_interval: float | None
    ping_timeout: float | None
    max_size: int | None
    cacert: str | None
    cert: str | None
    key: str | None
    insecure: bool
    message: list[str]
    send_file: list[str]
    binary: bool
    wait: float
    json: bool
    trace: bool
    har: str | None
    har_credentials: bool
    verbose: bool
    plain: bool

    @property
    def one_shot(self) -> bool:
        """Whether all that is to be sent is among the arguments."""
        return bool(self.message or self.send_file)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trio-ws-dom",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("url", metavar="URL", help='where to; without a scheme, ws://; or "demo"')
    parser.add_argument("--version", action="version", version=f"trio-ws-dom {__version__}")
    _add_messages(parser)
    _add_output(parser)
    _add_handshake(parser)
    _add_proxy(parser)
    _add_tls(parser)
    _add_limits(parser)
    return parser


def _add_messages(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is sent")
    add = group.add_argument
    add(
        "-m",
        "--message",
        action="append",
        default=[],
        metavar="TEXT",
        help="send this, and read no input; may be repeated",
    )
    add(
        "--send-file",
        action="append",
        default=[],
        metavar="FILE",
        help="send the file as one binary message, and read no input; may be repeated",
    )
    add("--binary", action="store_true", help="send what comes from stdin as binary messages")
    add(
        "-w",
        "--wait",
        type=_seconds,
        default=DEFAULT_WAIT,
        metavar="SECONDS",
        help="how long to wait for messages when there is nothing more to send, counted afresh"
        f" from each (default: {DEFAULT_WAIT:g}; inf: until the server closes)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is shown")
    add = group.add_argument
    add("--json", action="store_true", help="write each event as a line of JSON")
    add("--trace", action="store_true", help="show the handshake and each frame")
    add("--har", metavar="FILE", help="save all that went over the wire as a HAR file")
    add(
        "--har-credentials",
        action="store_true",
        help="keep the values of Authorization, Cookie and the like in it",
    )
    add(
        "-v",
        "--verbose",
        action="store_true",
        help="show the log; in a pipe, also how the connection opens and closes",
    )
    add("--plain", action="store_true", help="no colours, and no editing of the line")


def _add_handshake(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the handshake")
    add = group.add_argument
    add(
        "-s",
        "--subprotocol",
        action="append",
        default=[],
        metavar="NAME",
        help="ask for this subprotocol; may be repeated, the preferred first",
    )
    add(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="one more header; may be repeated",
    )
    add("-o", "--origin", help="the Origin header, as a page has it")
    add(
        "-b",
        "--cookie",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="send this cookie; may be repeated",
    )
    add(
        "--cookie-jar",
        metavar="FILE",
        help="send what fits of this file (of Netscape's form, as curl has it), and save there"
        " what the server sets",
    )
    add(
        "--no-compression",
        dest="compression",
        action="store_false",
        help="do not offer permessage-deflate",
    )


def _add_proxy(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the way there")
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--proxy",
        metavar="URL",
        help="connect through this proxy (default: as the environment says)",
    )
    either.add_argument("--no-proxy", action="store_true", help="connect without a proxy")


def _add_tls(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("TLS")
    add = group.add_argument
    add("--cacert", metavar="FILE", help="trust these authorities, in place of the system's")
    add("--cert", metavar="FILE", help="the client's certificate")
    add("--key", metavar="FILE", help="the certificate's key, if it is not in the same file")
    add("-k", "--insecure", action="store_true", help="do not verify the server")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    add = group.add_argument
    add("--open-timeout", type=_seconds, metavar="SECONDS", help="for opening (default: 60)")
    add("--close-timeout", type=_seconds, metavar="SECONDS", help="for closing (default: 10)")
    add("--ping-interval", type=_seconds, metavar="SECONDS", help="ping so often (default: never)")
    add(
        "--ping-timeout",
        type=_seconds,
        metavar="SECONDS",
        help="how long a server may be silent behind a ping (default: the interval)",
    )
    add(
        "--max-size",
        type=int,
        metavar="BYTES",
        help="of a message received; 0: no limit (default: 16 MiB)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if math.isnan(seconds) or seconds < 0:
        raise argparse.ArgumentTypeError(f"expected 0 seconds or more, got {text}")
    return seconds


def parse(arguments: Sequence[str] | None = None) -> Arguments:
    """What the command line says; leaves the program with 2 if it is wrong."""
    parser = make_parser()
    parsed = Arguments(**vars(parser.parse_args(arguments)))
    if parsed.key is not None and parsed.cert is None:
        parser.error("--key wants a --cert")
    return parsed
