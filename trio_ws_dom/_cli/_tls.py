"""The TLS context that the arguments ask for."""

from __future__ import annotations

import os
import ssl
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, final

from ._bad_argument import BadArgument
from ._text import escape, file_error

if TYPE_CHECKING:
    from ._arguments import Arguments


def make_ssl_context(arguments: Arguments) -> ssl.SSLContext:
    """Return a context with the authorities and the client's certificate of the arguments.

    Raises:
      BadArgument: a file cannot be used.
    """
    if arguments.cacert is not None:
        _expect("--cacert", arguments.cacert, b"CERTIFICATE-----", "certificates")
    try:
        context = ssl.create_default_context(cafile=arguments.cacert)
    except ssl.SSLError as exc:
        raise BadArgument(f"--cacert {arguments.cacert}: {_reason(exc)}") from exc
    if arguments.cert is not None:
        _load_certificate(context, arguments.cert, arguments.key, arguments.passphrase)
    if arguments.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load_certificate(
    context: ssl.SSLContext, cert: str, key: str | None, source: str | None
) -> None:
    _expect("--cert", cert, b"CERTIFICATE-----", "a certificate")
    option, path = ("--cert", cert) if key is None else ("--key", key)
    _expect(option, path, b"PRIVATE KEY-----", "a private key")
    passphrase = _Passphrase(source, path)
    try:
        context.load_cert_chain(cert, key, passphrase)
    except (ssl.SSLError, ValueError) as exc:  # a ValueError: the passphrase is too long
        if passphrase.was_used and getattr(exc, "reason", "") != "KEY_VALUES_MISMATCH":
            raise BadArgument(f"{option} {path}: it has another passphrase") from None
        both = cert if key is None else f"{cert}, --key {key}"
        raise BadArgument(f"--cert {both}: {_reason(exc)}") from exc


def _expect(option: str, path: str, mark: bytes, what: str) -> None:
    """Look for a mark in a file, as OpenSSL's own errors name neither file nor remedy.

    Raises:
      BadArgument: it is not there, or the file cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as exc:
        raise BadArgument(f"{option} {file_error(path, exc)}") from exc
    if mark not in data:
        hint = "; --key names a file of its own" if (option, mark[:1]) == ("--cert", b"P") else ""
        raise BadArgument(
            f"{option} {path}: expected {what} in PEM form (-----BEGIN ...), got none{hint}"
        )


def _reason(exc: Exception) -> str:
    """Say in OpenSSL's words what is wrong, without the line of its source."""
    reason = getattr(exc, "reason", None)
    return str(reason or exc).replace("_", " ").lower()


@final
class _Passphrase:
    """The source of a key's passphrase, which OpenSSL calls if the key is encrypted.

    It is never an argument itself: every user of the machine can see the arguments of a process.

    Args:
      source: of ``--passphrase``.
      path: the key's file.
    """

    def __init__(self, source: str | None, path: str) -> None:
        self._source = source
        self._path = path
        self.was_used = False

    def __call__(self) -> str:
        self.was_used = True
        if self._source is None:
            return self._ask()
        kind, _, name = self._source.partition(":")
        if kind == "env":
            if name not in os.environ:
                raise BadArgument(f"--passphrase: the environment has no variable {name}")
            return os.environ[name]
        if kind == "file":
            try:
                return Path(name).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
            except OSError as exc:
                raise BadArgument(f"--passphrase {file_error(name, exc)}") from exc
        # it is not shown, as it may be the passphrase
        raise BadArgument("--passphrase: expected env:NAME or file:PATH, got something else")

    def _ask(self) -> str:
        if sys.stdin is None or not sys.stdin.isatty():
            raise BadArgument(
                f"{self._path} is encrypted: expected --passphrase env:NAME or file:PATH, got none"
            )
        return getpass(f"Passphrase of {escape(self._path)}: ")
