"""Web IDL's conversions: text, bytes-like objects, unsigned integers."""

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_ws_dom._dom._webidl import (
    bytes_like,
    clamped_short,
    unsigned_long,
    unsigned_short,
    usv_string,
    utf8,
)

any_text = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("clean", ["", "abc", "grüße", "\N{GRINNING FACE}", "\x00\uffff"])
def test_clean_strings_stay_as_they_are(clean: str) -> None:
    """A string without surrogates is given back, the same object."""
    assert usv_string(clean) is clean


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("\ud83d\ude00", "\N{GRINNING FACE}"),
        ("a\ud83db", "a\ufffdb"),
        ("x\ude00y", "x\ufffdy"),
        ("\ud83d", "\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd\N{GRINNING FACE}"),
        ("\ude00\N{GRINNING FACE}\ud83d", "\ufffd\N{GRINNING FACE}\ufffd"),
    ],
)
def test_surrogates_join_or_are_replaced(dirty: str, expected: str) -> None:
    """Pairs of surrogates join, lone ones become U+FFFD."""
    assert usv_string(dirty) == expected


@given(any_text)
def test_every_string_can_be_encoded_once_converted(string: str) -> None:
    """A converted string is valid Unicode, has one U+FFFD per lone surrogate, and stays so."""
    converted = usv_string(string)
    units = string.encode("utf-16-le", "surrogatepass")
    assert len(converted.encode("utf-16-le")) == len(units)
    assert usv_string(converted) is converted


@given(any_text)
def test_utf8_is_the_encoding_of_the_converted_string(string: str) -> None:
    """utf8() and usv_string() agree."""
    assert utf8(string) == usv_string(string).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"abc", b"abc"),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (memoryview(bytes(range(4))).cast("B", (2, 2)), b"\x00\x01\x02\x03"),
        (array("H", [0x4141, 0x4242]), b"AABB"),
    ],
)
def test_bytes_like_objects_give_their_bytes(data: bytes, expected: bytes) -> None:
    """Anything with the buffer protocol is taken as the bytes that it has."""
    converted = bytes_like(data)
    assert type(converted) is bytes
    assert converted == expected


def test_bytes_like_copies() -> None:
    """A later change of the original does not reach the copy."""
    data = bytearray(b"abc")
    copy = bytes_like(data)
    data[0] = 0
    assert copy == b"abc"


@pytest.mark.parametrize("junk", ["abc", 3, [1, 2], None])
def test_what_is_not_bytes_like_is_a_type_error(junk: bytes) -> None:
    """Without the buffer protocol there are no bytes to take, not even of a list of integers."""
    with pytest.raises(TypeError):
        bytes_like(junk)


def test_unsigned_integers_wrap_around() -> None:
    """Integers outside the range are taken modulo its size."""
    assert [unsigned_short(n) for n in (1000, 65536, -1)] == [1000, 0, 65535]
    assert [unsigned_long(n) for n in (7, 2**32, -1)] == [7, 0, 2**32 - 1]


def test_clamped_short_takes_numbers_only() -> None:
    """What is no number is the caller's mistake, and is named."""
    with pytest.raises(TypeError, match="expected a number, got '1000'"):
        clamped_short("1000")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1000, 1000), (1000.4, 1000), (999.5, 1000), (-1, 0), (70000, 65535), (math.nan, 0)],
)
def test_clamped_short(number: float, expected: int) -> None:
    """Rounded to the nearest, halves to even, and kept within 16 bits."""
    assert clamped_short(number) == expected
