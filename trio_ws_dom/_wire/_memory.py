"""A hint to the C library's allocator, without which large messages cost several times as much.

glibc returns what is free at the heap's end to the system as soon as it is more than a threshold,
and takes it back page by page, at a microsecond or two for each, when the next message comes. The
threshold is twice the size of the largest block that was freed so far, if it was too large for the
heap (mallopt(3), ``M_MMAP_THRESHOLD``). So a program that frees one such block keeps more memory.

The same holds for the room that a read asks for, of which most is given back when little came: a
block that is too large for the heap costs three calls of the system for each read.
"""

from __future__ import annotations

from typing import Final

_SMALL: Final = 64 * 1024
"""Bytes of a message for which glibc keeps enough by itself."""

_MOST: Final = 31 * 1024 * 1024
"""Bytes of a block; glibc learns nothing from one of 32 MiB or more."""

_kept = _SMALL  # bytes of the largest read or message that was seen


def keep_memory(size: int) -> None:
    """Have memory kept that is enough for reads or messages of so many bytes.

    It frees a block with room for what was read, the message's pieces, the message, and the one
    before it. No page of that block is ever touched, so it costs a few microseconds and no memory.
    """
    global _kept
    if size > _kept:
        _kept = size
        bytes(min(4 * size, _MOST))
