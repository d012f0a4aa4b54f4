"""An onlooker at a connection: heads, frames and what is neither, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.frames import raw_frame

from trio_ws_dom._trace._observer import Observer
from trio_ws_dom._trace._records import TraceData, TraceEnd, TraceFrame, TraceHead, TraceRecord
from trio_ws_dom._wire._deflate import DeflateParameters, Deflater
from trio_ws_dom._wire._frames import FIN, RSV1, TEXT, encode

if TYPE_CHECKING:
    from trio_ws_dom._trace._records import Direction

REQUEST = b"GET /chat HTTP/1.1\r\nHost: peer.test\r\nCookie: a=1\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
MASK = b"mask"


class Look:
    """An observer and all that it has told."""

    def __init__(self, limit: int = 100) -> None:
        self.records: list[TraceRecord] = []
        self._observer = Observer(
            connection=7,
            url="ws://peer.test/chat",
            started=1000.0,
            payload_limit=limit,
            max_message_size=10_000,
        )

    def see(self, direction: Direction, data: bytes, elapsed: float = 0.0) -> list[TraceRecord]:
        new = list(self._observer.see(direction, data, elapsed))
        self.records += new
        return new

    def end(self, direction: Direction, error: str = "") -> list[TraceRecord]:
        rest = list(self._observer.rest(direction, 2.0))
        return [*rest, self._observer.end(direction, 2.0, error)]


@pytest.fixture
def opened() -> Look:
    look = Look()
    look.see("sent", REQUEST)
    look.see("received", RESPONSE)
    return look


def test_a_record_says_whose_and_when() -> None:
    """Which connection, where to, the direction, both times and the size on the wire."""
    (head,) = Look().see("sent", REQUEST, 0.25)
    assert (head.connection, head.url) == (7, "ws://peer.test/chat")
    assert (head.direction, head.size) == ("sent", len(REQUEST))
    assert (head.time, head.elapsed) == (1000.25, 0.25)


def test_heads_of_both_sides(opened: Look) -> None:
    """The start line, and the headers in order."""
    request, response = opened.records
    assert isinstance(request, TraceHead)
    assert request.start_line == "GET /chat HTTP/1.1"
    assert request.headers == (("Host", "peer.test"), ("Cookie", "a=1"))
    assert isinstance(response, TraceHead)
    assert response.start_line == "HTTP/1.1 101 Switching Protocols"
    assert response.headers == (("Upgrade", "websocket"),)


def test_frames_in_the_segment_of_the_head() -> None:
    """They are seen, too; also where the head comes byte by byte."""
    look = Look()
    for at in range(len(RESPONSE)):
        look.see("received", RESPONSE[at : at + 1])
    assert len(look.records) == 1
    other = Look().see("received", RESPONSE + raw_frame(FIN | TEXT, b"Hello"))
    assert isinstance(other[1], TraceFrame)
    assert other[1].payload == b"Hello"


def test_frames_of_both_sides(opened: Look) -> None:
    """Ours are masked, theirs are not."""
    (sent,) = opened.see("sent", encode(FIN | TEXT, b"Hello", MASK), 1.0)
    (received,) = opened.see("received", raw_frame(FIN | TEXT, b"World"), 1.5)
    assert isinstance(sent, TraceFrame)
    assert (sent.direction, sent.payload, sent.elapsed) == ("sent", b"Hello", 1.0)
    assert isinstance(received, TraceFrame)
    assert (received.direction, received.payload, received.size) == ("received", b"World", 7)


def test_answers_before_the_answer() -> None:
    """Responses of 1xx are heads, and more follow."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    found = Look().see("received", early + RESPONSE + raw_frame(FIN | TEXT, b"x"))
    assert [type(one) for one in found] == [TraceHead, TraceHead, TraceFrame]


@pytest.mark.parametrize(
    ("extension", "ours", "theirs"),
    [
        ("permessage-deflate", True, True),
        ("permessage-deflate; client_no_context_takeover", False, True),
        ("permessage-deflate; server_no_context_takeover", True, False),
    ],
)
def test_compression_as_agreed(extension: str, ours: bool, theirs: bool) -> None:
    """By the answer's parameters, each direction by its own."""
    look = Look(limit=1000)
    agreed = f"Sec-WebSocket-Extensions: {extension}\r\n\r\n".encode()
    look.see("received", RESPONSE[:-2] + agreed)
    text = b"Hello World, " * 20
    for direction, takeover in (("sent", ours), ("received", theirs)):
        deflater = Deflater(DeflateParameters(client_no_context_takeover=not takeover))
        for _ in range(2):
            payload = deflater.compress(text)
            first = FIN | RSV1 | TEXT
            wire = (
                encode(first, payload, MASK) if direction == "sent" else raw_frame(first, payload)
            )
            (found,) = look.see(direction, wire)
            assert isinstance(found, TraceFrame)
            assert (found.payload, found.inflated) == (text, True)


@pytest.mark.parametrize(
    "line", ["x-other", "permessage-deflate; x=1", "permessage-deflate;;", "permessage-deflate, "]
)
def test_compression_that_is_none(line: str) -> None:
    """What was not agreed on, or is malformed, is not inflated; the frames are seen."""
    look = Look()
    look.see("received", RESPONSE[:-2] + f"Sec-WebSocket-Extensions: {line}\r\n\r\n".encode())
    (found,) = look.see("received", raw_frame(FIN | RSV1 | TEXT, b"x"))
    assert isinstance(found, TraceFrame)
    assert (found.compressed, found.inflated) == (True, False)


def test_a_refusals_body() -> None:
    """It is data, told at the end; its start is held."""
    look = Look(limit=4)
    look.see("sent", REQUEST)
    look.see("received", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nnot")
    assert look.see("received", b" for you") == []
    data, end = look.end("received")
    assert isinstance(data, TraceData)
    assert (data.payload, data.size) == (b"not ", 11)
    assert isinstance(end, TraceEnd)
    assert (end.elapsed, end.error) == (2.0, "")


def test_what_is_no_http() -> None:
    """Junk is data, whether or not something like a head is in it."""
    look = Look()
    assert look.see("received", b"SSH-2.0-x\r\n") == []
    data, _ = look.end("received")
    assert isinstance(data, TraceData)
    assert data.payload == b"SSH-2.0-x\r\n"
    other = Look()
    other.see("received", b"junk\n\nmore")
    data, _ = other.end("received")
    assert isinstance(data, TraceData)
    assert data.payload == b"more"


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_a_head_without_end(direction: Direction) -> None:
    """Beyond 64 KiB it is data, and no more than the limit of it is held."""
    look = Look(limit=10)
    for _ in range(70):
        assert look.see(direction, b"x" * 1024) == []
    assert len(look._observer._sides[direction].data) == 10
    data, _ = look.end(direction)
    assert isinstance(data, TraceData)
    assert (data.size, data.payload, data.direction) == (70 * 1024, b"x" * 10, direction)


def test_the_longest_head() -> None:
    """At 64 KiB it may still come to an end."""
    look = Look()
    assert look.see("sent", b"x" * 64 * 1024) == []
    (head,) = look.see("sent", b"\n\n")
    assert isinstance(head, TraceHead)


def test_the_end_of_what_was_whole(opened: Look) -> None:
    """One record; with what the transport said, if it was lost."""
    (end,) = opened.end("sent", "reset by the peer")
    assert isinstance(end, TraceEnd)
    assert (end.direction, end.error, end.size) == ("sent", "reset by the peer", 0)
    assert opened._observer.end("sent", 2.0).error == ""


def test_the_end_in_the_middle_of_a_frame(opened: Look) -> None:
    """What there is of it comes first."""
    opened.see("received", raw_frame(FIN | TEXT, b"Hello")[:4])
    half, end = opened.end("received")
    assert isinstance(half, TraceFrame)
    assert (half.payload, half.complete, half.direction) == (b"He", False, "received")
    assert isinstance(end, TraceEnd)


def test_headers_as_they_stand_there() -> None:
    """Also lines that are none."""
    head = b"HTTP/1.1 101 x\nno colon\n:empty\nA:  b \n\n"
    (found,) = Look().see("received", head)
    assert isinstance(found, TraceHead)
    assert found.headers == (("no colon", ""), ("", "empty"), ("A", "b"))


@pytest.mark.parametrize("line", ["HTTP/1.1 101 X ", "HTTP/1.1 101 X"])
def test_a_start_line_as_it_stands_there(line: str) -> None:
    """But for its end."""
    (found,) = Look().see("received", f"{line}\r\n\r\n".encode())
    assert isinstance(found, TraceHead)
    assert (found.start_line, found.headers) == (line, ())


def test_a_refusals_body_with_blank_lines() -> None:
    """They make no head of it."""
    look = Look()
    assert len(look.see("received", b"HTTP/1.1 403 Forbidden\r\n\r\n")) == 1
    assert look.see("received", b"one\n\ntwo\n\n") == []
    data, _ = look.end("received")
    assert isinstance(data, TraceData)
    assert data.payload == b"one\n\ntwo\n\n"


def test_the_end_before_anything() -> None:
    """Nothing was in the middle."""
    assert [type(one) for one in Look().end("received")] == [TraceEnd]


def test_messages_have_a_limit() -> None:
    """What a server sends is inflated as far as the connection would, what we send in any case."""
    look = Look()
    look.see("received", RESPONSE[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
    for size, inflated in ((10_000, True), (10_001, False)):
        payload = Deflater(DeflateParameters()).compress(bytes(size))
        (found,) = look.see("received", raw_frame(FIN | RSV1 | TEXT, payload))
        assert isinstance(found, TraceFrame)
        assert found.inflated is inflated
    (sent,) = look.see("sent", encode(FIN | RSV1 | TEXT, payload, MASK))
    assert isinstance(sent, TraceFrame)
    assert sent.inflated
