"""The memory of large messages, which is used again, and of pieces, which cost little more."""

from __future__ import annotations

import platform
import subprocess
import sys
import tracemalloc

import pytest
from support.decoding import KIB, Answer, decoder, feed
from support.frames import BINARY, CONTINUATION, FIN, TEXT, raw_frame

FAULTS = """
import resource
from trio_ws_dom._wire._decoder import Decoder

def receive(count):
    decoder, frame = Decoder(), b"\\x81\\x7f" + (1 << 20).to_bytes(8, "big") + b"x" * (1 << 20)
    for _ in range(count):
        for start in range(0, len(frame), 1 << 18):
            decoder.feed(bytes(bytearray(frame[start : start + (1 << 18)])))
            decoder.take()

receive(10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
receive(50)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 50)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators are as they are")
def test_large_messages_use_the_memory_of_those_before() -> None:
    """A page that the system maps again is a page fault, and a message of 1 MiB has 256 pages."""
    run = [sys.executable, "-c", FAULTS]
    assert float(subprocess.check_output(run, text=True)) < 32


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("sizes", [[2], [16], [2, 2, 2000], [2] * 1000 + [1025]])
def test_a_message_in_pieces_of_any_sizes_costs_little_more(opcode: int, sizes: list[int]) -> None:
    pieces = [b"x" * size for size in sizes] * (64 * KIB // sum(sizes))
    tried, message = decoder(), b"".join(pieces)
    assert feed(tried, raw_frame(opcode)) == Answer([])
    tracemalloc.start()
    try:
        for piece in pieces:
            tried.feed(raw_frame(CONTINUATION, piece))
            assert tried.take() == ([], None)
        # and up to a thousand objects that are not joined yet
        assert tracemalloc.get_traced_memory()[0] < 2 * len(message) + 80 * KIB
    finally:
        tracemalloc.stop()
    whole = message.decode() if opcode == TEXT else message
    assert feed(tried, raw_frame(FIN)) == Answer([whole])
