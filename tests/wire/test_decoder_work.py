"""No take() does more than its share of work, whatever the peer sends."""

from __future__ import annotations

import random
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from support.attacks import CHUNK, Attack, attacks, deflated, messages
from support.decoding import KIB, MIB, decoder
from support.frames import raw_frame

from trio_ws_dom._wire._decoder import (
    FRAME_WORK,
    INFLATE_WORK,
    INPUT_WORK,
    MAX_BATCH,
    MAX_WORK,
    Decoder,
)
from trio_ws_dom._wire._deflate import MAX_INPUT, MAX_OUTPUT, DeflateParameters, Inflater
from trio_ws_dom._wire._frames import BINARY, CONTINUATION, FIN, RSV1
from trio_ws_dom._wire._joining import Joining

if TYPE_CHECKING:
    from collections.abc import Iterator


ENOUGH = 60 * KIB
"""Bytes of each attack, many times what one take() can do."""


class Tally:
    """Counts of zlib's work since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.calls = self.taken = self.made = 0


class CountedDecompressor:
    """One of zlib's decompressors, whose work is counted."""

    def __init__(self, decompressor: Any, tally: Tally) -> None:
        self._decompressor = decompressor
        self._tally = tally

    def decompress(self, data: bytes, size: int) -> bytes:
        output: bytes = self._decompressor.decompress(data, size)
        self._tally.calls += 1
        left = self._decompressor.unconsumed_tail + self._decompressor.unused_data
        self._tally.taken += len(data) - len(left)
        self._tally.made += len(output)
        return output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decompressor, name)


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch) -> Tally:
    """Count the work of all decompressors that are made from now on."""
    tally, make = Tally(), zlib.decompressobj

    def counted(wbits: int) -> CountedDecompressor:
        return CountedDecompressor(make(wbits), tally)

    monkeypatch.setattr(zlib, "decompressobj", counted)
    return tally


def attacked(attack: Attack, limit: int | None, piece_size: int | None) -> Decoder:
    inflater = Inflater(DeflateParameters(server_no_context_takeover=not attack.takeover))
    return Decoder(max_message_size=limit, inflater=inflater, piece_size=piece_size)


def takes(tried: Decoder, chunk: bytes) -> Iterator[int]:
    """Feed a chunk, and return how many messages each take() returns."""
    tried.feed(chunk)
    while True:
        yield len(tried.take()[0])
        if tried.hungry:
            return


def check(tried: Decoder, attack: Attack, tally: Tally) -> None:
    for count in takes(tried, attack.chunks(1)[0][:ENOUGH]):
        assert count <= MAX_BATCH
        assert tally.calls <= MAX_WORK // INFLATE_WORK
        assert tally.taken <= MAX_WORK // INPUT_WORK + MAX_INPUT
        assert tally.made <= MAX_WORK + MAX_OUTPUT
        tally.reset()


@pytest.mark.heavy
@pytest.mark.parametrize("piece_size", [None, 64 * KIB])
@pytest.mark.parametrize("name", attacks())
def test_inflating_is_bounded(name: str, piece_size: int | None, tally: Tally) -> None:
    attack = attacks()[name]
    check(attacked(attack, 16 * MIB, piece_size), attack, tally)


@pytest.mark.heavy
def test_inflating_is_bounded_where_messages_are_not(tally: Tally) -> None:
    bombs = messages(FIN | RSV1 | BINARY, deflated(bytes(50 * MIB)))
    check(attacked(bombs, None, None), bombs, tally)


@pytest.mark.parametrize("rsv", [0, RSV1])
def test_frames_are_bounded(rsv: int) -> None:
    tried = decoder(compression=True)
    flood = raw_frame(rsv | BINARY) + raw_frame(CONTINUATION) * (CHUNK // 2)
    assert len(list(takes(tried, flood))) >= CHUNK // 2 * FRAME_WORK // MAX_WORK


def test_a_large_payload_is_stored_in_several_takes() -> None:
    tried = decoder()
    assert list(takes(tried, raw_frame(FIN | BINARY, bytes(4 * MAX_WORK)))) == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("compression", [False, True])
def test_a_long_binary_message_is_joined_in_several_takes(
    compression: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[int] = []
    step = Joining.step

    def counted(joining: Joining, size: int) -> int:
        copied.append(step(joining, size))
        return copied[-1]

    monkeypatch.setattr(Joining, "step", counted)
    message = random.Random(1).randbytes(KIB) * (4 * KIB)
    payload = deflated(message) if compression else message
    tried, after = decoder(compression=True), raw_frame(FIN | BINARY, b"next")
    tried.feed(raw_frame(FIN | BINARY | (RSV1 if compression else 0), payload) + after)
    got: list[object] = []
    while len(got) < 2:
        before = sum(copied)
        got += tried.take()[0]
        assert sum(copied) - before <= 2 * MAX_WORK  # its share, and the piece that exceeds it
    assert got == [message, b"next"]
    assert sum(copied) == len(message)


def test_many_messages_of_a_large_chunk_come_in_several_takes() -> None:
    """This holds however large they are, and however much is there already."""
    tried = decoder()
    message = raw_frame(FIN | BINARY, bytes(60_000))
    assert max(takes(tried, message * 100)) <= MAX_WORK // 60_000 + 1
