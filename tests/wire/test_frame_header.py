"""The start of a frame, and the body of a Close (RFC 6455 sections 5.2, 5.5.1 and 7.4)."""

from __future__ import annotations

import pytest
from support.decoding import (
    HELLO,
    RSV2,
    RSV3,
    Answer,
    close_frame,
    decode,
    decoder,
    failure,
    feed,
)
from support.frames import raw_frame

from trio_ws_dom._wire._frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    Close,
)

# Header bits


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_an_unknown_opcode_fails(opcode: int) -> None:
    """They are reserved (section 5.2), and one byte is enough."""
    exc = failure(bytes((FIN | opcode,)))
    assert (exc.code, str(exc)) == (1002, f"expected a known opcode, got {opcode:#x}")


@pytest.mark.parametrize("bits", [RSV2, RSV3, RSV2 | RSV3, RSV1 | RSV2, RSV1 | RSV3])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("compression", [False, True])
def test_rsv2_and_rsv3_fail(bits: int, opcode: int, compression: bool) -> None:
    """No extension that we know uses them (section 5.2)."""
    exc = failure(bytes((FIN | bits | opcode,)), compression=compression)
    assert exc.code == 1002
    assert str(exc) == "expected RSV2 and RSV3 to be clear, as no extension uses them"


@pytest.mark.parametrize("compression", [False, True])
def test_rsv1_in_a_control_frame_fails(compression: bool) -> None:
    """Control frames are not compressed (RFC 7692 section 6.1)."""
    for opcode in (CLOSE, PING, PONG):
        exc = failure(bytes((FIN | RSV1 | opcode,)), compression=compression)
        assert exc.code == 1002
        assert str(exc) == "expected RSV1 to be clear in a control frame, but it is set"


@pytest.mark.parametrize("compression", [False, True])
def test_an_http_response_in_place_of_a_frame_is_recognised(compression: bool) -> None:
    exc = failure(b"HTTP/1.1 500 Internal Server Error\r\n", compression=compression)
    assert (exc.code, exc.got_http) == (1002, True)
    assert str(exc).startswith("expected a frame, got the byte H, as HTTP/1.1 begins: the server")


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_rsv1_without_compression_fails(opcode: int) -> None:
    """It was not negotiated (section 5.2)."""
    exc = failure(raw_frame(FIN | RSV1 | opcode))
    assert exc.code == 1002
    assert str(exc) == "expected RSV1 to be clear, as no compression was negotiated"


@pytest.mark.parametrize("first", [TEXT, RSV1 | TEXT])
def test_rsv1_in_a_continuation_fails(first: int) -> None:
    """Only a message's first frame has it (RFC 7692 section 6.1)."""
    exc = failure(raw_frame(first), raw_frame(FIN | RSV1 | CONTINUATION), compression=True)
    assert exc.code == 1002
    assert str(exc) == "expected RSV1 to be clear in a continuation frame, but it is set"


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("size", [0, 5, 125, 126, 127])
def test_a_masked_frame_fails(opcode: int, size: int) -> None:
    """A server must not mask (section 5.1), as the second byte shows."""
    exc = failure(bytes((FIN | opcode, 0x80 | size)))
    assert (exc.code, str(exc)) == (
        1002,
        "expected an unmasked frame from a server, got a masked one",
    )


# Close


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
def test_a_close_with_a_code_that_may_be_sent(code: int) -> None:
    """It is returned with its reason (section 5.5.1)."""
    assert decode(close_frame(code.to_bytes(2, "big"))) == Answer([Close(code)])
    assert decode(close_frame(code.to_bytes(2, "big") + b"gr\xc3\xbcn")) == Answer(
        [Close(code, "grün")]
    )


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_with_another_code_fails(code: int) -> None:
    """Reserved, local or undefined codes are a protocol error (section 7.4)."""
    exc = failure(close_frame(code.to_bytes(2, "big")))
    assert (exc.code, str(exc)) == (
        1002,
        f"expected a close code that may be sent, got {code}",
    )


def test_a_close_without_code_is_1005() -> None:
    """Section 7.1.5."""
    assert decode(close_frame(b"")) == Answer([Close(1005)])


def test_a_close_of_one_byte_fails() -> None:
    """A code has two (section 5.5.1)."""
    exc = failure(close_frame(b"\x03"))
    assert exc.code == 1002
    assert str(exc) == "expected a Close frame with a code of two bytes, got one byte"


def test_a_reason_that_is_not_utf_8_fails() -> None:
    """Section 5.5.1, and 8.1 for the code."""
    exc = failure(close_frame(b"\x03\xe8ok\xff"))
    assert exc.code == 1007
    assert str(exc) == r"expected UTF-8 in a Close frame's reason, got b'ok\xff'"


def test_the_longest_reason() -> None:
    """123 bytes."""
    assert decode(close_frame(b"\x03\xe8" + b"x" * 123)) == Answer([Close(1000, "x" * 123)])


def test_nothing_follows_a_close() -> None:
    """Neither what comes after it in the chunk, nor what comes later, nor a failure is returned."""
    tried = decoder()
    tried.feed(HELLO + close_frame(b"\x03\xe8") + HELLO + b"\xff\xff")
    assert tried.take() == (["Hello"], Close(1000))
    assert tried.take() == ([], None)
    assert feed(tried, HELLO, b"\xff") == Answer([])


def test_a_close_within_a_message() -> None:
    """It may be between fragments, and the message is never returned (section 5.5.1)."""
    tried = decoder()
    assert feed(tried, raw_frame(TEXT, b"a"), close_frame(b"")) == Answer([Close(1005)])
    assert feed(tried, raw_frame(FIN | CONTINUATION, b"b")) == Answer([])
