"""UTF-8 as it arrives (RFC 6455 section 8.1)."""

from __future__ import annotations

import pytest
from support.decoding import GRIN, HELLO, Answer, decode, deflate, failure
from support.frames import raw_frame

from trio_ws_dom._wire._frames import BINARY, CONTINUATION, FIN, PING, RSV1, TEXT, Ping


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff",
        b"\xc0\x80",  # overlong
        b"\xed\xa0\x80",  # a surrogate
        b"\xf4\x90\x80\x80",  # beyond U+10FFFF
        b"a\x80",
        b"\xc3(",
    ],
)
@pytest.mark.parametrize("size", [0, 200])
def test_text_that_is_not_utf_8_fails(bad: bytes, size: int) -> None:
    """It fails with 1007 (section 8.1), in a short frame or a long one, after valid text."""
    exc = failure(HELLO, raw_frame(FIN | TEXT, b"x" * size + bad + b"x"))
    assert (exc.code, str(exc).startswith("expected UTF-8 in a text message")) == (1007, True)


def test_an_error_shows_four_bytes() -> None:
    """They are from the wrong one on."""
    exc = failure(raw_frame(FIN | TEXT, b"ok" + bytes.fromhex("ff01020304")))
    assert str(exc) == (
        "expected UTF-8 in a text message, got bytes ff 01 02 03 (invalid start byte)"
    )


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_cut_by_the_end_fails(cut: int) -> None:
    """A message's text is whole."""
    for frames in (
        [raw_frame(FIN | TEXT, GRIN[:cut])],
        [raw_frame(TEXT, GRIN[:cut]), raw_frame(FIN | CONTINUATION)],
    ):
        exc = failure(*frames)
        assert exc.code == 1007
        assert str(exc) == (
            f"expected UTF-8 in a text message, got bytes {GRIN[:cut].hex(' ')}"
            " (unexpected end of data)"
        )


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_cut_by_fragments_is_whole(cut: int) -> None:
    """This holds with a Ping in the middle of it, too."""
    assert decode(
        raw_frame(TEXT, GRIN[:cut]),
        raw_frame(FIN | PING),
        raw_frame(FIN | CONTINUATION, GRIN[cut:]),
    ) == Answer([Ping(b""), GRIN.decode()])


def test_an_invalid_byte_fails_within_a_fragmented_message() -> None:
    """It fails as soon as it is there, while neither its frame nor the message is complete."""
    start = bytes((CONTINUATION, 100)) + b"abc"
    exc = failure(raw_frame(TEXT, b"abc"), start, b"\xff")
    assert (exc.code, "got bytes ff (invalid start byte)" in str(exc)) == (1007, True)


def test_an_invalid_byte_fails_within_a_large_frame() -> None:
    """A GiB of text was announced, and its fifth byte is wrong."""
    announced = bytes((FIN | TEXT, 127)) + (1 << 30).to_bytes(8, "big")
    assert failure(announced, b"abcd", b"\xff").code == 1007


def test_an_invalid_byte_fails_within_a_short_frame() -> None:
    """No frame is too short for it."""
    assert failure(bytes((FIN | TEXT, 5)), b"ab", b"\xff").code == 1007


def test_an_invalid_byte_fails_within_a_compressed_message() -> None:
    """As soon as it is inflated."""
    assert failure(raw_frame(RSV1 | TEXT, deflate(b"ab\xffcd")), compression=True).code == 1007


def test_a_byte_that_continues_no_character_fails() -> None:
    """f4 90 begins no character, so its end is not waited for."""
    assert failure(bytes((FIN | TEXT, 125)), b"\xf4", b"\x90").code == 1007


def test_binary_may_be_anything() -> None:
    """It is not checked."""
    assert decode(raw_frame(FIN | BINARY, b"\xff\xc0"), raw_frame(BINARY, b"\xff")) == Answer(
        [b"\xff\xc0"]
    )
