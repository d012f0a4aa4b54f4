"""A generated server's answers to the opening handshake, right or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..scenario import OPENING
from ..scenarios import failures
from .frames import Deflate

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


WINDOWS = st.sampled_from([None, 9, 10, 12, 15])
PLAIN_HEADERS = ("X-Foo: bar", "Server: none", "X-Empty:", "Date: today", "x-foo: b\xe4r")
MUTATIONS = (
    "Upgrade: websocket",
    "Upgrade: h2c",
    "upgrade: WebSocket",
    "Connection: keep-alive",
    "Connection: upgrade",
    "connection: Upgrade, close",
    "Sec-WebSocket-Accept: {accept}",
    "sec-websocket-accept: {key}",
    "Sec-WebSocket-Protocol: p",
    "Sec-WebSocket-Protocol: P",
    "Sec-WebSocket-Protocol: q",
    "Sec-WebSocket-Protocol: p, q",
    "Sec-WebSocket-Protocol:",
    "Sec-WebSocket-Extensions: permessage-deflate",
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10",
    "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover=1",
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="10"',
    "Sec-WebSocket-Extensions: permessage-deflate; junk",
    "Sec-WebSocket-Extensions: x-junk",
    "Sec-WebSocket-Extensions:",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Version: 8",
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
)
BY_THE_BOOK = {*failures.HTTP_STRICT}
"""Answers on which ours should differ."""
STATUS = {n: a for n, a in failures.STATUS.items() if f"status-{n}" not in BY_THE_BOOK}
ANSWERS = {n: a for n, a in failures.ANSWERS.items() if n not in BY_THE_BOOK}
OPENINGS = (
    OPENING,
    OPENING,
    OPENING.replace("Upgrade: websocket\r\n", ""),
    OPENING.replace("Connection: Upgrade\r\n", ""),
    failures.NO_ACCEPT,
    OPENING.replace("101 Switching Protocols", "101"),
    OPENING.replace("101 Switching Protocols", "200 OK"),
    OPENING.replace("101 Switching Protocols", "426 Upgrade Required"),
)


PROTOCOLS = st.sampled_from([None, None, [], "p", ["p"], ["p", "q"]])


def accepted(draw: DrawFn) -> tuple[Any, Deflate | None, list[str]]:
    """Generate protocols, a compressor, and the headers of the answer that belong to them."""
    protocols = draw(PROTOCOLS)
    headers: list[str] = [*draw(st.lists(st.sampled_from(PLAIN_HEADERS), max_size=2))]
    if protocols:
        headers.append(f"Sec-WebSocket-Protocol: {draw(st.sampled_from(list(protocols)))}")
    if not draw(st.booleans()):
        return protocols, None, headers
    bits, client_bits = draw(WINDOWS), draw(WINDOWS)
    forgets = draw(st.booleans())
    agreed = [
        "permessage-deflate",
        *([f"server_max_window_bits={bits}"] if bits else []),
        *([f"client_max_window_bits={client_bits}"] if client_bits else []),
        *(["server_no_context_takeover"] if forgets else []),
        *(["client_no_context_takeover"] if draw(st.booleans()) else []),
    ]
    headers.append("Sec-WebSocket-Extensions: " + "; ".join(agreed))
    return protocols, Deflate(bits or 15, forgets=forgets), headers
