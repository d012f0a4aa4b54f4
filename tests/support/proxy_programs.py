"""Real proxy programs, as Debian packages them, on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.patience import PATIENCE
from support.tls import AUTHORITY

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

FORBIDDEN_PORT = 8765
"""A port to which a program that has rules allows no connection."""

PASSWORD = "hunter2"
"""The password of the user "user", where a program wants credentials."""

SYSTEM = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def path_of(program: str) -> str:
    """Return a program's path. Tests with the marker ``needs`` run only where it is installed."""
    path = shutil.which(program, path=SYSTEM)
    assert path is not None, f"{program} is not installed"
    return path


def free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, folder: Path) -> Generator[None]:
    """Run a program, from when it listens to the end of the block."""
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            _await_listener(process, port, folder / "output")
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _await_listener(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"{process.args!r} does not listen on {port}: {output.read_text()}")


@contextmanager
def tinyproxy(folder: Path, scheme: str, *, credentials: bool) -> Generator[int]:
    """Run an HTTP proxy, for one user if there are credentials."""
    assert scheme == "http"
    path, port = path_of("tinyproxy"), free_port()
    rules = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20"]
    if credentials:
        rules.append(f"BasicAuth user {PASSWORD}")
    (folder / "filter").write_text("^forbidden[.]test$\n")
    rules.append(f'Filter "{folder / "filter"}"')
    (folder / "conf").write_text("\n".join(rules) + "\n")
    with running([path, "-d", "-c", str(folder / "conf")], port, folder):
        yield port


@contextmanager
def squid(folder: Path, scheme: str, *, credentials: bool) -> Generator[int]:
    """Run an HTTP proxy, by TLS for the scheme https, which accepts any credentials if it wants
    some."""
    path, port = path_of("squid"), free_port()
    built = subprocess.run([path, "-v"], capture_output=True, text=True, check=True).stdout
    helper = Path("/usr/lib/squid/basic_fake_auth")
    if scheme == "https" and "--with-openssl" not in built:
        pytest.skip("this squid is without OpenSSL (Debian: apt-get install squid-openssl)")
    if credentials and not helper.exists():
        pytest.skip(f"this squid has no {helper}")
    certificate = folder / "squid.pem"
    AUTHORITY.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    access = [f"auth_param basic program {helper}", "acl admitted proxy_auth REQUIRED"]
    rules = [
        f"{scheme}_port 127.0.0.1:{port}" + f" tls-cert={certificate}" * (scheme == "https"),
        "visible_hostname squid.test",
        "pid_filename none",
        "access_log none",
        f"cache_log {os.devnull}",
        "netdb_filename none",
        "cache deny all",
        "shutdown_lifetime 0 seconds",
        f"acl forbidden port {FORBIDDEN_PORT}",
        "http_access deny forbidden",
        *(access if credentials else ["acl admitted src 127.0.0.1"]),
        "http_access allow admitted",
        "http_access deny all",
    ]
    (folder / "conf").write_text("\n".join(rules) + "\n")
    with running([path, "-N", "-f", str(folder / "conf")], port, folder):
        yield port


@contextmanager
def microsocks(folder: Path, scheme: str, *, credentials: bool) -> Generator[int]:
    """Run a SOCKS5 proxy, for one user if there are credentials."""
    assert scheme in ("socks5", "socks5h")
    path, port = path_of("microsocks"), free_port()
    admission = ["-u", "user", "-P", PASSWORD] if credentials else []
    with running([path, "-i", "127.0.0.1", "-p", str(port), *admission], port, folder):
        yield port


@contextmanager
def dante(folder: Path, scheme: str, *, credentials: bool) -> Generator[int]:
    """Run a SOCKS4 and SOCKS5 proxy, without credentials, as its users would be the system's.

    It does not know SOCKS4A, and takes its 0.0.0.1, which means a name, as an address.
    """
    assert scheme.startswith("socks")
    assert not credentials
    path, port = path_of("danted"), free_port()
    rules = [
        "logoutput: stderr",
        f"internal: 127.0.0.1 port = {port}",
        "external: lo",
        "clientmethod: none",
        "socksmethod: none",
        *(["user.unprivileged: nobody"] if os.geteuid() == 0 else []),
        "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }",
        f"socks block {{ from: 0.0.0.0/0 to: 0.0.0.0/0 port = {FORBIDDEN_PORT} }}",
        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }",
    ]
    (folder / "conf").write_text("\n".join(rules) + "\n")
    command = [path, "-f", str(folder / "conf"), "-p", str(folder / "pid")]
    with running(command, port, folder):
        yield port


PACKAGES: dict[object, tuple[str, str]] = {
    tinyproxy: ("tinyproxy", "tinyproxy"),
    squid: ("squid", "squid-openssl"),
    microsocks: ("microsocks", "microsocks"),
    dante: ("danted", "dante-server"),
}
"""The program and its package of Debian."""
