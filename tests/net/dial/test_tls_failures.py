"""Failures of TLS over real sockets, whose errors name the cause."""

from __future__ import annotations

import datetime
import ssl
import warnings
from typing import TYPE_CHECKING

import pytest
import trio
import trustme
from support.failing import failure_to_open
from support.tls import client_context, server_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trio_ws_dom import WebSocketError


class Server:
    """One connection on loopback, either by TLS with alerts as OpenSSL's own servers, or by
    bytes."""

    def __init__(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        self._listener = listener
        self._nursery = nursery
        self.url = f"wss://127.0.0.1:{listener.socket.getsockname()[1]}/"

    async def failure(
        self, theirs: ssl.SSLContext | bytes, ours: ssl.SSLContext | None = None
    ) -> WebSocketError:
        """Return the error of connecting, by ``ours`` or a context that trusts the tests."""
        self._nursery.start_soon(self._serve, theirs)
        return await failure_to_open(self.url, ssl_context=ours or client_context())

    async def _serve(self, theirs: ssl.SSLContext | bytes) -> None:
        async with await self._listener.accept() as tcp:
            if isinstance(theirs, bytes):
                await tcp.receive_some()
                await tcp.send_all(theirs)
            else:
                await shake_hands(tcp, theirs)
            await tcp.send_eof()
            while await tcp.receive_some():  # otherwise closing resets the connection
                pass


async def shake_hands(tcp: trio.SocketStream, context: ssl.SSLContext) -> None:
    """Perform TLS's handshake, with an alert if it fails, which trio's own servers do not send."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    while data := await tcp.receive_some():
        incoming.write(data)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await tcp.send_all(outgoing.read())
        except ssl.SSLError:
            await tcp.send_all(outgoing.read())
            return


@pytest.fixture
async def server(nursery: trio.Nursery) -> AsyncIterator[Server]:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        yield Server(listener, nursery)


# Certificates, for which the cause has OpenSSL's code, too.


async def test_expired_certificate_is_the_cause(server: Server) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    context = server_context(not_after=yesterday)
    refused(await server.failure(context), 10, "certificate has expired")


async def test_certificate_of_another_host_is_the_cause(server: Server) -> None:
    error = await server.failure(server_context("other.test"))
    refused(error, 64, "certificate is not valid for '127.0.0.1'")


async def test_self_signed_certificate_is_the_cause(server: Server) -> None:
    stranger = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with stranger.private_key_pem.tempfile() as key, stranger.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    refused(await server.failure(context), 18, "self-signed certificate")


async def test_unknown_authority_is_the_cause(server: Server) -> None:
    error = await server.failure(server_context(ca=trustme.CA()))
    refused(error, 20, "unable to get local issuer certificate")


async def test_server_is_verified_by_the_systems_authorities_by_default(server: Server) -> None:
    server._nursery.start_soon(server._serve, server_context())
    error = await failure_to_open(server.url)
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)


def refused(error: WebSocketError, code: int, words: str) -> None:
    """Check that the server's certificate was refused. See OpenSSL's X509_V_ERR constants."""
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert error.__cause__.verify_code == code
    assert words in str(error)
    assert error.closeCode == 1006


# Versions and ciphers.

NO_VERSION = "the server accepts none of the TLS versions that we offer"


async def test_server_with_tls_1_1_at_most_is_explained(server: Server) -> None:
    context = server_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the subject of the test
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    explained(await server.failure(context), NO_VERSION, "TLSV1_ALERT_PROTOCOL_VERSION")


async def test_context_that_wants_tls_1_3_and_a_server_without_is_explained(server: Server) -> None:
    theirs, ours = server_context(), client_context()
    theirs.maximum_version = ssl.TLSVersion.TLSv1_2
    ours.minimum_version = ssl.TLSVersion.TLSv1_3
    explained(await server.failure(theirs, ours), NO_VERSION, "TLSV1_ALERT_PROTOCOL_VERSION")


async def test_server_that_answers_by_tls_1_0_is_explained(server: Server) -> None:
    """It is so old that it answers by what it knows, whatever was offered."""
    body = b"\x03\x01" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"  # RFC 2246 section 7.4.1.3
    hello = b"\x02" + len(body).to_bytes(3) + body
    error = await server.failure(b"\x16\x03\x01" + len(hello).to_bytes(2) + hello)
    explained(
        error, "the server's TLS version is older than those that we accept", "UNSUPPORTED_PROTOCOL"
    )


async def test_no_cipher_in_common_is_explained(server: Server) -> None:
    """The alert says no more than that the handshake failed."""
    theirs, ours = server_context(), client_context()
    theirs.maximum_version = ssl.TLSVersion.TLSv1_2
    theirs.set_ciphers("AES256-GCM-SHA384")
    ours.set_ciphers("AES128-GCM-SHA256")
    words = "the server has no cipher in common with us, or requires a certificate of ours"
    explained(await server.failure(theirs, ours), words, "SSLV3_ALERT_HANDSHAKE_FAILURE")


async def test_server_that_wants_a_certificate_is_explained(server: Server) -> None:
    """By TLS 1.3 its alert arrives after our handshake is over, instead of HTTP."""
    context = server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    error = await server.failure(context)
    words = "the server requires a certificate of ours"
    explained(error, words, "TLSV13_ALERT_CERTIFICATE_REQUIRED")


async def test_wss_url_of_a_server_without_tls_is_explained(server: Server) -> None:
    error = await server.failure(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    explained(
        error,
        "expected TLS, got something else; a server without TLS has ws: URLs",
        "WRONG_VERSION_NUMBER",
    )


async def test_server_that_hangs_up_during_tls_is_explained(server: Server) -> None:
    error = await server.failure(b"")
    assert isinstance(error.__cause__, ssl.SSLError)
    assert str(error) == (
        f"{server.url}: expected the other side's part of the TLS handshake, got the end of the"
        " connection; a server without TLS has ws: URLs, and one that accepts none of our TLS"
        " versions or ciphers may end it so, too"
    )


def explained(error: WebSocketError, words: str, reason: str) -> None:
    """Check that the error has our words and OpenSSL's."""
    assert isinstance(error.__cause__, ssl.SSLError)
    assert error.__cause__.reason == reason
    assert words in str(error)
    assert reason in str(error)
