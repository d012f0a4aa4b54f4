"""A decoder's answers, and a server's frames for it."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import pytest

from support.frames import raw_frame
from trio_ws_dom._wire._decoder import Decoder
from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._frames import CLOSE, FIN, TEXT, Control
from trio_ws_dom._wire._messages import Message

RSV2, RSV3 = 0x20, 0x10
KIB = 1024
MIB = 1024 * KIB
SIZES = [0, 1, 125, 126, 127, 65535, 65536, 65537, MIB]

HELLO = bytes((FIN | TEXT, 5)) + b"Hello"
GRIN = "\N{GRINNING FACE}".encode()  # f0 9f 98 80


def close_frame(payload: bytes) -> bytes:
    return raw_frame(FIN | CLOSE, payload)


def deflate(data: bytes) -> bytes:
    """Return one message's payload, without context."""
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def decoder(limit: int | None = None, *, compression: bool = False) -> Decoder:
    """Return a decoder whose inflater, if any, has no context, so that each message stands
    alone."""
    inflater = Inflater(DeflateParameters(server_no_context_takeover=True))
    return Decoder(max_message_size=limit, inflater=inflater if compression else None)


class Answer(NamedTuple):
    """All that a decoder returns for some bytes."""

    items: list[Message | Control]
    code: int | None = None  # of the failure after them


def drain(tried: Decoder) -> Answer:
    """Take until nothing is there."""
    items: list[Message | Control] = []
    try:
        while True:
            messages, control = tried.take()
            items += messages
            items += [] if control is None else [control]
            if tried.hungry:
                return Answer(items)
    except ProtocolError as exc:
        return Answer(items, exc.code)


def feed(tried: Decoder, *chunks: bytes) -> Answer:
    """Feed chunks and take after each one, up to a failure."""
    items: list[Message | Control] = []
    for chunk in chunks:
        tried.feed(chunk)
        more, code = drain(tried)
        items += more
        if code is not None:
            return Answer(items, code)
    return Answer(items)


def bytewise(data: bytes) -> list[bytes]:
    """Return chunks of one byte, which never take the fast path, as no frame is whole when it
    begins."""
    return [data[i : i + 1] for i in range(len(data))]


def decode(*frames: bytes, limit: int | None = None, compression: bool = False) -> Answer:
    """Return what the frames contain, which is the same at once and byte by byte."""
    data = b"".join(frames)
    whole = feed(decoder(limit, compression=compression), data)
    assert feed(decoder(limit, compression=compression), *bytewise(data)) == whole
    return whole


def failure(*frames: bytes, limit: int | None = None, compression: bool = False) -> ProtocolError:
    """Return how the last of the frames fails, and check that those before it do not."""
    tried = decoder(limit, compression=compression)
    assert feed(tried, *frames[:-1]).code is None
    tried.feed(frames[-1])
    with pytest.raises(ProtocolError) as caught:
        tried.take()
    assert tried.take() == ([], None)
    return caught.value
