"""Blob."""

import os
from array import array
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from trio_ws_dom._dom import Blob


def test_a_blob_is_its_parts_joined() -> None:
    """Strings become UTF-8, whatever has bytes gives them, Blobs are taken whole."""
    parts = ["grün", b"a", bytearray(b"b"), memoryview(b"c.d")[::2], array("B", [101]), Blob(["f"])]
    assert bytes(Blob(parts)) == "grünabcdef".encode()


def test_a_blob_of_nothing_is_empty() -> None:
    """No parts, no type."""
    blob = Blob()
    assert (blob.size, len(blob), blob.type, bytes(blob)) == (0, 0, "", b"")


def test_parts_may_come_from_any_iterable() -> None:
    """A generator will do."""
    assert bytes(Blob(str(n) for n in range(3))) == b"012"


def test_strings_are_made_encodable() -> None:
    """Surrogate pairs join, lone ones become U+FFFD."""
    assert bytes(Blob(["\ud83d\ude00\ud83d"])) == "\N{GRINNING FACE}\ufffd".encode()


def test_later_changes_of_a_part_do_not_reach_it() -> None:
    """The bytes are copied when it is made."""
    part = bytearray(b"abc")
    blob = Blob([part])
    part[0] = 0
    assert bytes(blob) == b"abc"


@pytest.mark.parametrize("junk", ["abc", b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_a_bare_part_is_a_type_error(junk: str) -> None:
    """Its elements would be taken for the parts."""
    with pytest.raises(TypeError, match=r"a sequence of parts, not one: \["):
        Blob(junk)


@pytest.mark.parametrize("junk", [[1], [None], 3, None])
def test_other_things_are_type_errors(junk: list[str]) -> None:
    """Nothing is converted to a string behind one's back."""
    with pytest.raises(TypeError):
        Blob(junk)


def test_native_endings_are_the_operating_systems() -> None:
    """Of strings only, and \\r\\n is one ending."""
    blob = Blob(["a\r\nb\rc\nd\n\r", b"\r\n"], endings="native")
    assert bytes(blob) == "a\nb\nc\nd\n\n".replace("\n", os.linesep).encode() + b"\r\n"


def test_transparent_endings_are_left_alone() -> None:
    """That is the default."""
    assert bytes(Blob(["a\r\nb\rc\n"])) == b"a\r\nb\rc\n"


def test_other_endings_are_type_errors() -> None:
    """As Web IDL has it for enumerations in dictionaries."""
    with pytest.raises(TypeError, match="endings must be"):
        Blob(endings="unix")  # type: ignore[arg-type]  # the check is what is tested


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Text/Plain", "text/plain"), ("a b~", "a b~"), ("té", ""), ("a\n", ""), ("a\x7f", "")],
)
def test_the_type_is_lower_case_and_printable_or_nothing(given: str, kept: str) -> None:
    """U+0020 to U+007E is what it may have."""
    assert Blob(type=given).type == kept


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"abcdef"),
        (2, None, b"cdef"),
        (2, 4, b"cd"),
        (-2, None, b"ef"),
        (1, -1, b"bcde"),
        (-99, 99, b"abcdef"),
        (4, 2, b""),
        (9, 99, b""),
    ],
)
def test_slices(start: int, end: int | None, expected: bytes) -> None:
    """Negative indices count from the end, all are clamped."""
    assert bytes(Blob(["abcdef"]).slice(start, end)) == expected


def test_a_slice_has_a_type_of_its_own() -> None:
    """The original's is not inherited."""
    blob = Blob(["ab"], type="text/plain")
    assert blob.slice().type == ""
    assert blob.slice(0, 1, "Text/HTML").type == "text/html"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("grün".encode(), "grün"),
        (b"\xef\xbb\xbfa", "a"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),
        (b"a\xffb", "a\ufffdb"),
        (b"\xf0\x9f\x98", "\ufffd"),
    ],
)
async def test_text_decodes_as_the_standard_does(data: bytes, expected: str) -> None:
    """One byte order mark goes, what is not UTF-8 is U+FFFD."""
    assert await Blob([data]).text() == expected


async def test_the_bytes_by_their_two_names() -> None:
    """ArrayBuffer is bytes, and so is Uint8Array."""
    blob = Blob(["ab"])
    assert await blob.arrayBuffer() == b"ab"
    assert await blob.bytes() == b"ab"


@pytest.mark.parametrize("read", [Blob.text, Blob.arrayBuffer, Blob.bytes])
async def test_reading_is_a_checkpoint(read: Callable[[Blob], Awaitable[object]]) -> None:
    """As every async function is."""
    blob = Blob(["ab"])
    with trio.testing.assert_checkpoints():
        await read(blob)
    with trio.CancelScope() as scope:
        scope.cancel()
        await read(blob)
    assert scope.cancelled_caught


def test_a_blob_is_equal_to_itself_only() -> None:
    """As objects are in a browser."""
    blob = Blob(["ab"])
    assert blob == blob
    assert blob != Blob(["ab"])
    assert len({blob, Blob(["ab"])}) == 2


@pytest.mark.parametrize("attribute", ["size", "type", "other"])
def test_a_blob_cannot_be_changed(attribute: str) -> None:
    """IDL's readonly is an AttributeError, and so is any other attribute."""
    with pytest.raises(AttributeError):
        setattr(Blob(), attribute, 1)


def test_repr_shows_size_and_type() -> None:
    """Not the bytes, which may be many."""
    assert repr(Blob(["ab"], type="a/b")) == "<Blob size=2 type='a/b'>"
