"""Blob and File."""

import copy
import math
import os
import time
from array import array
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.copying import pickled

from trio_ws_dom._dom import Blob, File
from trio_ws_dom._dom._blob import CHUNK

if TYPE_CHECKING:
    from typing_extensions import Buffer


def test_a_blob_is_its_parts_joined() -> None:
    buffers: list[Buffer] = [b"a", bytearray(b"b"), memoryview(b"c.d")[::2], array("B", [101])]
    parts: list[str | Buffer | Blob] = ["grün", *buffers, Blob(["f"])]
    assert bytes(Blob(parts)) == "grünabcdef".encode()


def test_a_blob_of_nothing_is_empty() -> None:
    blob = Blob()
    assert (blob.size, len(blob), blob.type, bytes(blob)) == (0, 0, "", b"")


def test_parts_may_come_from_any_iterable() -> None:
    assert bytes(Blob(str(n) for n in range(3))) == b"012"


def test_strings_are_made_encodable() -> None:
    assert bytes(Blob(["\ud83d\ude00\ud83d"])) == "\N{GRINNING FACE}\ufffd".encode()


def test_later_changes_of_a_part_do_not_reach_it() -> None:
    part = bytearray(b"abc")
    blob = Blob([part])
    part[0] = 0
    assert bytes(blob) == b"abc"


@pytest.mark.parametrize(
    "junk", ["abc", b"abc", bytearray(b"abc"), memoryview(b"abc"), array("B", [1])]
)
def test_a_bare_part_is_a_type_error(junk: str) -> None:
    with pytest.raises(TypeError, match="expected blobParts as a list of parts, got"):
        Blob(junk)


@pytest.mark.parametrize("junk", [[1], ["a", None]])
def test_parts_of_other_types_are_type_errors(junk: list[str]) -> None:
    with pytest.raises(TypeError, match="expected blobParts as str, bytes-like objects and Blobs"):
        Blob(junk)


@pytest.mark.parametrize("junk", [3, None])
def test_parts_that_are_no_iterable_are_type_errors(junk: Any) -> None:
    with pytest.raises(TypeError, match="expected blobParts as a list of parts, got"):
        Blob(junk)


@pytest.mark.parametrize("junk", [3, None, b"text/plain"])
def test_a_type_that_is_no_str_is_a_type_error(junk: Any) -> None:
    with pytest.raises(TypeError, match="expected type as a str, got"):
        Blob(type=junk)
    with pytest.raises(TypeError, match="expected contentType as a str, got"):
        Blob().slice(contentType=junk)


def test_native_endings_are_the_operating_systems() -> None:
    blob = Blob(["a\r\nb\rc\nd\n\r", b"\r\n"], endings="native")
    assert bytes(blob) == "a\nb\nc\nd\n\n".replace("\n", os.linesep).encode() + b"\r\n"


def test_transparent_endings_are_left_alone() -> None:
    assert bytes(Blob(["a\r\nb\rc\n"])) == b"a\r\nb\rc\n"


def test_other_endings_are_type_errors() -> None:
    with pytest.raises(
        TypeError, match='expected endings as "transparent" or "native", got \'unix\''
    ):
        Blob(endings="unix")  # type: ignore[arg-type]  # the check is what is tested


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Text/Plain", "text/plain"), ("a b~", "a b~"), ("té", ""), ("a\n", ""), ("a\x7f", "")],
)
def test_the_type_is_lower_case_and_printable_or_nothing(given: str, kept: str) -> None:
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
        (None, 2, b"ab"),
        (1.5, 4.5, b"cd"),
        (math.nan, math.inf, b"abcdef"),
        (-math.inf, 10**30, b"abcdef"),
    ],
)
def test_slices_have_the_bounds_that_were_given(
    start: float | None, end: float | None, expected: bytes
) -> None:
    assert bytes(Blob(["abcdef"]).slice(start, end)) == expected


@pytest.mark.parametrize("arguments", [("1",), (0, "1")])
def test_a_slice_takes_numbers_only(arguments: Any) -> None:
    with pytest.raises(TypeError, match="as a number, got '1'"):
        Blob().slice(*arguments)


def test_a_slice_has_a_type_of_its_own() -> None:
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
    assert await Blob([data]).text() == expected


async def test_array_buffer_and_bytes_are_the_bytes() -> None:
    blob = Blob(["ab"])
    assert await blob.arrayBuffer() == b"ab"
    assert await blob.bytes() == b"ab"


@pytest.mark.parametrize("read", [Blob.text, Blob.arrayBuffer, Blob.bytes])
async def test_reading_is_a_checkpoint(read: Callable[[Blob], Awaitable[object]]) -> None:
    blob = Blob(["ab"])
    with trio.testing.assert_checkpoints():
        await read(blob)
    with trio.CancelScope() as scope:
        scope.cancel()
        await read(blob)
    assert scope.cancelled_caught


def test_a_blob_is_equal_to_itself_only() -> None:
    blob = Blob(["ab"])
    assert blob == blob
    assert blob != Blob(["ab"])
    assert len({blob, Blob(["ab"])}) == 2


@pytest.mark.parametrize("attribute", ["size", "type", "other"])
def test_a_blob_cannot_be_changed(attribute: str) -> None:
    with pytest.raises(AttributeError):
        setattr(Blob(), attribute, 1)


def test_repr_shows_size_and_type() -> None:
    assert repr(Blob(["ab"], type="a/b")) == "<Blob size=2 type='a/b'>"


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
async def test_a_stream_returns_the_bytes_in_chunks(size: int) -> None:
    data = os.urandom(size)
    chunks = [chunk async for chunk in Blob([data]).stream()]
    assert b"".join(chunks) == data
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)
    assert len(chunks) == math.ceil(size / CHUNK)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbfa",
        b"a\xffb",
        b"a" * (CHUNK - 1) + "€".encode() * CHUNK,
        b"a" * CHUNK + b"\xf0\x9f",
    ],
)
async def test_a_text_stream_returns_the_text_in_chunks(data: bytes) -> None:
    blob = Blob([data])
    chunks = [chunk async for chunk in blob.textStream()]
    assert "".join(chunks) == await blob.text()
    assert all(chunks)


async def test_receiving_from_a_stream_is_a_checkpoint_and_can_be_cancelled() -> None:
    stream = Blob(["ab"]).stream()
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.receive()
    assert scope.cancelled_caught
    with trio.testing.assert_checkpoints():
        assert await stream.receive() == b"ab"
    with trio.testing.assert_checkpoints(), pytest.raises(trio.EndOfChannel):
        await stream.receive()


async def test_a_closed_stream_returns_nothing_more() -> None:
    async with Blob(["ab"]).textStream() as stream:
        pass
    with trio.testing.assert_checkpoints():
        await stream.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await stream.receive()


async def test_two_streams_of_a_blob_are_independent() -> None:
    blob = Blob(["ab"])
    assert [chunk async for chunk in blob.stream()] == [chunk async for chunk in blob.stream()]


def test_a_file_is_a_blob_with_a_name_and_a_time() -> None:
    file = File(["a", b"b"], "a\ud83d.txt", type="Text/Plain", lastModified=1234.9)
    assert isinstance(file, Blob)
    assert (bytes(file), file.size, file.type) == (b"ab", 2, "text/plain")
    assert (file.name, file.lastModified) == ("a\ufffd.txt", 1234)
    assert repr(file) == "<File 'a\ufffd.txt' size=2 type='text/plain'>"


def test_a_file_without_a_time_was_modified_now() -> None:
    before = int(time.time() * 1000)
    assert before <= File([], "").lastModified <= time.time() * 1000


def test_a_file_takes_the_endings_of_a_blob() -> None:
    assert bytes(File(["\n"], "", endings="native")) == os.linesep.encode()


def test_a_slice_of_a_file_is_a_blob() -> None:
    assert type(File(["ab"], "a").slice(1)) is Blob


@pytest.mark.parametrize("attribute", ["name", "lastModified", "other"])
def test_a_file_cannot_be_changed(attribute: str) -> None:
    with pytest.raises(AttributeError):
        setattr(File([], ""), attribute, 1)


def test_arguments_of_a_file_are_checked() -> None:
    junk: Any = None
    with pytest.raises(TypeError, match="expected fileName as a str, got None"):
        File([], junk)
    with pytest.raises(TypeError, match="expected lastModified as a number, got '1'"):
        File([], "", lastModified="1")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("blob", [Blob(["ab"], type="a/b"), File(["ab"], "n", lastModified=1)])
def test_blobs_can_be_copied_and_pickled(blob: Blob, duplicate: Callable[[Blob], Blob]) -> None:
    clone = duplicate(blob)
    assert type(clone) is type(blob)
    assert (bytes(clone), repr(clone)) == (b"ab", repr(blob))
