"""Both ends of TLS, with an authority of the tests' own."""

from __future__ import annotations

import ssl

import trustme

AUTHORITY = trustme.CA()


def server_context(*names: str, ca: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context
