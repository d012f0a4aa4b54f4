"""Masks for the frames that a client sends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_POOL_SIZE: Final = 1024
"""Bytes of randomness fetched at a time: a system call for each frame would cost as much as the
rest of the frame."""


def new_masks() -> Iterator[bytes]:
    """Return an endless iterator of masks that the peer cannot foresee (RFC 6455 section 5.3)."""
    while True:
        pool = os.urandom(_POOL_SIZE)
        for start in range(0, _POOL_SIZE, 4):
            yield pool[start : start + 4]
