"""Web IDL's conversions of text, bytes-like objects and unsigned integers."""

import math
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_ws_dom._dom._webidl import (
    Constant,
    bytes_like,
    clamped_long_long,
    clamped_short,
    enforced_unsigned_long_long,
    long_long,
    unsigned_long,
    unsigned_short,
    usv_string,
    utf8,
)

any_text = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("clean", ["", "abc", "grüße", "\N{GRINNING FACE}", "\x00\uffff"])
def test_clean_strings_are_returned_as_the_same_object(clean: str) -> None:
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
    assert usv_string(dirty) == expected


@given(any_text)
def test_every_string_can_be_encoded_once_converted(string: str) -> None:
    converted = usv_string(string)
    units = string.encode("utf-16-le", "surrogatepass")
    assert len(converted.encode("utf-16-le")) == len(units)
    assert usv_string(converted) is converted


@given(any_text)
def test_utf8_is_the_encoding_of_the_converted_string(string: str) -> None:
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
    converted = bytes_like(data)
    assert type(converted) is bytes
    assert converted == expected


def test_bytes_like_copies_what_can_change() -> None:
    data = bytearray(b"abc")
    copy = bytes_like(data)
    data[0] = 0
    assert copy == b"abc"


@pytest.mark.parametrize("junk", ["abc", 3, [1, 2], None])
def test_what_is_not_bytes_like_is_a_type_error(junk: bytes) -> None:
    with pytest.raises(TypeError, match="expected data as a bytes-like object, got"):
        bytes_like(junk)
    with pytest.raises(TypeError, match="expected part as bytes, got"):
        bytes_like(junk, "part", "bytes")


@pytest.mark.parametrize(
    ("convert", "number", "expected"),
    [
        *((unsigned_short, n, e) for n, e in [(1000, 1000), (65536, 0), (-1, 65535)]),
        *((unsigned_short, n, e) for n, e in [(1000.9, 1000), (-1.5, 65535), (True, 1)]),
        *((unsigned_long, n, e) for n, e in [(7, 7), (2**32, 0), (-1, 2**32 - 1), (1.5, 1)]),
        *((long_long, n, e) for n, e in [(2**63, -(2**63)), (-(2**63), -(2**63)), (-1.5, -1)]),
        *((clamped_short, n, e) for n, e in [(1000.4, 1000), (999.5, 1000), (1.5, 2), (2.5, 2)]),
        *((clamped_short, n, e) for n, e in [(-1, 0), (70000, 65535), (math.inf, 65535)]),
        *((clamped_long_long, n, e) for n, e in [(-1.5, -2), (10**30, 2**63 - 1)]),
        *((clamped_long_long, n, e) for n, e in [(-math.inf, -(2**63)), (10**400, 2**63 - 1)]),
        *((enforced_unsigned_long_long, n, e) for n, e in [(1.9, 1), (-0.9, 0), (2**53 - 1,) * 2]),
    ],
)
def test_numbers_are_converted_as_web_idl_does(
    convert: Callable[[float, str], int], number: float, expected: int
) -> None:
    converted = convert(number, "argument")
    assert type(converted) is int
    assert converted == expected


CONVERSIONS = [unsigned_short, unsigned_long, long_long, clamped_short, clamped_long_long]


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_nan_is_zero(convert: Callable[[float, str], int]) -> None:
    assert convert(math.nan, "argument") == 0


@pytest.mark.parametrize("convert", [unsigned_short, unsigned_long, long_long])
@pytest.mark.parametrize("number", [math.inf, -math.inf, 10**400 * 2**64])
def test_infinity_is_zero_where_numbers_wrap_around(
    convert: Callable[[float, str], int], number: float
) -> None:
    assert convert(number, "argument") == 0


@pytest.mark.parametrize("convert", [*CONVERSIONS, enforced_unsigned_long_long])
@pytest.mark.parametrize("junk", ["1000", None, [1], 1j])
def test_what_is_no_number_is_a_type_error_that_names_the_argument(convert: Any, junk: Any) -> None:
    with pytest.raises(TypeError, match="expected argument as a number, got"):
        convert(junk, "argument")


@pytest.mark.parametrize("number", [-1, 2**53, math.nan, math.inf, -math.inf])
def test_numbers_out_of_an_enforced_range_are_type_errors(number: float) -> None:
    with pytest.raises(TypeError, match="expected argument as a number from 0 to 2"):
        enforced_unsigned_long_long(number, "argument")


def test_integers_of_other_libraries_are_numbers() -> None:
    class Seven:
        def __index__(self) -> int:
            return 7

    seven: Any = Seven()
    assert [convert(seven, "argument") for convert in CONVERSIONS] == [7] * 5


def test_errors_show_the_start_of_what_came() -> None:
    with pytest.raises(TypeError) as caught:
        usv_string([0] * 10**6)  # type: ignore[arg-type]  # on purpose
    assert str(caught.value) == "expected text as a str, got [0, 0, 0, 0, 0, 0, ...]"


def test_a_constant_cannot_be_set() -> None:
    class Interface:
        NONE = Constant(0)

    with pytest.raises(AttributeError, match="read only"):
        Interface().NONE = 1
    assert Interface.NONE == Interface().NONE == 0
