"""The passphrase of the client's key, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from support.tls import AUTHORITY

from trio_ws_dom._cli import _tls
from trio_ws_dom._cli._arguments import Arguments, parse
from trio_ws_dom._cli._bad_argument import BadArgument

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key that "hunter2" decrypts, with its certificate in cert.pem."""
    monkeypatch.chdir(tmp_path)
    issued = AUTHORITY.issue_cert("client@peer.test")
    issued.cert_chain_pems[0].write_to_path("cert.pem")
    plain = load_pem_private_key(issued.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(b"hunter2")
    path = tmp_path / "key.pem"
    path.write_bytes(
        plain.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption)
    )
    return path


def load(*arguments: str) -> None:
    parsed = parse(["wss://peer.test/", "--cert", "cert.pem", "--key", "key.pem", *arguments])
    assert isinstance(parsed, Arguments)
    _tls.make_ssl_context(parsed)


def test_a_passphrase_of_the_environment(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    load("--passphrase", "env:SECRET")


def test_a_passphrase_of_a_file(key: Path) -> None:
    key.with_name("secret").write_bytes(b"hunter2\r\nmore")
    load("--passphrase", "file:secret")


def test_a_passphrase_that_is_typed(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return "hunter2"

    monkeypatch.setattr(_tls, "getpass", getpass)
    load()
    assert asked == ["Passphrase of key.pem: "]


def test_a_key_without_encryption_needs_none(key: Path) -> None:
    issued = AUTHORITY.issue_cert("other@peer.test")
    issued.private_key_and_cert_chain_pem.write_to_path("cert.pem")
    issued.private_key_pem.write_to_path("key.pem")
    load("--passphrase", "file:nothing")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "key.pem is encrypted: expected --passphrase env:NAME or file:PATH, got none"),
        (("--passphrase", "hunter2"), "--passphrase: expected env:NAME or file:PATH"),
        (("--passphrase", "env:NOTHING"), "--passphrase: the environment has no variable NOTHING"),
        (("--passphrase", "file:nothing"), "--passphrase nothing: No such file or directory"),
        (("--passphrase", "file:wrong"), "--key key.pem: it has another passphrase"),
        (("--passphrase", "file:long"), "--key key.pem: it has another passphrase"),
    ],
)
def test_a_passphrase_that_does_not_fit(
    key: Path, arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    key.with_name("wrong").write_text("hunter3")
    key.with_name("long").write_text("x" * 10_000)
    with pytest.raises(BadArgument) as caught:
        load(*arguments)
    assert str(caught.value).startswith(said)
    assert "hunter" not in str(caught.value)
