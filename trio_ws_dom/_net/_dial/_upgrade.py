"""The opening handshake on a connected stream, from the request to the server's 101."""

from __future__ import annotations

import base64
import math
import os
import ssl
from typing import TYPE_CHECKING, Final

import trio

from ..._wire._http._handshake import ClientHandshake
from ..._wire._http._request import Request
from ..._wire._http._response import HandshakeFailure
from ._causes import words_of
from ._cookies import cookie_fields, store_cookies

if TYPE_CHECKING:
    from ..._wire._http._response import Response
    from .._settings import Settings

REFUSAL_BODY_TIMEOUT: Final = 2.0
"""Seconds to wait for the body of an answer other than 101, once its head has come."""

_READ_SIZE: Final = 16 * 1024


async def upgrade(
    stream: trio.abc.Stream, settings: Settings, silence: trio.CancelScope | None
) -> Response:
    """Hold the opening handshake (RFC 6455 section 4.1).

    Args:
      silence: the scope that bounds how long the server may say nothing; its deadline is lifted
        when the first bytes arrive.

    Raises:
      HandshakeFailure: the server's answer was not a good 101.
      OSError: the connection was lost.
      trio.BrokenResourceError: likewise, where no error of the system says why.
    """
    handshake = ClientHandshake(
        Request(
            host=settings.address.authority,
            target=settings.address.target,
            key=base64.b64encode(os.urandom(16)),
            protocols=settings.protocols,
            headers=settings.headers + cookie_fields(settings.cookies, settings),
            compression=settings.compression,
        ),
        "" if settings.address.secure else "wss:",
    )
    try:
        await stream.send_all(handshake.request_bytes())
        response = await _read_response(stream, handshake, silence)
    except trio.BrokenResourceError as exc:
        lost = _system_error(exc)
        if lost is None:
            raise
        words = f"{words_of(lost)} before the server answered{handshake.hint_at_silence}"
        raise OSError(lost.errno, words) from exc
    except HandshakeFailure as exc:
        store_cookies(settings.cookies, settings, exc)
        raise
    store_cookies(settings.cookies, settings, response)
    return response


async def _read_response(
    stream: trio.abc.Stream, handshake: ClientHandshake, silence: trio.CancelScope | None
) -> Response:
    while handshake.refusal_so_far() is None:
        data = bytes(await stream.receive_some(_READ_SIZE))
        if silence is not None:
            silence.deadline = math.inf
        response = handshake.receive(data)
        if response is not None:
            return response
    with trio.move_on_after(REFUSAL_BODY_TIMEOUT):
        while True:
            handshake.receive(bytes(await stream.receive_some(_READ_SIZE)))
    refusal = handshake.refusal_so_far()
    assert refusal is not None  # the loop ended with it
    raise refusal


def _system_error(exc: BaseException) -> OSError | None:
    """Return the system's error that a stream, or one above another, wrapped.

    Returns None if there is none.

    What OpenSSL says is not of the system.
    """
    while isinstance(exc, trio.BrokenResourceError) and exc.__cause__ is not None:
        exc = exc.__cause__
    return exc if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError) else None
