"""Both ends of TLS, with the tests' own authority."""

from __future__ import annotations

import datetime
import ssl

import trustme

AUTHORITY = trustme.CA()


def server_context(
    *names: str, ca: trustme.CA = AUTHORITY, not_after: datetime.datetime | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = ca.issue_cert(*(names or ("127.0.0.1",)), not_after=not_after)
    certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # OpenSSL.SSL's
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]  # OpenSSL.SSL's
    return context
