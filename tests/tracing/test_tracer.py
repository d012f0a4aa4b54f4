"""The tracer of a connection, whose records are heads, frames and other bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.frames import raw_frame

from trio_ws_dom._trace._records import TraceData, TraceEnd, TraceFrame, TraceHead, TraceRecord
from trio_ws_dom._trace._tracer import WireTracer
from trio_ws_dom._wire._deflate import DeflateParameters, Deflater
from trio_ws_dom._wire._frames import FIN, RSV1, TEXT, encode

if TYPE_CHECKING:
    from trio_ws_dom._trace._records import TraceDirection

REQUEST = b"GET /chat HTTP/1.1\r\nHost: peer.test\r\nCookie: a=1\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
MASK = b"mask"


class Trace:
    """A tracer and all of its records."""

    def __init__(self, limit: int = 100, *, secrets: bool = False) -> None:
        self.records: list[TraceRecord] = []
        self.tracer = WireTracer(
            connection=7,
            url="ws://peer.test/chat",
            started=1000.0,
            payload_limit=limit,
            max_message_size=10_000,
            secrets=secrets,
        )

    def feed(
        self, direction: TraceDirection, data: bytes, elapsed: float = 0.0
    ) -> list[TraceRecord]:
        new = list(self.tracer.feed(direction, data, elapsed))
        self.records += new
        return new

    def end(self, direction: TraceDirection, error: str = "") -> list[TraceRecord]:
        flushed = list(self.tracer.flush(direction, 2.0))
        return [*flushed, self.tracer.end(direction, 2.0, error)]


@pytest.fixture
def opened() -> Trace:
    trace = Trace()
    trace.feed("sent", REQUEST)
    trace.feed("received", RESPONSE)
    return trace


def test_a_record_has_its_connection_direction_size_and_times() -> None:
    (head,) = Trace().feed("sent", REQUEST, 0.25)
    assert (head.connection, head.url) == (7, "ws://peer.test/chat")
    assert (head.direction, head.size) == ("sent", len(REQUEST))
    assert (head.time, head.elapsed) == (1000.25, 0.25)


def test_heads_have_start_line_and_headers_in_order(opened: Trace) -> None:
    request, response = opened.records
    assert isinstance(request, TraceHead)
    assert request.start_line == "GET /chat HTTP/1.1"
    assert request.headers == (("Host", "peer.test"), ("Cookie", "[redacted]"))
    assert isinstance(response, TraceHead)
    assert response.start_line == "HTTP/1.1 101 Switching Protocols"
    assert response.headers == (("Upgrade", "websocket"),)


def test_frames_in_the_segment_of_the_head_are_parsed() -> None:
    trace = Trace()
    for at in range(len(RESPONSE)):
        trace.feed("received", RESPONSE[at : at + 1])
    assert len(trace.records) == 1
    other = Trace().feed("received", RESPONSE + raw_frame(FIN | TEXT, b"Hello"))
    assert isinstance(other[1], TraceFrame)
    assert other[1].payload == b"Hello"


def test_frames_of_both_directions_are_parsed(opened: Trace) -> None:
    (sent,) = opened.feed("sent", encode(FIN | TEXT, b"Hello", MASK), 1.0)
    (received,) = opened.feed("received", raw_frame(FIN | TEXT, b"World"), 1.5)
    assert isinstance(sent, TraceFrame)
    assert (sent.direction, sent.payload, sent.elapsed) == ("sent", b"Hello", 1.0)
    assert isinstance(received, TraceFrame)
    assert (received.direction, received.payload, received.size) == ("received", b"World", 7)


def test_frames_follow_only_after_the_101() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    found = Trace().feed("received", early + RESPONSE + raw_frame(FIN | TEXT, b"x"))
    assert [type(one) for one in found] == [TraceHead, TraceHead, TraceFrame]


@pytest.mark.parametrize(
    ("extension", "ours", "theirs"),
    [
        ("permessage-deflate", True, True),
        ("permessage-deflate; client_no_context_takeover", False, True),
        ("permessage-deflate; server_no_context_takeover", True, False),
    ],
)
def test_each_direction_is_inflated_by_its_own_parameters(
    extension: str, ours: bool, theirs: bool
) -> None:
    trace = Trace(limit=1000)
    agreed = f"Sec-WebSocket-Extensions: {extension}\r\n\r\n".encode()
    trace.feed("received", RESPONSE[:-2] + agreed)
    text = b"Hello World, " * 20
    directions: list[tuple[TraceDirection, bool]] = [("sent", ours), ("received", theirs)]
    for direction, takeover in directions:
        deflater = Deflater(DeflateParameters(client_no_context_takeover=not takeover))
        for _ in range(2):
            payload = deflater.compress(text)
            first = FIN | RSV1 | TEXT
            wire = (
                encode(first, payload, MASK) if direction == "sent" else raw_frame(first, payload)
            )
            (found,) = trace.feed(direction, wire)
            assert isinstance(found, TraceFrame)
            assert (found.payload, found.inflated) == (text, True)


@pytest.mark.parametrize(
    "line", ["x-other", "permessage-deflate; x=1", "permessage-deflate;;", "permessage-deflate, "]
)
def test_without_a_valid_agreement_nothing_is_inflated(line: str) -> None:
    trace = Trace()
    trace.feed("received", RESPONSE[:-2] + f"Sec-WebSocket-Extensions: {line}\r\n\r\n".encode())
    (found,) = trace.feed("received", raw_frame(FIN | RSV1 | TEXT, b"x"))
    assert isinstance(found, TraceFrame)
    assert (found.compressed, found.inflated) == (True, False)


def test_the_start_of_a_refusals_body_is_recorded_at_the_end() -> None:
    trace = Trace(limit=4)
    trace.feed("sent", REQUEST)
    trace.feed("received", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nnot")
    assert trace.feed("received", b" for you") == []
    data, end = trace.end("received")
    assert isinstance(data, TraceData)
    assert (data.payload, data.size) == (b"not ", 11)
    assert isinstance(end, TraceEnd)
    assert (end.elapsed, end.error) == (2.0, "")


def test_bytes_that_are_no_http_are_data() -> None:
    trace = Trace()
    assert trace.feed("received", b"SSH-2.0-x\r\n") == []
    data, _ = trace.end("received")
    assert isinstance(data, TraceData)
    assert data.payload == b"SSH-2.0-x\r\n"
    other = Trace()
    other.feed("received", b"junk\n\nmore")
    data, _ = other.end("received")
    assert isinstance(data, TraceData)
    assert data.payload == b"more"


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_a_head_without_end_is_data_and_not_held(direction: TraceDirection) -> None:
    trace = Trace(limit=10)
    for _ in range(70):
        assert trace.feed(direction, b"x" * 1024) == []
    assert len(trace.tracer._sides[direction].data) == 10
    data, _ = trace.end(direction)
    assert isinstance(data, TraceData)
    assert (data.size, data.payload, data.direction) == (70 * 1024, b"x" * 10, direction)


def test_the_longest_head_is_a_head() -> None:
    trace = Trace()
    assert trace.feed("sent", b"x" * 64 * 1024) == []
    (head,) = trace.feed("sent", b"\n\n")
    assert isinstance(head, TraceHead)


def test_an_end_has_the_transports_error(opened: Trace) -> None:
    (end,) = opened.end("sent", "reset by the peer")
    assert isinstance(end, TraceEnd)
    assert (end.direction, end.error, end.size) == ("sent", "reset by the peer", 0)
    assert opened.tracer.end("sent", 2.0).error == ""


def test_an_incomplete_frame_is_recorded_before_the_end(opened: Trace) -> None:
    opened.feed("received", raw_frame(FIN | TEXT, b"Hello")[:4])
    half, end = opened.end("received")
    assert isinstance(half, TraceFrame)
    assert (half.payload, half.complete, half.direction) == (b"He", False, "received")
    assert isinstance(end, TraceEnd)


def test_malformed_header_lines_are_kept() -> None:
    head = b"HTTP/1.1 101 x\nno colon\n:empty\nA:  b \n\n"
    (found,) = Trace(secrets=True).feed("received", head)
    assert isinstance(found, TraceHead)
    assert found.headers == (("no colon", ""), ("", "empty"), ("A", "b"))


@pytest.mark.parametrize("line", ["HTTP/1.1 101 X ", "HTTP/1.1 101 X"])
def test_a_start_line_loses_only_its_line_end(line: str) -> None:
    (found,) = Trace().feed("received", f"{line}\r\n\r\n".encode())
    assert isinstance(found, TraceHead)
    assert (found.start_line, found.headers) == (line, ())


def test_blank_lines_in_a_refusals_body_make_no_head() -> None:
    trace = Trace()
    assert len(trace.feed("received", b"HTTP/1.1 403 Forbidden\r\n\r\n")) == 1
    assert trace.feed("received", b"one\n\ntwo\n\n") == []
    data, _ = trace.end("received")
    assert isinstance(data, TraceData)
    assert data.payload == b"one\n\ntwo\n\n"


def test_the_end_before_any_byte_is_one_record() -> None:
    assert [type(one) for one in Trace().end("received")] == [TraceEnd]


def test_only_received_messages_have_a_limit() -> None:
    trace = Trace()
    trace.feed("received", RESPONSE[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
    for size, inflated in ((10_000, True), (10_001, False)):
        payload = Deflater(DeflateParameters()).compress(bytes(size))
        (found,) = trace.feed("received", raw_frame(FIN | RSV1 | TEXT, payload))
        assert isinstance(found, TraceFrame)
        assert found.inflated is inflated
    (sent,) = trace.feed("sent", encode(FIN | RSV1 | TEXT, payload, MASK))
    assert isinstance(sent, TraceFrame)
    assert sent.inflated


def test_secrets_are_kept_where_they_are_asked_for() -> None:
    (request,) = Trace(secrets=True).feed("sent", REQUEST)
    assert isinstance(request, TraceHead)
    assert request.headers == (("Host", "peer.test"), ("Cookie", "a=1"))
