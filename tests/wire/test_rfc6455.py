"""RFC 6455, section by section, with one test for each row of docs/conformance.md.

Each test is about what the section asks of a client. What a row says is not repeated here.
"""

from __future__ import annotations

import base64
import hashlib
import itertools

import pytest
from support.answers import ASKING, GOOD, PLAIN, PROTOCOL, answer, failure, head, refusal, switch
from support.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    frame,
    raw_frame,
)
from support.sans_io import MASK, Client, Sent, frames_of

from trio_ws_dom._net._masks import new_masks
from trio_ws_dom._socket._url import parse_protocols, parse_url
from trio_ws_dom._wire._closing import READY_STATE, ClosingMachine, State
from trio_ws_dom._wire._frames import Close, Ping, Pong, encode, is_sendable_code
from trio_ws_dom._wire._http._handshake import ClientHandshake
from trio_ws_dom._wire._http._request import Request

LONG = 70_000  # bytes, more than a 16-bit length


def request_lines(request: Request) -> list[str]:
    return ClientHandshake(request).request_bytes().decode().split("\r\n")


# 3. WebSocket URIs


def test_3_a_uri_has_scheme_host_port_path_and_query() -> None:
    address = parse_url("wss://example.com:8443/chat?room=1", None)
    assert (address.secure, address.host, address.port) == (True, "example.com", 8443)
    assert address.target == "/chat?room=1"


def test_3_ports_are_80_and_443_by_default() -> None:
    assert [parse_url(f"{scheme}://example.com", None).port for scheme in ("ws", "wss")] == [
        80,
        443,
    ]


def test_3_an_empty_path_is_a_slash() -> None:
    assert parse_url("ws://example.com?room=1", None).target == "/?room=1"


# 4.1 The client's opening handshake, and its request


def test_4_1_the_request_is_a_get_of_http_1_1() -> None:
    assert request_lines(Request("example.com", "/chat?x=1", b"key"))[0] == "GET /chat?x=1 HTTP/1.1"


@pytest.mark.parametrize(
    "line", ["Host: example.com:8080", "Upgrade: websocket", "Connection: Upgrade"]
)
def test_4_1_the_request_has_the_headers_of_an_upgrade(line: str) -> None:
    assert line in request_lines(Request("example.com:8080", "/", b"key"))


def test_4_1_the_request_has_the_key() -> None:
    assert "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" in request_lines(PLAIN)


def test_4_1_the_version_is_13() -> None:
    assert "Sec-WebSocket-Version: 13" in request_lines(PLAIN)


def test_4_1_subprotocols_are_sent_in_order() -> None:
    assert "Sec-WebSocket-Protocol: chat.v2, chat" in request_lines(ASKING)


@pytest.mark.parametrize("protocols", [["chat", "chat"], [""], ["a b"], ["a,b"], ["\u00e9"]])
def test_4_1_subprotocols_are_unique_tokens(protocols: list[str]) -> None:
    with pytest.raises(Exception, match="expected"):
        parse_protocols(protocols)


def test_4_1_an_extension_may_be_offered() -> None:
    lines = request_lines(Request("example.com", "/", b"key"))
    assert "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits" in lines


def test_4_1_other_headers_may_be_sent() -> None:
    request = Request("example.com", "/", b"key", headers=(("Cookie", "a=b"), ("Origin", "x")))
    assert {"Cookie: a=b", "Origin: x"} <= set(request_lines(request))


# 4.1 The server's answer


def test_4_1_a_good_answer_is_accepted() -> None:
    assert answer(switch()).status == 101


@pytest.mark.parametrize("status", ["200 OK", "301 Moved", "401 Unauthorized", "503 Busy"])
def test_4_1_another_status_is_handled_as_http_has_it(status: str) -> None:
    refused = refusal(head(status, [("Content-Length", "2")]) + b"no")
    assert (refused.status, refused.body) == (int(status[:3]), b"no")


@pytest.mark.parametrize("upgrade", [None, "h2c", "websocket2"])
def test_4_1_an_answer_without_upgrade_to_websocket_fails(upgrade: str | None) -> None:
    assert "Upgrade" in str(failure(switch(Upgrade=upgrade)))


def test_4_1_upgrade_and_connection_have_no_case() -> None:
    assert answer(switch(Upgrade="WebSocket", Connection="keep-alive, UPGRADE")).status == 101


@pytest.mark.parametrize("connection", [None, "close", "upgraded"])
def test_4_1_an_answer_without_connection_upgrade_fails(connection: str | None) -> None:
    assert "Connection" in str(failure(switch(Connection=connection)))


@pytest.mark.parametrize("accept", [None, "", GOOD["Sec-WebSocket-Accept"].lower(), "x" * 28])
def test_4_1_a_wrong_accept_key_fails(accept: str | None) -> None:
    assert "Sec-WebSocket-Accept" in str(failure(switch(Sec_WebSocket_Accept=accept)))


def test_4_1_whitespace_around_the_accept_key_is_ignored() -> None:
    assert answer(switch(Sec_WebSocket_Accept=f" {GOOD['Sec-WebSocket-Accept']}\t")).status == 101


def test_4_1_the_accept_key_is_the_keys_hash() -> None:
    key = base64.b64encode(bytes(16))
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    accept = base64.b64encode(digest).decode()
    assert answer(switch(Sec_WebSocket_Accept=accept), Request("a", "/", key)).status == 101


def test_4_1_an_extension_that_was_not_offered_fails() -> None:
    line = ("Sec-WebSocket-Extensions", "permessage-deflate")
    assert "expected no extension" in str(failure(switch(line), PLAIN))


def test_4_1_a_subprotocol_that_was_not_offered_fails() -> None:
    assert "subprotocols that were offered" in str(failure(switch((PROTOCOL, "soap")), ASKING))


def test_4_1_a_subprotocol_that_was_offered_is_in_use() -> None:
    assert answer(switch((PROTOCOL, "chat")), ASKING).protocol == "chat"


def test_4_1_frames_may_follow_the_answer_at_once() -> None:
    assert answer(switch() + frame(TEXT, b"Hello")).trailing == frame(TEXT, b"Hello")


def test_4_4_a_servers_versions_are_named() -> None:
    refused = refusal(head("426 Upgrade Required", [("Sec-WebSocket-Version", "8, 7")]))
    assert "8, 7" in str(refused)


# 5.1 Overview


def test_5_1_all_frames_of_a_client_are_masked() -> None:
    client = Client()
    client.protocol.send_text(b"Hello")
    client.protocol.ping(b"p")
    client.protocol.close(Close(1000))
    assert [sent.opcode for sent in client.sent()] == [PING, TEXT, CLOSE]  # it checks the bits


def test_5_1_a_masked_frame_of_a_server_fails() -> None:
    client = Client()
    assert client.receive(frame(TEXT, b"Hello", mask=MASK)) == []
    assert client.failure == 1002


# 5.2 Base framing protocol


@pytest.mark.parametrize("rsv", [1, 2, 3, 4, 5, 6, 7])
def test_5_2_a_reserved_bit_without_extension_fails(rsv: int) -> None:
    client = Client()
    client.receive(frame(TEXT, b"Hello", rsv=rsv))
    assert client.failure == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_5_2_an_unknown_opcode_fails(opcode: int) -> None:
    client = Client()
    client.receive(frame(opcode))
    assert client.failure == 1002


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, LONG])
def test_5_2_lengths_of_all_three_forms_are_read(size: int) -> None:
    assert Client().receive(frame(BINARY, bytes(size)), frame(TEXT, b"on")) == [bytes(size), "on"]


@pytest.mark.parametrize(("size", "head_size"), [(125, 6), (126, 8), (65535, 8), (65536, 14)])
def test_5_2_lengths_are_sent_in_the_shortest_form(size: int, head_size: int) -> None:
    assert len(encode(0x82, bytes(size), MASK)) == head_size + size


@pytest.mark.parametrize("head", ["827e007d", "827f000000000000ffff"])
def test_5_2_a_length_that_is_not_in_its_shortest_form_fails(head: str) -> None:
    client = Client()
    client.receive(bytes.fromhex(head))
    assert client.failure == 1002


def test_5_2_a_length_of_64_bits_has_its_first_bit_clear() -> None:
    client = Client()
    client.receive(bytes.fromhex("827f8000000000000000"))
    assert client.failure == 1002


# 5.3 Client-to-server masking


def test_5_3_masking_is_an_xor_with_the_keys_four_bytes() -> None:
    assert encode(0x81, b"Hello", MASK) == bytes.fromhex("818537fa213d7f9f4d5158")


def test_5_3_each_frame_has_a_new_key() -> None:
    keys = list(itertools.islice(new_masks(), 1000))
    assert len(set(keys)) == 1000  # the chance of two alike is one in 8,000


# 5.4 Fragmentation


def test_5_4_fragments_are_one_message() -> None:
    frames = frame(TEXT, b"Hel", fin=False), frame(0, b"", fin=False), frame(0, b"lo")
    assert Client().receive(*frames) == ["Hello"]


def test_5_4_control_frames_may_be_between_fragments() -> None:
    frames = frame(TEXT, b"Hel", fin=False), frame(PING, b"p"), frame(0, b"lo")
    assert Client().receive(*frames) == [Ping(b"p"), "Hello"]


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_5_4_a_fragmented_control_frame_fails(opcode: int) -> None:
    client = Client()
    client.receive(frame(opcode, fin=False))
    assert client.failure == 1002


def test_5_4_fragments_of_two_messages_do_not_mix() -> None:
    client = Client()
    client.receive(frame(TEXT, b"Hel", fin=False), frame(TEXT, b"x"))
    assert client.failure == 1002


@pytest.mark.parametrize("fin", [True, False])
def test_5_4_a_continuation_of_nothing_fails(fin: bool) -> None:
    client = Client()
    client.receive(frame(CONTINUATION, b"x", fin=fin))
    assert client.failure == 1002


def test_5_4_the_type_is_that_of_the_first_fragment() -> None:
    frames = frame(BINARY, b"a", fin=False), frame(0, b"b")
    assert Client().receive(*frames) == [b"ab"]


def test_5_4_a_message_may_be_sent_in_fragments() -> None:
    protocol, client = (client := Client()).protocol, client
    protocol.send_text(b"Hel", fin=False)
    protocol.send_continuation(b"l", fin=False)
    protocol.send_continuation(b"o", fin=True)
    assert client.sent() == [
        Sent(TEXT, b"Hel", fin=False),
        Sent(CONTINUATION, b"l", fin=False),
        Sent(CONTINUATION, b"o"),
    ]


def test_5_4_our_control_frames_may_be_between_our_fragments() -> None:
    client = Client()
    client.protocol.send_text(b"Hel", fin=False)
    client.sent()
    client.receive(frame(PING, b"p"))
    client.protocol.send_continuation(b"lo", fin=True)
    assert client.sent() == [Sent(PONG, b"p"), Sent(CONTINUATION, b"lo")]


# 5.5 Control frames


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_5_5_a_control_frame_of_more_than_125_bytes_fails(opcode: int) -> None:
    client = Client()
    client.receive(frame(opcode, bytes(126)))
    assert client.failure == 1002


def test_5_5_1_a_close_may_have_no_body() -> None:
    client = Client()
    assert client.receive(close()) == [Close(1005)]
    assert client.sent() == [Sent(CLOSE, b"")]


def test_5_5_1_a_close_has_a_code_of_two_bytes() -> None:
    assert Client().receive(close(1001)) == [Close(1001)]


def test_5_5_1_a_close_of_one_byte_fails() -> None:
    client = Client()
    client.receive(frame(CLOSE, b"\x03"))
    assert client.failure == 1002


def test_5_5_1_a_reason_is_utf_8() -> None:
    assert Client().receive(close(1000, "grün")) == [Close(1000, "grün")]


def test_5_5_1_a_reason_that_is_not_utf_8_fails() -> None:
    client = Client()
    client.receive(frame(CLOSE, b"\x03\xe8\xff"))
    assert client.failure == 1007


def test_5_5_1_nothing_is_sent_after_our_close() -> None:
    client = Client()
    client.protocol.close(Close(1000))
    client.protocol.send_text(b"late")
    client.protocol.ping(b"late")
    assert client.sent() == [Sent(CLOSE, b"\x03\xe8")]
    client.receive(frame(PING, b"p"))
    assert client.sent() == []


def test_5_5_1_a_close_is_answered_with_its_code() -> None:
    client = Client()
    client.receive(close(4321, "bye"))
    assert client.sent() == [Sent(CLOSE, (4321).to_bytes(2, "big") + b"bye")]


def test_5_5_1_our_close_follows_what_was_queued_before_it() -> None:
    client = Client()
    client.protocol.send_text(b"first")
    client.protocol.close(Close(1000))
    assert [sent.opcode for sent in client.sent()] == [TEXT, CLOSE]


def test_5_5_1_the_echo_may_wait_for_the_message_in_progress() -> None:
    client, outbox = (client := Client()), client.protocol.outbox
    client.protocol.send_binary(bytes(300_000))
    assert outbox.fill()  # the writer has the first block
    client.receive(close(1000))
    client.protocol.drop_queued()
    assert client.sent() == [Sent(BINARY, bytes(300_000)), Sent(CLOSE, b"\x03\xe8")]


def test_5_5_1_nothing_is_received_after_the_peers_close() -> None:
    client = Client()
    assert client.receive(close(1000), frame(TEXT, b"late")) == [Close(1000)]
    assert client.receive(b"\xff\xff") == []
    assert client.failure is None


def test_5_5_1_after_both_closes_the_handshake_is_complete() -> None:
    client = Client()
    client.protocol.close(Close(1000))
    client.sent()
    states = [client.state]
    client.receive(close(1000))
    states.append(client.state)
    assert states == [State.CLOSE_SENT, State.COMPLETE]


def test_5_5_1_both_sides_may_close_at_once() -> None:
    client = Client()
    client.protocol.close(Close(1000))
    client.receive(close(1001))
    assert client.sent() == [Sent(CLOSE, b"\x03\xe8")]
    assert client.state is State.COMPLETE


def test_5_5_2_a_ping_is_answered_with_its_payload() -> None:
    client = Client()
    assert client.receive(frame(PING, b"p" * 125)) == [Ping(b"p" * 125)]
    assert client.sent() == [Sent(PONG, b"p" * 125)]


def test_5_5_2_a_pong_goes_ahead_of_queued_data() -> None:
    client = Client()
    client.protocol.send_text(b"queued")
    client.receive(frame(PING, b"p"))
    assert [sent.opcode for sent in client.sent()] == [PONG, TEXT]


def test_5_5_2_a_ping_after_the_close_is_not_answered() -> None:
    client = Client()
    client.receive(close(1000), frame(PING, b"p"))
    assert [sent.opcode for sent in client.sent()] == [CLOSE]


def test_5_5_3_of_many_pings_the_latest_are_answered() -> None:
    client = Client()
    client.receive(*(frame(PING, bytes([number])) for number in range(200)))
    assert client.sent()[-1] == Sent(PONG, bytes([199]))


def test_5_5_3_a_pong_that_was_not_asked_for_needs_no_answer() -> None:
    client = Client()
    assert client.receive(frame(PONG, b"x")) == [Pong(b"x")]
    assert client.sent() == []
    assert client.state is State.OPEN


def test_5_5_3_a_pong_may_be_sent_without_a_ping() -> None:
    client = Client()
    client.protocol.pong(b"x")
    assert client.sent() == [Sent(PONG, b"x")]


# 5.6 to 5.8


def test_5_6_text_is_utf_8() -> None:
    assert Client().receive(frame(TEXT, "grün \N{GRINNING FACE}".encode())) == [
        "grün \N{GRINNING FACE}"
    ]


def test_5_6_a_character_may_be_cut_by_fragments() -> None:
    face = "\N{GRINNING FACE}".encode()
    frames = (frame(TEXT if not i else 0, face[i : i + 1], fin=i == 3) for i in range(4))
    assert Client().receive(*frames) == ["\N{GRINNING FACE}"]


def test_5_6_binary_may_be_anything() -> None:
    assert Client().receive(frame(BINARY, bytes(range(256)))) == [bytes(range(256))]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("810548656c6c6f", ["Hello"]),
        ("010348656c80026c6f", ["Hello"]),
        ("890548656c6c6f", [Ping(b"Hello")]),
        ("827e0100" + "00" * 256, [bytes(256)]),
        ("827f0000000000010000" + "00" * 65536, [bytes(65536)]),
    ],
)
def test_5_7_the_rfcs_examples_are_read(wire: str, expected: list[object]) -> None:
    assert Client().receive(bytes.fromhex(wire)) == expected


def test_5_7_the_rfcs_masked_pong_is_made() -> None:
    client = Client()
    client.receive(bytes.fromhex("890548656c6c6f"))
    client.sent()
    assert client.wire == bytes.fromhex("8a8537fa213d7f9f4d5158")


# 6. Sending and receiving data


def test_6_1_data_is_sent_in_the_state_open_alone() -> None:
    client = Client()
    client.receive(close(1000))
    client.protocol.send_text(b"late")
    assert [sent.opcode for sent in client.sent()] == [CLOSE]


def test_6_1_a_message_is_one_frame_with_fin() -> None:
    client = Client()
    client.protocol.send_text(b"Hello")
    client.protocol.send_binary(bytes(LONG))
    assert client.sent() == [Sent(TEXT, b"Hello"), Sent(BINARY, bytes(LONG))]


def test_6_2_messages_are_received_in_order_whatever_the_segments() -> None:
    client = Client()
    wire = b"".join(frame(TEXT, str(number).encode()) for number in range(200))
    items = [item for start in range(len(wire)) for item in client.receive(wire[start : start + 1])]
    assert items == [str(number) for number in range(200)]


# 7. Closing the connection


def test_7_1_3_closing_begins_with_either_close() -> None:
    ours, theirs = Client(), Client()
    ours.protocol.close(Close(1000))
    theirs.receive(close(1000))
    assert READY_STATE[ours.state] == READY_STATE[theirs.state] == 2


def test_7_1_4_the_end_is_clean_after_the_closing_handshake() -> None:
    client = Client()
    client.receive(close(1000))
    client.sent()
    client.protocol.end(EOFError())
    assert client.protocol.machine.result == (1000, "", True)


def test_7_1_5_the_code_is_the_peers() -> None:
    client = Client()
    client.protocol.close(Close(3000))
    client.sent()
    client.receive(close(4000, "bye"))
    client.protocol.end(EOFError())
    assert client.protocol.machine.result == (4000, "bye", True)


def test_7_1_5_without_code_it_is_1005() -> None:
    client = Client()
    client.receive(close())
    client.sent()
    client.protocol.end(EOFError())
    assert client.protocol.machine.result == (1005, "", True)


def test_7_1_5_without_the_peers_close_it_is_1006() -> None:
    client = Client()
    client.protocol.close(Close(1000))
    client.sent()
    client.protocol.end(EOFError())
    assert client.protocol.machine.result == (1006, "", False)


def test_7_1_6_without_reason_it_is_empty() -> None:
    assert Client().receive(close(1000)) == [Close(1000, "")]


def test_7_1_7_failing_sends_a_close_that_says_why() -> None:
    client = Client()
    client.receive(frame(TEXT, b"\xff"))
    assert client.sent() == [Sent(CLOSE, (1007).to_bytes(2, "big"))]
    assert client.state is State.FAILING


def test_7_1_7_nothing_is_received_after_a_failure() -> None:
    client = Client()
    assert client.receive(frame(3), frame(TEXT, b"late")) == []
    assert client.receive(frame(TEXT, b"late")) == []


def test_7_1_7_a_failed_connection_is_not_clean() -> None:
    client = Client()
    client.receive(frame(3))
    client.sent()
    client.protocol.end(EOFError())
    assert client.protocol.machine.result == (1006, "", False)


def test_7_1_7_a_failed_opening_has_no_close_frame() -> None:
    machine = ClosingMachine()
    machine.fail(ConnectionError())
    machine.end()
    assert machine.result == (1006, "", False)


@pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1015), 3000, 4999])
def test_7_4_codes_that_may_stand_in_a_close(code: int) -> None:
    assert is_sendable_code(code)
    assert Client().receive(close(code)) == [Close(code)]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_7_4_other_codes_fail(code: int) -> None:
    client = Client()
    client.receive(close(code))
    assert client.failure == 1002


def test_7_4_1_1005_never_stands_in_a_close() -> None:
    assert Close(1005).payload() == b""


# 8 to 10


@pytest.mark.parametrize("data", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_8_1_text_that_is_not_utf_8_fails_at_once(data: bytes) -> None:
    client = Client()
    client.receive(raw_frame(TEXT, data))  # and the message has not ended
    assert client.failure == 1007


def test_9_1_the_grammar_of_extensions_is_obeyed() -> None:
    line = ("Sec-WebSocket-Extensions", "permessage-deflate;;")
    assert "Sec-WebSocket-Extensions" in str(failure(switch(line)))


@pytest.mark.parametrize("line", ["x-unknown", "permessage-deflate; x", "permessage-deflate, x"])
def test_9_1_an_extension_or_parameter_that_was_not_offered_fails(line: str) -> None:
    assert failure(switch(("Sec-WebSocket-Extensions", line))).status == 101


def test_10_4_a_message_above_the_limit_fails_by_its_header() -> None:
    client = Client(limit=100)
    assert client.receive(frame(BINARY, bytes(100))) == [bytes(100)]
    client.receive(frame(BINARY, bytes(101))[:2])
    assert client.failure == 1009


def test_10_4_fragments_count_together() -> None:
    client = Client(limit=100)
    client.receive(frame(BINARY, bytes(60), fin=False), frame(0, bytes(41)))
    assert client.failure == 1009


def test_10_7_bytes_that_are_no_frame_fail() -> None:
    client = Client()
    client.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert client.failure == 1002
    assert [sent.opcode for sent in client.sent()] == [CLOSE]


def test_a_clients_frames_can_be_taken_apart_again() -> None:
    """These tests rely on it."""
    wire = encode(0x81, b"Hello", MASK) + encode(0x02, bytes(LONG), MASK)
    assert list(frames_of(wire)) == [Sent(TEXT, b"Hello"), Sent(BINARY, bytes(LONG), fin=False)]
