"""permessage-deflate, RFC 7692: parameters, and both directions within their bounds."""

from __future__ import annotations

import random
import sys
import tracemalloc
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame, Opcode
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import Opcode as WsprotoOpcode
from wsproto.frame_protocol import RsvBits

from trio_ws_dom._wire._deflate import (
    OFFER,
    DeflateParameters,
    Deflater,
    Inflater,
    InvalidDeflate,
    TooBig,
)
from trio_ws_dom._wire._extensions import parse_extensions

KIB = 1024
MIB = 1024 * KIB
DEFAULTS = DeflateParameters()
PIECE = 64 * KIB  # what goes into zlib, or comes out of it, at a time
HELLO = bytes.fromhex("f248cdc9c90700")  # RFC 7692 section 7.2.3.1


def text(size: int, seed: int = 0) -> bytes:
    """Compressible data with matches at all distances."""
    rng = random.Random(seed)
    words = [bytes(rng.randrange(97, 123) for _ in range(rng.randrange(2, 9))) for _ in range(300)]
    return b" ".join(rng.choices(words, k=size // 5))[:size]


def inflate(inflater: Inflater, payload: bytes, budget: int = 64 * MIB) -> bytes:
    """One whole message."""
    start = inflater.inflate(payload, budget)
    return start + inflater.finish(budget - len(start))


def final_blocks(data: bytes) -> bytes:
    """Raw deflate that ends with BFINAL set, as a server without sync flush makes it."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def bomb(size: int) -> bytes:
    """A payload that inflates to this many MiB of zeros, and is a thousandth of it."""
    compressor = zlib.compressobj(wbits=-15)
    first = compressor.compress(bytes(MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first * size


# The parameters


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", DeflateParameters(False, False, 15, 15)),
        ("; server_no_context_takeover", DeflateParameters(True, False, 15, 15)),
        ("; client_no_context_takeover", DeflateParameters(False, True, 15, 15)),
        ("; server_max_window_bits=8", DeflateParameters(False, False, 8, 15)),
        ("; client_max_window_bits=15", DeflateParameters(False, False, 15, 15)),
        (
            '; client_max_window_bits="9"; server_max_window_bits=10; server_no_context_takeover'
            "; client_no_context_takeover",
            DeflateParameters(True, True, 10, 9),
        ),
    ],
)
def test_what_a_server_may_answer(line: str, expected: DeflateParameters) -> None:
    """A server may set all four parameters, asked or not."""
    [(_, parameters)] = parse_extensions(["permessage-deflate" + line])
    assert DeflateParameters.from_response(parameters) == expected


@pytest.mark.parametrize("name", ["server", "client"])
@pytest.mark.parametrize("bits", range(8, 16))
def test_all_windows_are_taken(name: str, bits: int) -> None:
    """RFC 7692 section 7.1.2 allows 8 to 15 bits for either side."""
    parameters = DeflateParameters.from_response([(f"{name}_max_window_bits", str(bits))])
    assert getattr(parameters, f"{name}_max_window_bits") == bits


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([("foo", None)], "unknown parameter foo"),
        ([("Server_no_context_takeover", None)], "unknown parameter Server_no"),
        ([("server_no_context_takeover", None)] * 2, "server_no_context_takeover occurs twice"),
        ([("client_no_context_takeover", None)] * 2, "client_no_context_takeover occurs twice"),
        ([("server_max_window_bits", "9")] * 2, "server_max_window_bits occurs twice"),
        ([("server_no_context_takeover", "1")], "takeover must have no value, got '1'"),
        ([("client_no_context_takeover", "0")], "takeover must have no value, got '0'"),
        ([("server_max_window_bits", None)], "server_max_window_bits must have a value"),
        ([("client_max_window_bits", None)], "client_max_window_bits must have a value"),
        ([("server_max_window_bits", "7")], "must be from 8 to 15, got '7'"),
        ([("client_max_window_bits", "16")], "must be from 8 to 15, got '16'"),
        ([("client_max_window_bits", "08")], "must be from 8 to 15, got '08'"),
        ([("client_max_window_bits", "+8")], "must be from 8 to 15, got '+8'"),
        ([("client_max_window_bits", "x")], "must be from 8 to 15, got 'x'"),
    ],
)
def test_what_a_server_must_not_answer(
    parameters: list[tuple[str, str | None]], message: str
) -> None:
    """The error names the parameter and what is wrong with it."""
    with pytest.raises(ValueError) as caught:
        DeflateParameters.from_response(parameters)
    assert message in str(caught.value)


def test_another_librarys_answer_is_taken() -> None:
    """The websockets library accepts the offer, and its answer is understood."""
    factory = ServerPerMessageDeflateFactory(True, True, 11, 10)
    [(_, offered)] = parse_extensions([OFFER])
    answer, _ = factory.process_request_params(offered, [])
    assert DeflateParameters.from_response(answer) == DeflateParameters(True, True, 11, 10)


# Compressing


def test_the_rfcs_example_is_inflated() -> None:
    """RFC 7692 section 7.2.3.1: one block."""
    assert inflate(Inflater(DEFAULTS), HELLO) == b"Hello"


def test_the_rfcs_example_is_made() -> None:
    """RFC 7692 section 7.2.3.2: the second message refers to the first."""
    deflater = Deflater(DEFAULTS)
    assert deflater.compress(b"Hello") == HELLO
    assert deflater.compress(b"Hello") == bytes.fromhex("f200110000")


def test_without_takeover_messages_are_alike() -> None:
    """With client_no_context_takeover no message refers to another."""
    deflater = Deflater(DeflateParameters(client_no_context_takeover=True))
    assert [deflater.compress(b"Hello") for _ in range(2)] == [HELLO, HELLO]


@pytest.mark.parametrize("takeover", [True, False])
def test_empty_messages_are_one_byte(takeover: bool) -> None:
    """RFC 7692 section 7.2.3.6, also between others."""
    deflater = Deflater(DeflateParameters(client_no_context_takeover=not takeover))
    inflater = Inflater(DeflateParameters(server_no_context_takeover=not takeover))
    payloads = [deflater.compress(m) for m in (b"", b"", b"Hello", b"", b"Hello", b"")]
    assert [payloads[i] for i in (0, 1, 3, 5)] == [b"\x00"] * 4
    assert b"|".join(inflate(inflater, p) for p in payloads) == b"||Hello||Hello|"


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("takeover", [True, False])
def test_a_peer_with_the_agreed_window_inflates_it(bits: int, takeover: bool) -> None:
    """No distance reaches further back than the window, even if the peer has no byte more.

    An inflater that gives its output byte by byte can look nowhere but into its window.
    """
    parameters = DeflateParameters(
        client_max_window_bits=bits, client_no_context_takeover=not takeover
    )
    deflater = Deflater(parameters)
    peer = zlib.decompressobj(-bits)
    for seed in range(3):
        message = text(20_000, seed) + bytes(1000)
        output, data = b"", deflater.compress(message) + b"\x00\x00\xff\xff"
        while len(output) < len(message):
            output += peer.decompress(data, 1)
            data = peer.unconsumed_tail
        assert peer.decompress(data) == b""
        assert output == message
        peer = peer if takeover else zlib.decompressobj(-bits)


def test_the_smallest_window_still_compresses() -> None:
    """With 8 bits a run of one byte becomes short."""
    deflater = Deflater(DeflateParameters(client_max_window_bits=8))
    assert len(deflater.compress(bytes(10_000))) < 100


def test_the_smallest_window_looks_one_byte_back() -> None:
    """With 8 bits there are no references but to the byte before, so none can reach too far."""
    deflater = Deflater(DeflateParameters(client_max_window_bits=8))
    block = random.Random(3).randbytes(100)
    assert len(deflater.compress(block * 2)) > 200


def test_a_compressor_is_small() -> None:
    """It takes less than 64 KiB, of which there is none before the first use."""
    message = text(1000)
    tracemalloc.start()
    try:
        deflater = Deflater(DEFAULTS)
        deflater.compress(b"")
        assert tracemalloc.get_traced_memory()[0] < KIB
        deflater.compress(message)
        assert 16 * KIB < tracemalloc.get_traced_memory()[0] < 64 * KIB
    finally:
        tracemalloc.stop()


def test_without_takeover_nothing_is_kept() -> None:
    """Where each message stands alone, neither direction holds memory between them."""
    message = text(1000)
    parameters = DeflateParameters(True, True)
    tracemalloc.start()
    try:
        deflater, inflater = Deflater(parameters), Inflater(parameters)
        inflate(inflater, deflater.compress(message))
        assert tracemalloc.get_traced_memory()[0] < KIB
    finally:
        tracemalloc.stop()


def test_takeover_makes_repeated_messages_small() -> None:
    """The window holds earlier messages: the second of two like ones nearly vanishes."""
    deflater = Deflater(DEFAULTS)
    message = text(1000)
    first, second = deflater.compress(message), deflater.compress(message)
    assert len(second) < len(first) / 10


# Inflating


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("takeover", [True, False])
def test_what_a_server_with_any_window_sends(bits: int, takeover: bool) -> None:
    """Each window that a server may announce is inflated, with and without takeover."""
    inflater = Inflater(
        DeflateParameters(server_max_window_bits=bits, server_no_context_takeover=not takeover)
    )
    server = Deflater(
        DeflateParameters(client_max_window_bits=bits, client_no_context_takeover=not takeover)
    )
    for seed in range(3):
        message = text(100_000, seed)
        assert inflate(inflater, server.compress(message)) == message


def test_a_server_with_a_full_window() -> None:
    """References reach back 32 KiB, over the borders of messages."""
    server = zlib.compressobj(wbits=-15)
    inflater = Inflater(DEFAULTS)
    message = random.Random(1).randbytes(32_000)
    for _ in range(3):
        payload = server.compress(message) + server.flush(zlib.Z_SYNC_FLUSH)
        assert inflate(inflater, payload[:-4]) == message


def test_eight_bits_of_a_server_that_uses_nine() -> None:
    """zlib turns 8 bits into 9, and so do the servers that stand on it."""
    server = zlib.compressobj(wbits=-9)
    message = text(5000)
    payload = server.compress(message) + server.flush(zlib.Z_SYNC_FLUSH)
    inflater = Inflater(DeflateParameters(server_max_window_bits=8))
    assert b"".join(inflater.inflate(bytes([b]), MIB) for b in payload) == message


def test_without_takeover_the_window_is_empty() -> None:
    """A reference to an earlier message is an error when the server gave up takeover."""
    inflater = Inflater(DeflateParameters(server_no_context_takeover=True))
    assert inflate(inflater, HELLO) == b"Hello"
    with pytest.raises(InvalidDeflate, match="distance too far back"):
        inflate(inflater, bytes.fromhex("f200110000"))


@pytest.mark.parametrize("budget", [4, 3, 0])
def test_one_byte_too_many(budget: int) -> None:
    """A message may fill its budget, and not pass it."""
    assert inflate(Inflater(DEFAULTS), HELLO, 5) == b"Hello"
    with pytest.raises(TooBig, match="more than its limit"):
        inflate(Inflater(DEFAULTS), HELLO, budget)


def test_one_byte_too_many_at_the_end() -> None:
    """The bound holds for what only the message's end brings out."""
    inflater = Inflater(DEFAULTS)
    assert inflater.inflate(b"\x01\x06\x00", 9) == b""  # a stored block of 6 bytes begins
    inflater = Inflater(DEFAULTS)
    assert inflater.inflate(b"\x00\x06\x00\xf9\xffab", 2) == b"ab"
    with pytest.raises(TooBig):
        inflater.finish(0)


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE])
def test_exactly_the_budget(size: int) -> None:
    """Output that ends where one of our own steps ends is neither lost nor too big."""
    payload = Deflater(DEFAULTS).compress(bytes(size))
    assert inflate(Inflater(DEFAULTS), payload, size) == bytes(size)
    with pytest.raises(TooBig):
        inflate(Inflater(DEFAULTS), payload, size - 1)


def test_no_output_is_lost_between_steps() -> None:
    """A match that a step's end cuts in two comes out whole, though all input is used."""
    for size in range(PIECE - 3, PIECE + 261, 7):
        payload = Deflater(DEFAULTS).compress(bytes(size))
        inflater = Inflater(DEFAULTS)
        assert len(inflater.inflate(payload, MIB) + inflater.finish(MIB)) == size


def test_the_largest_budget() -> None:
    """No limit is a large number."""
    assert inflate(Inflater(DEFAULTS), HELLO, sys.maxsize) == b"Hello"


def test_much_input_is_inflated() -> None:
    """Payloads longer than one step of input come out whole."""
    message = random.Random(2).randbytes(5 * PIECE + 1)
    assert inflate(Inflater(DEFAULTS), Deflater(DEFAULTS).compress(message)) == message


@pytest.mark.parametrize("limit", [KIB, MIB, 16 * MIB])
def test_a_bomb_is_stopped_at_the_limit(limit: int) -> None:
    """1 GiB in 1 MiB: at no time is more held than the limit and one step."""
    payload = bomb(1024)
    inflater = Inflater(DEFAULTS)
    tracemalloc.start()
    try:
        with pytest.raises(TooBig):
            inflater.inflate(payload, limit)
        assert tracemalloc.get_traced_memory()[1] < limit + 4 * PIECE
    finally:
        tracemalloc.stop()


def test_a_bomb_in_small_pieces_is_stopped_at_the_limit() -> None:
    """The bound is the message's, in however many frames it comes."""
    payload, budget = bomb(16), MIB
    inflater = Inflater(DEFAULTS)
    with pytest.raises(TooBig):
        for start in range(0, len(payload), 100):
            budget -= len(inflater.inflate(payload[start : start + 100], budget))
            assert budget >= 0


@pytest.mark.parametrize("payload", [bomb(20), bomb(8) + b"\xff" * 9], ids=["big", "invalid"])
def test_an_error_keeps_no_output(payload: bytes) -> None:
    """The exception may live as long as the program, so it holds on to little."""
    tracemalloc.start()
    try:
        with pytest.raises((TooBig, InvalidDeflate)) as caught:
            Inflater(DEFAULTS).inflate(payload, 16 * MIB)
        if isinstance(caught.value, TooBig):
            caught.value.start.clear()  # what it holds is for the caller to take
        assert tracemalloc.get_traced_memory()[0] < MIB
        assert caught.value.__traceback__ is not None
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xff\xff",
        b"\x06",
        b"\xf2\x00\x11\x00\x00",
        final_blocks(b"Hello") + b"\xff\xff",
        b"\x00\x05\x00\x00\x00Hello",
    ],
    ids=[
        "no block",
        "block type 3",
        "reference to nothing",
        "after a final block",
        "stored length",
    ],
)
def test_data_that_is_not_deflate(payload: bytes) -> None:
    """zlib's complaint comes as ours, with it as its cause."""
    with pytest.raises(InvalidDeflate, match="expected DEFLATE data, got: ") as caught:
        inflate(Inflater(DEFAULTS), payload)
    assert isinstance(caught.value.__cause__, zlib.error)


def test_a_payload_of_no_bytes_is_an_empty_message() -> None:
    """It does no harm to what follows, though RFC 7692 section 7.2.3.6 wants one byte."""
    inflater = Inflater(DEFAULTS)
    assert [inflate(inflater, p) for p in (b"", HELLO, b"", HELLO)] == [b"", b"Hello"] * 2


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("f348cdc9c9070000", b"Hello"),  # RFC 7692 section 7.2.3.4
        ("f348cdc9c90700", b"Hello"),  # without the zero byte at the end
        ("f248050000 00ffff cac9c90700", b"Hello"),  # section 7.2.3.5: two blocks
        ("000500faff48656c6c6f00", b"Hello"),  # section 7.2.3.3: stored
        ("f348cdc9c90700 f348cdc9c90700 00", b"HelloHello"),
        ("f348cdc9c90700 f248cdc9c90700", b"HelloHello"),
        ("0300", b""),
        ("01", b""),
        ("00", b""),
    ],
)
def test_ways_to_end_blocks(payload: str, expected: bytes) -> None:
    """Final blocks end nothing but themselves: the rest of the message and the next one count."""
    for server_no_context_takeover in (False, True):
        inflater = Inflater(DeflateParameters(server_no_context_takeover))
        for _ in range(3):
            assert inflate(inflater, bytes.fromhex(payload)) == expected
            pieces = [inflater.inflate(bytes([b]), MIB) for b in bytes.fromhex(payload)]
            assert b"".join([*pieces, inflater.finish(MIB)]) == expected


def test_a_final_block_that_fills_a_step() -> None:
    """Its end is seen, though a step's output ends right before it."""
    for size in range(PIECE - 260, PIECE + 260):
        inflater = Inflater(DEFAULTS)
        assert len(inflate(inflater, final_blocks(bytes(size)))) == size
        assert inflate(inflater, HELLO) == b"Hello"


def test_final_blocks_in_a_message_are_bounded() -> None:
    """Two bytes make an empty final block; 1024 of them are enough, for each message."""
    inflater = Inflater(DEFAULTS)
    for _ in range(2):
        assert inflate(inflater, b"\x03\x00" * 1024) == b""
    with pytest.raises(InvalidDeflate, match="at most 1024 final blocks"):
        inflate(inflater, b"\x03\x00" * 1025)


def test_an_inflater_is_made_at_first_use() -> None:
    """Before the first message it takes no window."""
    tracemalloc.start()
    try:
        inflater = Inflater(DEFAULTS)
        assert tracemalloc.get_traced_memory()[0] < KIB
        inflate(inflater, HELLO)
        assert 4 * KIB < tracemalloc.get_traced_memory()[0] < 64 * KIB
    finally:
        tracemalloc.stop()


# Properties, and other implementations

MESSAGES = st.lists(st.binary(max_size=300) | st.integers(0, 2000).map(text), max_size=5)
PARAMETERS = st.builds(
    DeflateParameters,
    st.booleans(),
    st.booleans(),
    st.integers(8, 15),
    st.integers(8, 15),
)


def mirrored(p: DeflateParameters) -> DeflateParameters:
    """The parameters as the other side sees them."""
    return DeflateParameters(
        p.client_no_context_takeover,
        p.server_no_context_takeover,
        p.client_max_window_bits,
        p.server_max_window_bits,
    )


@given(MESSAGES, PARAMETERS)
def test_there_and_back(messages: list[bytes], parameters: DeflateParameters) -> None:
    """What is compressed with any parameters is inflated with the same."""
    deflater, inflater = Deflater(parameters), Inflater(mirrored(parameters))
    assert [inflate(inflater, deflater.compress(m)) for m in messages] == messages


@given(st.binary(), st.integers(0, 2000), st.lists(st.integers(0, 3000)), st.booleans())
def test_any_chunking_gives_the_same(junk: bytes, size: int, cuts: list[int], whole: bool) -> None:
    """Where a payload is cut changes neither its output nor its fault."""
    payload = Deflater(DEFAULTS).compress(text(size)) + (b"" if whole else junk)
    edges = [0, *sorted(min(cut, len(payload)) for cut in cuts), len(payload)]
    assert outcome([payload]) == outcome([payload[a:b] for a, b in pairwise(edges)])


def outcome(pieces: list[bytes]) -> tuple[bytes, bytes] | str:
    """What two messages in these pieces come to, or the fault."""
    inflater = Inflater(DEFAULTS)
    messages: list[bytes] = []
    try:
        for _ in range(2):
            message = b""
            for piece in pieces:
                message += inflater.inflate(piece, 100_000 - len(message))
            messages.append(message + inflater.finish(100_000 - len(message)))
    except (InvalidDeflate, TooBig) as exc:
        return str(exc)
    return messages[0], messages[1]


@given(MESSAGES, st.booleans(), st.integers(9, 15))
def test_the_websockets_library_understands_us(
    messages: list[bytes], no_takeover: bool, bits: int
) -> None:
    """Its server inflates what we send, and we what it sends."""
    parameters = DeflateParameters(no_takeover, no_takeover, bits, bits)
    deflater, inflater = Deflater(parameters), Inflater(parameters)
    server = PerMessageDeflate(no_takeover, no_takeover, bits, bits)
    for message in messages:
        frame = Frame(Opcode.BINARY, deflater.compress(message), fin=True, rsv1=True)
        assert server.decode(frame).data == message
        sent = server.encode(Frame(Opcode.BINARY, message))
        assert inflate(inflater, bytes(sent.data)) == message


class _Side:
    """All that wsproto's extension asks of a connection."""

    client = False


@given(MESSAGES, st.booleans(), st.integers(9, 15))
def test_wsproto_understands_us(messages: list[bytes], no_takeover: bool, bits: int) -> None:
    """Its server inflates what we send, and we what it sends."""
    parameters = DeflateParameters(no_takeover, no_takeover, bits, bits)
    deflater, inflater = Deflater(parameters), Inflater(parameters)
    server = WsprotoDeflate(no_takeover, bits, no_takeover, bits)
    side: Any = _Side()
    for message in messages:
        payload = deflater.compress(message)
        server.frame_inbound_header(
            side, WsprotoOpcode.BINARY, RsvBits(True, False, False), len(payload)
        )
        pieces: list[Any] = [
            server.frame_inbound_payload_data(side, payload),
            server.frame_inbound_complete(side, True),
        ]
        assert b"".join(pieces) == message
        _, sent = server.frame_outbound(
            side, WsprotoOpcode.BINARY, RsvBits(False, False, False), message, True
        )
        assert inflate(inflater, sent) == message
