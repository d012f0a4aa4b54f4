"""RFC 7692, section by section, with one test for each row of docs/conformance.md."""

from __future__ import annotations

import random
import zlib

import pytest
from support.answers import EXTENSIONS, PLAIN, REQUEST, answer, failure, switch
from support.frames import BINARY, PING, PONG, TEXT, frame
from support.sans_io import AGREED, Client, Sent

from trio_ws_dom._wire._deflate import DeflateParameters
from trio_ws_dom._wire._frames import Ping
from trio_ws_dom._wire._http._handshake import ClientHandshake
from trio_ws_dom._wire._protocol import MIN_DEFLATE

RSV1 = 4
TAIL = b"\0\0\xff\xff"
HELLO = bytes.fromhex("f248cdc9c90700")  # section 7.2.3.1
TEXTS = [b"All that is received is sent again. " * n for n in (1, 2, 1)]


def agreed(line: str) -> DeflateParameters | None:
    return answer(switch((EXTENSIONS, line))).deflate


def inflated(frames: list[Sent], wbits: int = -15, *, takeover: bool = True) -> list[bytes]:
    """Return a server's result for a client's compressed messages."""
    inflater = zlib.decompressobj(wbits)
    found: list[bytes] = []
    for sent in frames:
        assert sent.rsv == RSV1
        inflater = inflater if takeover else zlib.decompressobj(wbits)
        found.append(inflater.decompress(sent.payload + TAIL))
    return found


def deflated(data: bytes, end: int = zlib.Z_SYNC_FLUSH) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(end)).removesuffix(TAIL)


# 5. Negotiation


def test_5_1_the_client_offers_permessage_deflate() -> None:
    offer = ClientHandshake(REQUEST).request_bytes().decode()
    assert f"{EXTENSIONS}: permessage-deflate; client_max_window_bits\r\n" in offer


def test_5_1_without_an_answer_nothing_is_compressed() -> None:
    assert answer(switch()).deflate is None
    client = Client()
    client.protocol.send_text(TEXTS[0])
    assert client.sent() == [Sent(TEXT, TEXTS[0])]


def test_5_1_an_answer_without_an_offer_fails() -> None:
    assert failure(switch((EXTENSIONS, "permessage-deflate")), PLAIN).status == 101


def test_5_1_an_accepted_extension_is_in_use() -> None:
    assert agreed("permessage-deflate") == DeflateParameters()


@pytest.mark.parametrize("line", ["permessage-deflate, permessage-deflate", "permessage-bzip2"])
def test_5_1_an_answer_that_cannot_be_agreed_to_fails(line: str) -> None:
    assert failure(switch((EXTENSIONS, line))).status == 101


# 6. Framing


def test_6_rsv1_marks_a_compressed_message() -> None:
    client = Client(AGREED)
    client.protocol.send_text(TEXTS[0])
    assert inflated(client.sent()) == TEXTS[:1]


def test_6_rsv1_is_set_on_the_first_fragment_alone() -> None:
    client = Client(AGREED)
    first, rest = frame(TEXT, HELLO[:3], fin=False, rsv=RSV1), frame(0, HELLO[3:])
    assert client.receive(first, rest) == ["Hello"]


def test_6_rsv1_in_a_continuation_fails() -> None:
    client = Client(AGREED)
    client.receive(frame(TEXT, HELLO[:3], fin=False, rsv=RSV1), frame(0, HELLO[3:], rsv=RSV1))
    assert client.failure == 1002


def test_6_rsv1_in_a_control_frame_fails() -> None:
    client = Client(AGREED)
    client.receive(frame(PING, b"p", rsv=RSV1))
    assert client.failure == 1002


def test_6_rsv1_without_the_extension_fails() -> None:
    client = Client()
    client.receive(frame(TEXT, HELLO, rsv=RSV1))
    assert client.failure == 1002


def test_6_1_control_frames_are_not_compressed() -> None:
    client = Client(AGREED)
    client.receive(frame(PING, b"p" * 125))
    assert client.sent() == [Sent(PONG, b"p" * 125)]


def test_6_1_a_message_may_be_sent_uncompressed() -> None:
    client = Client(AGREED)
    client.protocol.send_text(b"x" * (MIN_DEFLATE - 1))
    assert client.sent() == [Sent(TEXT, b"x" * (MIN_DEFLATE - 1))]


def test_6_2_a_message_without_rsv1_is_not_inflated() -> None:
    client = Client(AGREED)
    frames = frame(TEXT, b"plain"), frame(TEXT, HELLO, rsv=RSV1), frame(BINARY, HELLO)
    assert client.receive(*frames) == ["plain", "Hello", HELLO]


def test_6_2_control_frames_may_be_between_compressed_fragments() -> None:
    frames = (
        frame(TEXT, HELLO[:3], fin=False, rsv=RSV1),
        frame(PING, b"p"),
        frame(0, HELLO[3:]),
    )
    assert Client(AGREED).receive(*frames) == [Ping(b"p"), "Hello"]


# 7.1 Parameters


@pytest.mark.parametrize(
    "parameter",
    [
        "unknown",
        "server_no_context_takeover=1",
        "server_no_context_takeover; server_no_context_takeover",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=08",
        "client_max_window_bits",
        "client_max_window_bits=16",
        "client_max_window_bits=10; client_max_window_bits=10",
    ],
)
def test_7_1_an_unknown_invalid_or_repeated_parameter_fails(parameter: str) -> None:
    assert failure(switch((EXTENSIONS, f"permessage-deflate; {parameter}"))).status == 101


def test_7_1_1_1_a_server_may_give_up_its_context_unasked() -> None:
    parameters = agreed("permessage-deflate; server_no_context_takeover")
    client = Client(parameters)
    for text in TEXTS:
        assert client.receive(frame(TEXT, deflated(text), rsv=RSV1)) == [text.decode()]


def test_7_1_1_1_a_reference_to_a_context_that_was_given_up_fails() -> None:
    client = Client(DeflateParameters(server_no_context_takeover=True))
    client.receive(frame(TEXT, HELLO, rsv=RSV1), frame(TEXT, b"\xf2\0\x11\0\0", rsv=RSV1))
    assert client.failure == 1007


def test_7_1_1_2_a_client_that_must_give_up_its_context_does() -> None:
    client = Client(agreed("permessage-deflate; client_no_context_takeover"))
    for text in TEXTS:
        client.protocol.send_text(text)
    assert inflated(client.sent(), takeover=False) == TEXTS


@pytest.mark.parametrize("bits", range(8, 16))
def test_7_1_2_1_a_server_may_limit_its_window(bits: int) -> None:
    client = Client(agreed(f"permessage-deflate; server_max_window_bits={bits}"))
    compressor = zlib.compressobj(wbits=-max(9, bits))  # zlib has no window of 8 bits
    for text in TEXTS:
        payload = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
        message = payload.removesuffix(TAIL)
        assert client.receive(frame(TEXT, message, rsv=RSV1)) == [text.decode()]


@pytest.mark.parametrize("bits", range(8, 16))
def test_7_1_2_2_a_client_keeps_to_the_window_that_the_server_allows(bits: int) -> None:
    client = Client(agreed(f"permessage-deflate; client_max_window_bits={bits}"))
    noise = random.Random(1).randbytes(600)  # repeated after 600 bytes
    sent = [noise * 3, noise]
    for message in sent:
        client.protocol.send_binary(message)
    assert inflated(client.sent(), -max(9, bits)) == sent


# 7.2 Compression and decompression


def test_7_2_1_a_payload_ends_without_the_four_bytes_of_an_empty_block() -> None:
    client = Client(AGREED)
    client.protocol.send_text(TEXTS[0])
    (sent,) = client.sent()
    assert not sent.payload.endswith(TAIL)
    assert zlib.decompressobj(-15).decompress(sent.payload + TAIL) == TEXTS[0]


def test_7_2_1_the_context_is_kept_from_message_to_message() -> None:
    client = Client(AGREED)
    for text in [TEXTS[0]] * 2:
        client.protocol.send_text(text)
    first, second = frames = client.sent()
    assert len(second.payload) < len(first.payload) // 2
    assert inflated(frames) == [TEXTS[0]] * 2


def test_7_2_2_the_four_bytes_are_added_to_what_was_received() -> None:
    assert Client(AGREED).receive(frame(TEXT, deflated(b"Hello"), rsv=RSV1)) == ["Hello"]


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x06", b"\xf2\0\x11\0\0"])
def test_7_2_2_data_that_is_no_deflate_fails(data: bytes) -> None:
    client = Client(AGREED)
    client.receive(frame(TEXT, data, rsv=RSV1))
    assert client.failure == 1007


def test_7_2_3_1_a_message_of_one_block() -> None:
    assert Client(AGREED).receive(frame(TEXT, HELLO, rsv=RSV1)) == ["Hello"]


def test_7_2_3_2_a_window_is_shared_by_messages() -> None:
    again = bytes.fromhex("f200110000")
    frames = frame(TEXT, HELLO, rsv=RSV1), frame(TEXT, again, rsv=RSV1)
    assert Client(AGREED).receive(*frames) == ["Hello", "Hello"]


def test_7_2_3_3_a_block_that_is_not_compressed() -> None:
    stored = bytes.fromhex("000500faff48656c6c6f00")
    assert Client(AGREED).receive(frame(TEXT, stored, rsv=RSV1)) == ["Hello"]


def test_7_2_3_4_a_block_with_bfinal() -> None:
    final = bytes.fromhex("f348cdc9c9070000")
    assert Client(AGREED).receive(frame(TEXT, final, rsv=RSV1) * 2) == ["Hello"] * 2


def test_7_2_3_5_two_blocks() -> None:
    blocks = bytes.fromhex("f2480500 00 00ffff cac9c90700")
    assert Client(AGREED).receive(frame(TEXT, blocks, rsv=RSV1)) == ["Hello"]


def test_7_2_3_6_an_empty_message_is_one_byte() -> None:
    assert Client(AGREED).receive(frame(TEXT, b"\0", rsv=RSV1)) == [""]


# 8. Security


def test_8_what_a_message_inflates_to_has_the_limit() -> None:
    client = Client(AGREED, limit=1000)
    assert client.receive(frame(TEXT, deflated(b"x" * 1000), rsv=RSV1)) == ["x" * 1000]
    client.receive(frame(TEXT, deflated(b"x" * 1001), rsv=RSV1))
    assert client.failure == 1009
