"""Arguments, and the errors about wrong ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.tls import AUTHORITY

from trio_ws_dom._cli._arguments import Arguments, EchoArguments, Outgoing, parse
from trio_ws_dom._cli._connect_options import complete_url, connect_options
from trio_ws_dom._cli._main import main

if TYPE_CHECKING:
    from pathlib import Path

URL = "ws://peer.test/"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), 'expected a URL, or "demo", or "echo"'),
        ((URL, "--wait", "x"), "--wait: expected seconds, 0 or more, got 'x'"),
        ((URL, "--wait", "-1"), "--wait: expected seconds, 0 or more, got '-1'"),
        ((URL, "--open-timeout", "nan"), "--open-timeout: expected seconds, 0 or more, got 'nan'"),
        ((URL, "--ping-interval", "0"), "--ping-interval: expected seconds, more than 0, got '0'"),
        (
            (URL, "--max-size", "1e6"),
            "--max-size: expected a number of bytes, 0 or more, got '1e6'",
        ),
        ((URL, "--max-size", "-1"), "--max-size: expected a number of bytes, 0 or more, got '-1'"),
        ((URL, "--key", "x"), "expected --key together with --cert, got it alone"),
        ((URL, "--passphrase", "x"), "expected --passphrase together with --cert, got it alone"),
        ((URL, "--ping-timeout", "1"), "expected --ping-timeout together with --ping-interval"),
        ((URL, "--proxy", "http://p:1", "--no-proxy"), "not allowed with argument --proxy"),
        ((URL, "--proxy", "http://p:1", "--unix-socket", "x"), "not allowed with argument --proxy"),
        ((URL, "--text-file", "-", "--send-file", "-"), "expected - (stdin) for one message"),
        (("--plain", "echo"), "expected echo as the first argument"),
        (
            ("--cacert", URL),
            'expected a URL, or "demo", or "echo"; --cacert has a URL as its value',
        ),
        ((URL, "--connect-to", "peer.test"), "--connect-to: expected HOST:PORT, such as"),
        ((URL, "--connect-to", "::1:80"), "--connect-to: expected HOST:PORT, such as"),
        ((URL, "--connect-to", "a:0"), "--connect-to: expected HOST:PORT, such as"),
        ((URL, "--interface", "eth0"), "--interface: expected an IP address of this machine"),
        (
            (URL, "--interface", "::1", "--unix-socket", "x"),
            "--interface or --unix-socket, got both",
        ),
        (("echo", "--port", "65536"), "--port: expected a port, 0 to 65535, got '65536'"),
        (("echo", "--prt", "80"), "there is no option --prt; did you mean --port?"),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(arguments)
    first, second = capsys.readouterr().err.splitlines()
    assert "error: " in first
    assert said in first
    assert second.endswith(" --help lists the options.")


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--opn-timeout", "--open-timeout"),
        ("--insec", "--insecure"),
        ("--subprotokol", "--subprotocol"),
        ("--versoin", "--version"),
        ("--connect", "the URL, without an option"),
        ("--listen", "trio-ws-dom echo --port"),
        ("--no-check", "--insecure"),
        ("--resolve", "--connect-to"),
        ("--port", "trio-ws-dom echo --port"),
    ],
)
def test_a_misspelt_option_names_the_nearest(
    option: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse([option, "x"])
    assert f"there is no option {option}; did you mean {meant}?\n" in capsys.readouterr().err


def test_an_option_like_no_other_has_no_hint(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse([URL, "--frob=hunter2"])
    assert "there is no option --frob\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "endpoint"), [("peer.test:80", ("peer.test", 80)), ("[::1]:8443", ("::1", 8443))]
)
def test_where_to_connect(given: str, endpoint: tuple[str, int]) -> None:
    arguments = parse([URL, "--connect-to", given, "--interface", "127.0.0.2"])
    assert isinstance(arguments, Arguments)
    options = connect_options(arguments)
    assert (options.get("connect_to"), options.get("local_address")) == (endpoint, "127.0.0.2")


def test_surplus_arguments_are_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse([URL, "-H", "Authorization:", "Bearer", "hunter2"])
    error = capsys.readouterr().err
    assert "got more arguments than expected (by 2); is something with spaces not in" in error
    assert "hunter2" not in error


def test_messages_are_in_the_order_of_the_arguments() -> None:
    parsed = parse([URL, "--send-file", "a", "-m", "b", "--text-file", "c", "--message", "d"])
    assert isinstance(parsed, Arguments)
    assert parsed.outgoing == [
        Outgoing("binary file", "a"),
        Outgoing("text", "b"),
        Outgoing("text file", "c"),
        Outgoing("text", "d"),
    ]


def test_echo_has_arguments_of_its_own() -> None:
    assert parse(["echo"]) == EchoArguments(host="127.0.0.1", port=8080)
    assert parse(["echo", "--port", "0", "--host", "::1"]) == EchoArguments(host="::1", port=0)


@pytest.mark.parametrize("command", [(), ("echo",)])
def test_help_fits_a_terminal(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        parse([*command, "--help"])
    text = capsys.readouterr().out
    words = ("--port", "/close/CODE") if command else ("--subprotocol", "exit status:", "echo")
    assert all(word in text for word in words)
    assert max(map(len, text.splitlines())) <= 80


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse(["--version"])
    assert capsys.readouterr().out.startswith("trio-ws-dom ")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("peer.test", "ws://peer.test"),
        ("peer.test:80/x", "ws://peer.test:80/x"),
        ("127.1:80", "ws://127.1:80"),
        ("1.example", "ws://1.example"),
        ("2130706433", "ws://2130706433"),
        ("wss://peer.test", "wss://peer.test"),
        ("https://peer.test", "https://peer.test"),
        ("ws:peer.test", "ws:peer.test"),
        ("wss:/peer.test", "wss:/peer.test"),
        ("ws:80/x", "ws://ws:80/x"),
        ("ftp://peer.test", "ftp://peer.test"),
    ],
)
def test_a_url_without_a_scheme_is_ws(given: str, url: str) -> None:
    assert complete_url(given) == url


@pytest.fixture
def errors(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Errors:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.chdir(tmp_path)
    return Errors(capfd)


class Errors:
    """Run the program with arguments that are wrong."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str) -> str:
        """Run it, and return the text of its error."""
        assert main(arguments) == 2
        text = self._capture.readouterr().err
        assert text.startswith("trio-ws-dom: error: ")
        assert text.count("\n") == 1
        return text.removeprefix("trio-ws-dom: error: ").removesuffix("\n")


@pytest.mark.parametrize("number", ["9207", ":9207", "9207/room?token=x", "ws://9207", "09207#x"])
def test_a_number_instead_of_a_url_is_refused(errors: Errors, number: str) -> None:
    assert errors(number).replace("09207", "9207") == (
        "expected a URL or a host, got the number 9207; for that port of this machine:"
        " trio-ws-dom ws://localhost:9207"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("http+x://a/",), "expected a URL with the scheme ws, wss, http or https, got 'http+x:"),
        (("wss://ada:hunter2/@peer.test",), "expected a valid URL"),
        ((f"{URL}#b",), "without a fragment"),
        ((URL, "-s", "bad name"), "subprotocol 1: expected a token"),
        ((URL, "-s", "hunter2", "-s", "hunter2"), "subprotocol 2: expected each subprotocol once"),
        ((URL, "-H", "hunter2"), "--header: expected 'NAME: VALUE', got no colon"),
        (
            (URL, "-H", "Upgrade: h2c"),
            "expected no header Upgrade, which the handshake sets",
        ),
        ((URL, "-b", "hunter2"), "--cookie: expected NAME=VALUE, got no ="),
        ((URL, "--cacert", "nothing"), "--cacert nothing: No such file or directory"),
        ((URL, "--cacert", os.curdir), "--cacert .: Is a directory"),
        ((URL, "--cert", "nothing"), "--cert nothing: No such file or directory"),
    ],
)
def test_arguments_that_cannot_be_used(
    errors: Errors, arguments: tuple[str, ...], said: str
) -> None:
    text = errors(*arguments)
    assert said in text
    assert "hunter2" not in text


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Write a certificate, without its key, which is in key.pem, and with it in both.pem."""
    issued = AUTHORITY.issue_cert("client@peer.test")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    AUTHORITY.issue_cert("other@peer.test").private_key_pem.write_to_path(
        str(tmp_path / "other.pem")
    )
    (tmp_path / "junk.pem").write_bytes(b"\x30\x82\x00\xff")
    return tmp_path / "cert.pem"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--cacert junk.pem", "--cacert junk.pem: expected certificates in PEM form"),
        ("--cert junk.pem", "--cert junk.pem: expected a certificate in PEM form"),
        (
            "--cert cert.pem",
            "--cert cert.pem: expected a private key in PEM form (-----BEGIN ...), got none;"
            " --key names a file of its own",
        ),
        ("--cert cert.pem --key cert.pem", "--key cert.pem: expected a private key in PEM form"),
        ("--cert key.pem", "--cert key.pem: expected a certificate in PEM form"),
        (
            "--cert cert.pem --key other.pem",
            "--cert cert.pem, --key other.pem: key values mismatch",
        ),
    ],
)
def test_certificates_of_the_wrong_kind(
    errors: Errors, certificate: Path, arguments: str, said: str
) -> None:
    assert errors(URL, *arguments.split()).startswith(said)


def test_broken_certificates_are_explained(errors: Errors, certificate: Path) -> None:
    for name, mark in (("broken.pem", "CERTIFICATE"), ("broken.key", "PRIVATE KEY")):
        certificate.with_name(name).write_text(f"-----BEGIN {mark}-----\n!\n-----END {mark}-----\n")
    assert errors(URL, "--cacert", "broken.pem").startswith("--cacert broken.pem: ")
    said = errors(URL, "--cert", "cert.pem", "--key", "broken.key")
    assert said.startswith("--cert cert.pem, --key broken.key: ")
