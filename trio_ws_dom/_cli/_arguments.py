"""Parse the command line's arguments."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from .. import __compiled__, __version__
from ._help import DESCRIPTION, ECHO_DESCRIPTION, ECHO_USAGE, EPILOG, MESSAGES, USAGE
from ._parser import Parser, endpoint, interval, ip_address, port, seconds, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DEFAULT_WAIT: Final = 1.0
"""Seconds without a message after which a conversation whose input has ended is over."""

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8080

_TOGETHER: Final = {"key": "cert", "passphrase": "cert", "ping_timeout": "ping_interval"}
"""Options, each with another that it needs."""

_APART: Final = {"connect_to": "unix_socket", "interface": "unix_socket"}
"""Options, each with another that leaves it nothing to do."""


Kind = Literal["text", "text file", "binary file"]


class Outgoing(NamedTuple):
    """A message among the arguments.

    Attributes:
      kind: what ``value`` is: the text itself, or the path of a file that holds the message.
      value: a path of "-" means stdin.
    """

    kind: Kind
    value: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The arguments of a conversation, as ``--help`` describes them."""

    url: str
    subprotocol: list[str]
    header: list[str]
    origin: str | None
    cookie: list[str]
    cookie_jar: str | None
    compression: bool
    proxy: str | None
    no_proxy: bool
    unix_socket: str | None
    connect_to: tuple[str, int] | None
    interface: str | None
    open_timeout: float | None
    close_timeout: float | None
    ping_interval: float | None
    ping_timeout: float | None
    max_size: int | None
    cacert: str | None
    cert: str | None
    key: str | None
    passphrase: str | None
    insecure: bool
    outgoing: list[Outgoing]
    binary: bool
    wait: float
    json: bool
    trace: bool
    har: str | None
    show_secrets: bool
    verbose: bool
    plain: bool

    @property
    def one_shot(self) -> bool:
        """Whether the arguments hold all that will be sent."""
        return bool(self.outgoing)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EchoArguments:
    """The arguments of ``trio-ws-dom echo``."""

    host: str
    port: int


def parse(arguments: Sequence[str] | None = None) -> Arguments | EchoArguments:
    """Parse the arguments, or exit with status 2 if they are wrong.

    Args:
      arguments: without the program's name. None: those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["echo"]:
        return EchoArguments(**_echo_parser().parse(given[1:]))
    parser = _client_parser()
    values = parser.parse(given)
    match values["url"]:
        case None:
            parser.error('expected a URL, or "demo", or "echo"' + _hint_at_url(values))
        case "echo":
            parser.error(
                "expected echo as the first argument, got it after others;"
                " for a host of that name: ws://echo"
            )
        case _:
            pass
    for name, other in _TOGETHER.items():
        if values[name] is not None and values[other] is None:
            parser.error(f"expected {_option(name)} together with {_option(other)}, got it alone")
    for name, other in _APART.items():
        if values[name] is not None and values[other] is not None:
            parser.error(f"expected {_option(name)} or {_option(other)}, got both")
    if sum(message.value == "-" for message in values["outgoing"]) > 1:
        parser.error("expected - (stdin) for one message at most")
    return Arguments(**values)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _hint_at_url(values: Mapping[str, object]) -> str:
    """Return a hint at an option whose value is missing, so that the URL was taken for it."""
    for name, value in values.items():
        if isinstance(value, str) and "://" in value:
            return f"; {_option(name)} has a URL as its value: is that value missing?"
    return ""


def _client_parser() -> Parser:
    parser = Parser("trio-ws-dom", USAGE, DESCRIPTION, EPILOG)
    parser.add_argument("url", metavar="URL", nargs="?", help='without a scheme, ws://; or "demo"')
    parser.add_argument(
        "--version",
        action="version",
        version=f"trio-ws-dom {__version__} ({'compiled' if __compiled__ else 'pure Python'})",
        help="show the version and exit",
    )
    _add_messages(parser.group("messages", MESSAGES))
    _add_output(parser.group("output"))
    _add_handshake(parser.group("handshake"))
    _add_route(parser.group("proxy", exclusive=True))
    _add_addresses(parser.group("addresses"))
    _add_tls(parser.group("TLS"))
    _add_limits(parser.group("limits"))
    return parser


def _echo_parser() -> Parser:
    parser = Parser("trio-ws-dom echo", ECHO_USAGE, ECHO_DESCRIPTION, "")
    add = parser.group("address")
    add(
        "--host",
        metavar="ADDRESS",
        default=DEFAULT_HOST,
        help=f"the address to listen on (default: {DEFAULT_HOST}, which other machines do not"
        " reach)",
    )
    add(
        "--port",
        type=port,
        metavar="PORT",
        default=DEFAULT_PORT,
        help=f"the port to listen on; 0: any free one (default: {DEFAULT_PORT})",
    )
    return parser


def _add_messages(add: Callable[..., None]) -> None:
    options: list[tuple[tuple[str, ...], Kind, str, str]] = [
        (("-m", "--message"), "text", "TEXT", "send this text"),
        (("--text-file",), "text file", "FILE", "send the file as one text message"),
        (("--send-file",), "binary file", "FILE", "send the file as one binary message"),
    ]
    for names, kind, metavar, text in options:
        add(
            *names,
            dest="outgoing",
            action="append",
            type=partial(Outgoing, kind),
            default=[],
            metavar=metavar,
            help=text + ("; -: all of stdin" if metavar == "FILE" else ""),
        )
    add(
        "--binary",
        action="store_true",
        help="send the bytes of stdin as they come, as binary messages, and write messages to"
        " stdout as they are",
    )
    add(
        "-w",
        "--wait",
        type=seconds,
        default=DEFAULT_WAIT,
        metavar="SECONDS",
        help="how long to wait for another message when there is nothing more to send"
        f" (default: {DEFAULT_WAIT:g}; inf: until the server closes)",
    )


def _add_output(add: Callable[..., None]) -> None:
    add("--json", action="store_true", help="write each event as a line of JSON")
    add("--trace", action="store_true", help="show the handshake and each frame")
    add("--har", metavar="FILE", help="save everything that goes over the wire as a HAR file")
    add(
        "--show-secrets",
        action="store_true",
        help="show the query, subprotocols, cookies and headers, which are [redacted] otherwise",
    )
    add(
        "-v",
        "--verbose",
        action="store_true",
        help="show the log; in a pipe, also how the connection opens and closes",
    )
    add("--plain", action="store_true", help="no colours, and no editing of the line")


def _add_handshake(add: Callable[..., None]) -> None:
    add(
        "-s",
        "--subprotocol",
        action="append",
        default=[],
        metavar="NAME",
        help="ask for this subprotocol; may be repeated, the preferred one first",
    )
    add(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="one more header; may be repeated",
    )
    add("-o", "--origin", help="the Origin header, as a browser sends its page's")
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
        help="send the cookies of this file that fit, and save those that the server sets in it"
        " (its format is Netscape's, as curl's is)",
    )
    add(
        "--no-compression",
        dest="compression",
        action="store_false",
        help="do not offer permessage-deflate",
    )


def _add_route(add: Callable[..., None]) -> None:
    add(
        "--proxy",
        metavar="URL",
        help="connect through this proxy (default: the environment's, if it names one)",
    )
    add("--no-proxy", action="store_true", help="connect without a proxy")
    add(
        "--unix-socket",
        metavar="PATH",
        help="connect to this Unix socket; the URL's host is for the handshake only",
    )


def _add_addresses(add: Callable[..., None]) -> None:
    add(
        "--connect-to",
        type=endpoint,
        metavar="HOST:PORT",
        help="connect to this host and port; all else stays with the URL",
    )
    add(
        "--interface",
        type=ip_address,
        metavar="ADDRESS",
        help="connect from this IP address of this machine",
    )


def _add_tls(add: Callable[..., None]) -> None:
    add("--cacert", metavar="FILE", help="trust these authorities, instead of the system's")
    add("--cert", metavar="FILE", help="the client's certificate, in PEM form")
    add("--key", metavar="FILE", help="the certificate's key, if it is not in the same file")
    add(
        "--passphrase",
        metavar="SOURCE",
        help="where the key's passphrase is: env:NAME, a variable of the environment, or"
        " file:PATH, a file's first line (default: ask at the terminal)",
    )
    add("-k", "--insecure", action="store_true", help="do not verify the server")


def _add_limits(add: Callable[..., None]) -> None:
    add(
        "--open-timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up opening after this time (default: 60)",
    )
    add(
        "--close-timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up closing after this time (default: 10)",
    )
    add(
        "--ping-interval",
        type=interval,
        metavar="SECONDS",
        help="send a Ping this often (default: never)",
    )
    add(
        "--ping-timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up a server that is silent for this long after a Ping (default: the interval)",
    )
    add(
        "--max-size",
        type=size,
        metavar="BYTES",
        help="the largest message to accept; 0: any (default: 16 MiB)",
    )
