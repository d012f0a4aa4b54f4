"""Blob and File of the File API, which are immutable bytes with a type."""

from __future__ import annotations

import builtins
import codecs
import os
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar, final

import trio

from ._webidl import (
    bytes_like,
    clamped_long_long,
    dom_string,
    long_long,
    usv_string,
    utf8,
    wrong_type,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

_LINE_ENDING: Final = re.compile(r"\r\n|\r|\n")
_PRINTABLE: Final = re.compile(r"[ -~]*")

CHUNK: Final = 64 * 1024
"""Bytes of a blob that its streams return at a time, as in Chromium."""

T_co = TypeVar("T_co", covariant=True)


class Blob:
    """Immutable bytes with a type. https://w3c.github.io/FileAPI/#blob-section

    Args:
      blobParts: what it is put together from: str (which becomes UTF-8), bytes-like objects (copied
        now), other Blobs.
      type: a MIME type such as "text/plain". With characters other than printable ASCII it is "".
      endings: "native" makes the line endings of strings those of the operating system.

    Raises:
      TypeError: an argument is something else; also if blobParts is a bare str or bytes-like
        object, whose elements would be taken for the parts.
    """

    __slots__ = ("__weakref__", "_data", "_type")

    def __init__(
        self,
        blobParts: Iterable[str | Buffer | Blob] = (),
        *,
        type: str = "",
        endings: Literal["transparent", "native"] = "transparent",
    ) -> None:
        if endings not in ("transparent", "native"):
            raise wrong_type("endings", '"transparent" or "native"', endings)
        if not _are_parts(blobParts):
            raise wrong_type("blobParts", "a list of parts", blobParts)
        native = endings == "native"
        self._data = b"".join([_part(part, native) for part in blobParts])
        self._type = type.lower() if _PRINTABLE.fullmatch(dom_string(type, "type")) else ""

    def __repr__(self) -> str:
        return f"<Blob size={self.size} type={self._type!r}>"

    def __len__(self) -> int:
        return len(self._data)

    def __bytes__(self) -> builtins.bytes:
        return self._data

    @property
    def size(self) -> int:
        """The number of bytes. https://w3c.github.io/FileAPI/#dfn-size"""
        return len(self._data)

    @property
    def type(self) -> str:
        """The MIME type in lower case, or "". https://w3c.github.io/FileAPI/#dfn-type"""
        return self._type

    def slice(
        self, start: float | None = None, end: float | None = None, contentType: str = ""
    ) -> Blob:
        """Return the bytes from ``start`` to before ``end`` as a Blob of this type.

        Negative numbers count from the end; None is the start, and the end.

        Raises:
          TypeError: an argument is no number, or the type no str.

        https://w3c.github.io/FileAPI/#dfn-slice
        """
        first = None if start is None else clamped_long_long(start, "start")
        last = None if end is None else clamped_long_long(end, "end")
        return Blob([self._data[first:last]], type=dom_string(contentType, "contentType"))

    def stream(self) -> trio.abc.ReceiveChannel[builtins.bytes]:
        """Return the bytes as a channel of chunks.

        https://w3c.github.io/FileAPI/#dom-blob-stream
        """
        return _Chunks(
            self._data[index : index + CHUNK] for index in range(0, len(self._data), CHUNK)
        )

    def textStream(self) -> trio.abc.ReceiveChannel[str]:
        """Return what :meth:`text` returns as a channel of chunks.

        https://w3c.github.io/FileAPI/#dom-blob-textstream
        """
        return _Chunks(_decoded(self._data))

    async def text(self) -> str:
        """Return the bytes decoded from UTF-8.

        A byte order mark is left out, and what is no UTF-8 becomes U+FFFD.

        https://w3c.github.io/FileAPI/#dom-blob-text
        """
        await trio.lowlevel.checkpoint()
        return self._data.decode("utf-8-sig", "replace")

    async def arrayBuffer(self) -> builtins.bytes:
        """Return the bytes. https://w3c.github.io/FileAPI/#dom-blob-arraybuffer"""
        await trio.lowlevel.checkpoint()
        return self._data

    async def bytes(self) -> builtins.bytes:
        """Return the bytes. https://w3c.github.io/FileAPI/#dom-blob-bytes"""
        await trio.lowlevel.checkpoint()
        return self._data


@final
class File(Blob):
    """A Blob with a name and a time. https://w3c.github.io/FileAPI/#file-section

    Args:
      fileBits, type, endings: as :class:`Blob` takes them; fileBits is its blobParts.
      fileName: the file's name, without a path. No file is opened.
      lastModified: in milliseconds since 1970, UTC; without it, now.

    Raises:
      TypeError: an argument is something else.
    """

    __slots__ = ("_lastModified", "_name")

    def __init__(
        self,
        fileBits: Iterable[str | Buffer | Blob],
        fileName: str,
        *,
        type: str = "",
        endings: Literal["transparent", "native"] = "transparent",
        lastModified: float | None = None,
    ) -> None:
        super().__init__(fileBits, type=type, endings=endings)
        self._name = usv_string(fileName, "fileName")
        if lastModified is None:
            lastModified = time.time() * 1000
        self._lastModified = long_long(lastModified, "lastModified")

    def __repr__(self) -> str:
        return f"<File {self._name!r} size={self.size} type={self._type!r}>"

    @property
    def name(self) -> str:
        """The file's name. https://w3c.github.io/FileAPI/#dfn-name"""
        return self._name

    @property
    def lastModified(self) -> int:
        """The time of its last change, in milliseconds since 1970, UTC.

        https://w3c.github.io/FileAPI/#dfn-lastModified
        """
        return self._lastModified


@final
class _Chunks(trio.abc.ReceiveChannel[T_co], Generic[T_co]):
    """What an iterator has, as a channel."""

    def __init__(self, chunks: Iterator[T_co]) -> None:
        self._chunks = chunks
        self._closed = False

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> T_co:
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise trio.ClosedResourceError("this stream of a Blob was closed")
        for chunk in self._chunks:
            return chunk
        raise trio.EndOfChannel("all of this Blob was taken")

    async def aclose(self) -> None:
        self._closed = True
        await trio.lowlevel.checkpoint()


def _decoded(data: bytes) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    for index in range(0, len(data), CHUNK):
        if text := decoder.decode(data[index : index + CHUNK], index + CHUNK >= len(data)):
            yield text


def _part(part: str | Buffer | Blob, native: bool) -> bytes:
    # https://w3c.github.io/FileAPI/#process-blob-parts
    if isinstance(part, str):
        return utf8(_LINE_ENDING.sub(os.linesep, part) if native else part)
    if isinstance(part, Blob):
        return bytes(part)
    return bytes_like(part, "blobParts", "str, bytes-like objects and Blobs")


def _are_parts(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return False
    try:
        memoryview(value)  # type: ignore[arg-type]  # whether it can is the question
    except TypeError:
        return True
    return False
