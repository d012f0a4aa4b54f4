"""The authority of the test servers, known to Chromium and to ours, and made again for each run."""

from __future__ import annotations

import base64
import hashlib
import ssl
from functools import cache

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


@cache
def _certificate(kind: str) -> trustme.LeafCert:
    authority = _authority() if kind == "trusted" else trustme.CA()
    return authority.issue_cert("127.0.0.1", "localhost")


@cache
def server_context(kind: str) -> ssl.SSLContext | None:
    """Return the server's context for ``Scenario.tls``."""
    if not kind:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _certificate(kind).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # OpenSSL.SSL's
    return context


@cache
def client_context() -> ssl.SSLContext:
    """Return the context for ours."""
    context = ssl.create_default_context()
    _authority().configure_trust(context)  # pyright: ignore[reportUnknownMemberType]  # OpenSSL.SSL's
    return context


def pin() -> str:
    """Return a pin for Chromium's ``--ignore-certificate-errors-spki-list``, as it takes no
    authority."""
    pem = _certificate("trusted").cert_chain_pems[0].bytes()
    key = x509.load_pem_x509_certificate(pem).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
