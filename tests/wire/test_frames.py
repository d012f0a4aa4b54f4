"""Frames as bytes that a client sends, and the close codes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_ws_dom._dom._errors import _MAX_REASON
from trio_ws_dom._wire._frames import (
    ABNORMAL_CLOSURE,
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    GOING_AWAY,
    INVALID_PAYLOAD,
    MAX_CONTROL_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS_RECEIVED,
    NORMAL_CLOSURE,
    PING,
    PONG,
    PROTOCOL_ERROR,
    RSV1,
    TEXT,
    Close,
    Ping,
    Pong,
    encode,
    is_sendable_code,
)

MASK = bytes.fromhex("37fa213d")
NO_MASK = bytes(4)
BLOCK = 8192  # what is masked at a time


def masked_slowly(payload: bytes, mask: bytes) -> bytes:
    """Mask as in RFC 6455 section 5.3, word for word."""
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def test_the_rfcs_own_example() -> None:
    """A single-frame masked text message, RFC 6455 section 5.7."""
    assert encode(FIN | TEXT, b"Hello", MASK) == bytes.fromhex("818537fa213d7f9f4d5158")


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, "8280"),
        (1, "8281"),
        (125, "82fd"),
        (126, "82fe007e"),
        (127, "82fe007f"),
        (65535, "82feffff"),
        (65536, "82ff0000000000010000"),
        (1 << 20, "82ff0000000000100000"),
    ],
)
def test_a_length_is_in_its_shortest_form(size: int, header: str) -> None:
    """It has 7, 16 or 64 bits (section 5.2), with the mask bit set in each."""
    frame = encode(FIN | BINARY, bytes(size), NO_MASK)
    assert frame == bytes.fromhex(header) + NO_MASK + bytes(size)


@pytest.mark.parametrize("opcode", [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("bits", [0, FIN, RSV1, FIN | RSV1])
@pytest.mark.parametrize("size", [0, 3, 125, 126])
def test_the_first_byte_is_the_callers(opcode: int, bits: int, size: int) -> None:
    """FIN, RSV and opcode are as given, with the mask bit set, on either path."""
    frame = encode(bits | opcode, b"x" * size, MASK)
    assert frame[:2] == bytes((bits | opcode, 0x80 | size))
    assert frame.endswith(MASK + masked_slowly(b"x" * size, MASK))


@pytest.mark.parametrize(
    "size", [*range(10), 124, 125, 126, 127, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5]
)
def test_masking_at_every_length(size: int) -> None:
    """Whole words and the rest, short frames and blocks are masked alike."""
    payload = bytes(i * 7 & 0xFF for i in range(size))
    frame = encode(FIN | BINARY, payload, MASK)
    assert frame[-size - 4 :] == MASK + masked_slowly(payload, MASK)


@settings(deadline=None, derandomize=True)
@given(payload=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4))
def test_masking_is_the_rfcs(payload: bytes, mask: bytes) -> None:
    """For any payload and mask, the big integers lose no leading or trailing zeros."""
    frame = encode(FIN | BINARY, payload, mask)
    assert frame[len(frame) - len(payload) :] == masked_slowly(payload, mask)


LEGAL = [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999]
ILLEGAL = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


@pytest.mark.parametrize("code", LEGAL)
def test_codes_that_may_be_sent(code: int) -> None:
    """They are of section 7.4.1, IANA's registry, and section 7.4.2's open ranges."""
    assert is_sendable_code(code)


@pytest.mark.parametrize("code", ILLEGAL)
def test_codes_that_may_not_be_sent(code: int) -> None:
    """They are the reserved ones, those for local use, and undefined ones."""
    assert not is_sendable_code(code)


def test_there_are_no_other_codes() -> None:
    """Of all two-byte numbers, 12 and the open 2000 may be sent."""
    legal = {code for code in range(0x10000) if is_sendable_code(code)}
    assert legal == {*LEGAL, *range(3000, 5000)}


def test_a_close_frames_body() -> None:
    """It is the code in two bytes, then the reason (section 5.5.1)."""
    assert Close(1001, "grün").payload() == b"\x03\xe9" + "grün".encode()
    assert Close(4999).payload() == b"\x13\x87"


def test_no_status_has_no_body() -> None:
    """1005 means that there is no code, and must not be sent (section 7.4.1)."""
    assert Close() == Close(NO_STATUS_RECEIVED, "")
    assert Close().payload() == b""


def test_control_frames_carry_their_payload() -> None:
    """They are values, which are equal by it."""
    assert Ping(b"a").payload == Pong(b"a").payload == b"a"


def test_the_codes_are_the_rfcs() -> None:
    """Section 7.4.1 has them by number, and section 5.5 the bound."""
    codes = (NORMAL_CLOSURE, GOING_AWAY, PROTOCOL_ERROR, NO_STATUS_RECEIVED)
    assert codes == (1000, 1001, 1002, 1005)
    assert (ABNORMAL_CLOSURE, INVALID_PAYLOAD, MESSAGE_TOO_BIG) == (1006, 1007, 1009)
    assert (MAX_CONTROL_PAYLOAD, _MAX_REASON) == (125, 123)
