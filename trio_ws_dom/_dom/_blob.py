"""Blob, immutable bytes with a type, of the File API."""

from __future__ import annotations

import builtins
import os
import re
from typing import TYPE_CHECKING, Final, Literal, final

import trio

from ._webidl import bytes_like, utf8

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Buffer

_LINE_ENDING: Final = re.compile(r"\r\n|\r|\n")
_PRINTABLE: Final = re.compile(r"[ -~]*")


@final
class Blob:
    """Immutable bytes with a type. https://w3c.github.io/FileAPI/#blob-section

    Args:
      blobParts: what it is put together from: str (becomes UTF-8), bytes-like objects (copied now),
        other Blobs.
      type: a MIME type such as "text/plain". With characters other than printable ASCII it is "".
      endings: "native" makes the line endings of strings the operating system's.

    Raises:
      TypeError: one of the arguments is something else; also if blobParts is a bare str or
        bytes-like object, of which it would be the characters.
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
            raise TypeError(f'endings must be "transparent" or "native", not {endings!r}')
        if isinstance(blobParts, str | bytes | bytearray | memoryview):
            raise TypeError(f"blobParts must be a sequence of parts, not one: [{blobParts!r}]")
        native = endings == "native"
        self._data = b"".join([_part(part, native) for part in blobParts])
        self._type = type.lower() if _PRINTABLE.fullmatch(type) else ""

    def __repr__(self) -> str:
        return f"<Blob size={self.size} type={self._type!r}>"

    def __len__(self) -> int:
        return len(self._data)

    def __bytes__(self) -> builtins.bytes:
        return self._data

    @property
    def size(self) -> int:
        """How many bytes. https://w3c.github.io/FileAPI/#dfn-size"""
        return len(self._data)

    @property
    def type(self) -> str:
        """The MIME type in lower case, or "". https://w3c.github.io/FileAPI/#dfn-type"""
        return self._type

    def slice(self, start: int = 0, end: int | None = None, contentType: str = "") -> Blob:
        """The bytes from `start` to before `end`, as Python slices; with a type of its own.

        https://w3c.github.io/FileAPI/#dfn-slice
        """
        return Blob([self._data[start:end]], type=contentType)

    async def text(self) -> str:
        """What it is in UTF-8: without byte order mark, and U+FFFD for what is none.

        https://w3c.github.io/FileAPI/#dom-blob-text
        """
        await trio.lowlevel.checkpoint()
        return self._data.decode("utf-8-sig", "replace")

    async def arrayBuffer(self) -> builtins.bytes:
        """The bytes. https://w3c.github.io/FileAPI/#dom-blob-arraybuffer"""
        await trio.lowlevel.checkpoint()
        return self._data

    async def bytes(self) -> builtins.bytes:
        """The bytes. https://w3c.github.io/FileAPI/#dom-blob-bytes"""
        await trio.lowlevel.checkpoint()
        return self._data


def _part(part: str | Buffer | Blob, native: bool) -> bytes:
    # https://w3c.github.io/FileAPI/#process-blob-parts
    if isinstance(part, str):
        return utf8(_LINE_ENDING.sub(os.linesep, part) if native else part)
    if isinstance(part, Blob):
        return bytes(part)
    return bytes_like(part)
