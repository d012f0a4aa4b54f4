"""The frames that a generated server sends."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..scenario import Step, frame, write
from .values import BYTES, SERVER_TEXTS

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


@st.composite
def messages(draw: DrawFn, deflate: Any = None) -> bytes:
    """Generate a message, whole or in fragments, plain or compressed."""
    is_text = draw(st.booleans())
    data = draw(SERVER_TEXTS).encode() if is_text else draw(BYTES)
    rsv = 0
    if deflate is not None and draw(st.booleans()):
        data, rsv = deflate(data), 4
    opcode = 1 if is_text else 2
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return b"".join(
        frame(0 if i else opcode, part, fin=i == len(parts) - 1, rsv=0 if i else rsv)
        for i, part in enumerate(parts)
    )


class Deflate:
    """The server's compressor, with or without memory of the last message.

    It is called in the order of the frames.
    """

    def __init__(self, bits: int, *, forgets: bool) -> None:
        self._bits, self._forgets = bits, forgets
        self._compressor = zlib.compressobj(wbits=-bits)

    def __call__(self, data: bytes) -> bytes:
        if self._forgets:
            self._compressor = zlib.compressobj(wbits=-self._bits)
        whole = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return whole[:-4]


@st.composite
def odd_frames(draw: DrawFn, most: int) -> bytes:
    """Generate frames of any kind but Close, right or wrong. Only the first is malformed."""
    data = b""
    for _ in range(draw(st.integers(1, most))):
        opcode = draw(st.sampled_from([0, 0, 1, 1, 2, 2, 9, 10, 3, 7, 11, 15]))
        data += frame(
            opcode,
            draw(st.one_of(st.binary(max_size=8), st.text(max_size=4).map(str.encode))),
            fin=(opcode > 7 and data != b"") or draw(st.sampled_from([True, True, False])),
            rsv=draw(st.sampled_from([0, 0, 0, 0, 4, 2, 1, 7])),
            mask=draw(st.sampled_from([b"", b"", b"", b"", b"abcd"])),
            size=0 if data else draw(st.sampled_from([0, 0, 0, 0, 2, 8])),
        )
    return data


def written(draw: DrawFn, data: bytes) -> list[Step]:
    """Write in one call or in two, which must not matter."""
    if len(data) < 2 or not draw(st.booleans()):
        return [write(data)]
    at = draw(st.integers(1, len(data) - 1))
    return [write(data[:at]), write(data[at:])]
