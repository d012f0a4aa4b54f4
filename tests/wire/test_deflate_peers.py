"""permessage-deflate in both directions, and with other implementations."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.deflating import DEFAULTS, inflate, inflate_some, inflate_whole, text
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import Opcode as WsprotoOpcode
from wsproto.frame_protocol import RsvBits

from trio_ws_dom._wire._deflate import DeflateParameters, Deflater, Inflater, InvalidDeflate

MESSAGES = st.lists(st.binary(max_size=300) | st.integers(0, 2000).map(text), max_size=5)
PARAMETERS = st.builds(
    DeflateParameters,
    st.booleans(),
    st.booleans(),
    st.integers(8, 15),
    st.integers(8, 15),
)


def mirrored(p: DeflateParameters) -> DeflateParameters:
    """Return the parameters as the other side sees them."""
    return DeflateParameters(
        p.client_no_context_takeover,
        p.server_no_context_takeover,
        p.client_max_window_bits,
        p.server_max_window_bits,
    )


@given(MESSAGES, PARAMETERS)
def test_what_is_compressed_is_inflated(
    messages: list[bytes], parameters: DeflateParameters
) -> None:
    """What is compressed with any parameters is inflated with the same."""
    deflater, inflater = Deflater(parameters), Inflater(mirrored(parameters))
    assert [inflate(inflater, deflater.compress(m)) for m in messages] == messages


@given(st.binary(), st.integers(0, 2000), st.lists(st.integers(0, 3000)), st.booleans())
def test_any_chunking_has_the_same_result(
    junk: bytes, size: int, cuts: list[int], whole: bool
) -> None:
    """Where a payload is cut changes neither its output nor its fault."""
    payload = Deflater(DEFAULTS).compress(text(size)) + (b"" if whole else junk)
    edges = [0, *sorted(min(cut, len(payload)) for cut in cuts), len(payload)]
    in_parts = outcome([payload[a:b] for a, b in pairwise(edges)])
    assert outcome([payload]) == in_parts
    assert outcome_of_whole(payload) == in_parts


def outcome(pieces: list[bytes]) -> tuple[bytes, bytes] | str:
    """Return the output of two messages in these pieces, or the fault."""
    inflater = Inflater(DEFAULTS)
    messages: list[bytes] = []
    try:
        for _ in range(2):
            message = b"".join(inflate_some(inflater, piece) for piece in pieces)
            messages.append(message + inflate_some(inflater, b"", last=True))
    except InvalidDeflate as exc:
        return str(exc)
    return messages[0], messages[1]


def outcome_of_whole(payload: bytes) -> tuple[bytes, bytes] | str:
    """Return the output of whole payloads, or the fault."""
    inflater = Inflater(DEFAULTS)
    try:
        return inflate_whole(inflater, payload), inflate_whole(inflater, payload)
    except InvalidDeflate as exc:
        return str(exc)


@given(MESSAGES, st.booleans(), st.integers(9, 15))
def test_the_websockets_library_understands_us(
    messages: list[bytes], no_takeover: bool, bits: int
) -> None:
    """Its server inflates what we send, and we what it sends."""
    parameters = DeflateParameters(no_takeover, no_takeover, bits, bits)
    deflater, inflater = Deflater(parameters), Inflater(parameters)
    server = PerMessageDeflate(no_takeover, no_takeover, bits, bits)
    for message in messages:
        frame = Frame(Opcode.BINARY, deflater.compress(message), fin=True, rsv1=True)
        assert server.decode(frame).data == message
        sent = server.encode(Frame(Opcode.BINARY, message))
        assert inflate(inflater, bytes(sent.data)) == message


class _Side:
    """The part of a connection that wsproto's extension uses."""

    client = False


@given(MESSAGES, st.booleans(), st.integers(9, 15))
def test_wsproto_understands_us(messages: list[bytes], no_takeover: bool, bits: int) -> None:
    """Its server inflates what we send, and we what it sends."""
    parameters = DeflateParameters(no_takeover, no_takeover, bits, bits)
    deflater, inflater = Deflater(parameters), Inflater(parameters)
    server = WsprotoDeflate(no_takeover, bits, no_takeover, bits)
    side: Any = _Side()
    for message in messages:
        payload = deflater.compress(message)
        server.frame_inbound_header(
            side, WsprotoOpcode.BINARY, RsvBits(True, False, False), len(payload)
        )
        pieces: list[Any] = [
            server.frame_inbound_payload_data(side, payload),
            server.frame_inbound_complete(side, True),
        ]
        assert b"".join(pieces) == message
        _, sent = server.frame_outbound(
            side, WsprotoOpcode.BINARY, RsvBits(False, False, False), message, True
        )
        assert inflate(inflater, sent) == message
