"""Made-up scenarios, in Chromium and in ours, until the time is over.

`python -m browser random [--seconds N]` (from tests/; 300 seconds if not told) makes up programs
and servers with hypothesis, compares the traces, and shrinks what differs to the shortest scenario
that still does. It prints what it found as code for a scenario, and ends with 1.

Each made-up scenario ends, and has one trace, whatever the timing. Server and program go in rounds:
the server writes some frames and, last, the text "go-1"; a listener does that round's operations
and sends "ok-1"; the server reads all that it has been promised, then goes on. The last round is
one of the ways to end: by the program, the server, both at once, a broken frame, or by TCP.

Levelled besides what `compare.py` levels:

- `bufferedAmount` falls when the network has taken the bytes: what stays of it is by how much a
  send() raised it;
- whether a pong leaves before or after a message is the network's business: pongs come last.

The departures: those that have a rule are applied where the scenario has their trigger. Those
without are not made up: close() with a reason and no code, close codes that may not be sent, bytes
after a Close, codes with a fraction from .5 on (Chromium cuts, Web IDL rounds),
capturing listeners, listeners that throw, interim responses and the like.
"""

from __future__ import annotations

import json
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import trio
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from .chromium import open_browser
from .compare import differences, normalise
from .departures import DEPARTURES, ERROR_EVENT
from .runner import run_in_chromium, run_ours
from .scenario import (
    ECHO_CLOSE,
    END,
    OPENING,
    REQUEST,
    RESET,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Script,
    Step,
    add,
    answer,
    binary,
    close,
    close_frame,
    dispatch,
    frame,
    frames,
    get,
    heard,
    new,
    ping_frame,
    pong_frame,
    put,
    remove,
    say,
    send,
    slot,
    tell,
    text,
    text_frame,
    wait,
    when,
    write,
)
from .scenarios import failures, server_closes

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from .chromium import Browser
    from .runner import Trace

SECONDS = 300
BATCH = 100
"""Examples for each seed: hypothesis tries harder for new ones within one run, and is forgetful
between two."""
AGAIN = 2
"""A difference must show this many times more, else it was the machine's."""
SHRINKING = 90
"""Seconds to shrink a difference."""

BAD_PAYLOAD = "1007 for a bad payload"
MALFORMED = ("ping-", "pong-", "close-", "length-")
"""What Chromium's parser refuses; where such a frame comes in one packet with whole messages, they
are lost with it. So nothing is written before one."""

# ---- values

LENGTHS = (0, 1, 2, 124, 125, 126, 127, 4095, 65535, 65536)
PROGRAM_TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(), max_size=8),  # lone surrogates too
    st.sampled_from(["", "\ud83d\ude00", "\ude00\ud83d", "\ufeffbom", "a\0b", "\uffff", "€" * 41]),
)
REASONS = st.one_of(
    PROGRAM_TEXTS, st.sampled_from(["x" * 123, "x" * 124, "€" * 41 + "x", "\ud800" * 41])
)
CODES = st.one_of(
    st.sampled_from([1000, 3000, 3001, 3999, 4000, 4999]),
    st.integers(-2, 6000),
    st.sampled_from([0, 1001, 1005, 1006, 1015, 2999, 5000, 65535, 65536, 66536, -64536, 1 << 32]),
    st.integers(990, 5002).map(lambda whole: whole + 0.25),
)
SERVER_CODES = st.one_of(
    st.sampled_from([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]),
    st.integers(3000, 4999),
)
BYTES = st.one_of(
    st.binary(max_size=16),
    st.sampled_from(LENGTHS).map(lambda size: bytes(i & 255 for i in range(size))),
)
SERVER_TEXTS = st.one_of(
    st.text(max_size=16),
    st.sampled_from(["", "\ufeffa", "a\0b", "\ufffe\uffff", "\U0001f600" * 20]),
    st.sampled_from(LENGTHS).map(lambda size: "x" * size),
)
VIEWS = {"Uint8Array": 1, "DataView": 1, "Int16Array": 2, "Float64Array": 8, "Uint8ClampedArray": 1}


@st.composite
def payloads(draw: DrawFn) -> dict[str, Any]:
    """What can be sent."""
    kind = draw(st.sampled_from(["text", "text", "long", "ArrayBuffer", "Blob", "view"]))
    if kind == "text":
        return text(draw(PROGRAM_TEXTS), draw(st.sampled_from([1, 1, 1, 2, 40])))
    if kind == "long":
        return text(draw(st.sampled_from(["x", "ä", "\U0001f600"])), draw(st.sampled_from(LENGTHS)))
    data = draw(BYTES)
    if kind != "view":
        return binary(kind, data)
    view = draw(st.sampled_from(sorted(VIEWS)))
    size = VIEWS[view]
    whole = len(data) // size
    first = draw(st.integers(0, min(whole, 3)))
    last = draw(st.integers(first, min(whole, first + 20)))
    cut = {"from": first * size, "to": last * size} if draw(st.booleans()) else {}
    return binary(view, data[: whole * size], **cut)


def closes(code: float | None, reason: str | None) -> bool:
    """Whether close() takes these arguments."""
    if reason is not None:
        whole = reason.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if len(whole.encode()) > 123:
            return False
    if code is None:
        return True
    clamped = round(min(max(code, 0), 65535))  # [Clamp]: the nearest, halves to the even
    return clamped == 1000 or 3000 <= clamped <= 4999


@st.composite
def close_calls(draw: DrawFn, *, taken: bool) -> Op:
    """A close() that closes, or one that throws."""
    if taken and draw(st.booleans()):
        return close()
    code = draw(CODES.filter(lambda c: closes(c, None) == taken or not taken))
    reason = draw(st.none() | REASONS)
    if closes(code, reason) != taken:
        code, reason = (4001, None) if taken else (1001, reason)
    return close(code, reason)


# ---- the program's side

LABELS = ("a", "b", "c", "d")
TYPES = ("open", "message", "error", "close", "x")


@dataclass
class Client:
    """What the generator knows of a socket while it writes the scenario."""

    name: str
    draw: DrawFn
    alone: bool
    sent: int = 0
    """Messages and pongs that the server has been promised and has not read."""
    deflate: Any = None

    def label(self, label: str) -> str:
        return label if self.alone else f"{self.name}.{label}"

    def quiet(self) -> Op:
        """An operation for any time and place: sends nothing, closes nothing."""
        draw, name = self.draw, self.name
        label, type = self.label(draw(st.sampled_from(LABELS))), draw(st.sampled_from(TYPES))
        options = {k: v for k, v in draw(OPTIONS).items() if k != "signal" or self.alone}
        choices: list[Op] = [
            get(name=name),
            add(type, label, name=name, **options),
            remove(type, label, name=name),
            slot(type, label if draw(st.booleans()) else None, name=name)
            if type != "x"
            else get(name=name),
        ]
        if self.alone:  # with two sockets, the trace could not tell whose these are
            choices += [
                put("binaryType", draw(BINARY_TYPES), name=name),
                put("readyState", 3, name=name),
                dispatch("Event", "x", name=name, cancelable=draw(st.booleans())),
                ["abort", "stop"],
            ]
        return draw(st.sampled_from(choices))

    def of_event(self) -> Op:
        """An operation for inside a listener."""
        choices: list[Op] = [get(name=self.name)]
        if self.alone:
            choices += [
                ["stop"],
                ["stopnow"],
                ["prevent"],
                ["path"],
                ["setevent", "returnValue", False],
            ]
            choices += [
                put("binaryType", self.draw(BINARY_TYPES)),
                slot("message", self.draw(st.none() | st.sampled_from(LABELS))),
            ]
        return self.draw(st.sampled_from(choices))

    def dead(self) -> list[Op]:
        """For when the socket is closing or closed: everything is allowed, nothing happens."""
        return self.draw(
            st.lists(
                st.one_of(
                    payloads().map(lambda p: send(p, name=self.name)),
                    close_calls(taken=True).map(self.mine),
                    close_calls(taken=False).map(self.mine),
                    st.just(get(name=self.name)),
                ),
                max_size=3,
            )
        )

    def mine(self, op: Op) -> Op:
        return [op[0], self.name, *op[2:]]

    def many(self, make: Any, most: int = 3) -> list[Op]:
        return [make() for _ in range(self.draw(st.integers(0, most)))]

    def busy(self) -> list[Op]:
        """What an open socket's listener does in a round, and counts."""
        ops: list[Op] = []
        for _ in range(self.draw(st.integers(0, 4))):
            kind = self.draw(st.sampled_from(["send", "send", "quiet", "refused", "made"]))
            if kind == "send":
                ops.append(send(self.draw(payloads()), name=self.name))
                self.sent += 1
            elif kind == "quiet":
                ops.append(self.quiet())
            elif kind == "refused":
                ops.append(self.mine(self.draw(close_calls(taken=False))))
            elif self.alone:
                ops.append(dispatch("MessageEvent", "message", name=self.name, data="made up"))
        return ops

    def all_told(self, word: str) -> list[Op]:
        """The last of a round's operations, after which the server goes on."""
        self.sent += 1
        return [send(text(word), name=self.name)]

    def read(self) -> Step:
        count, self.sent = self.sent, 0
        return frames(count)


OPTIONS = st.fixed_dictionaries(
    {}, optional={"once": st.booleans(), "passive": st.booleans(), "signal": st.just("stop")}
)
BINARY_TYPES = st.sampled_from(["blob", "arraybuffer", "arraybuffer", "junk", ""])

# ---- the server's side


@st.composite
def messages(draw: DrawFn, deflate: Any = None) -> bytes:
    """A message, whole or in fragments, plain or compressed."""
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
    """The server's compressor, with or without memory of the last message. The order of the
    calls is that of the frames."""

    def __init__(self, bits: int, *, forgets: bool) -> None:
        self._bits, self._forgets = bits, forgets
        self._compressor = zlib.compressobj(wbits=-bits)

    def __call__(self, data: bytes) -> bytes:
        if self._forgets:
            self._compressor = zlib.compressobj(wbits=-self._bits)
        whole = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return whole[:-4]


@st.composite
def odd_frames(draw: DrawFn) -> bytes:
    """Frames of any kind but Close, right or wrong. Only the first is malformed."""
    data = b""
    for _ in range(draw(st.integers(1, 4))):
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
    """In one write or in two: it must not matter."""
    if len(data) < 2 or not draw(st.booleans()):
        return [write(data)]
    at = draw(st.integers(1, len(data) - 1))
    return [write(data[:at]), write(data[at:])]


WINDOWS = st.sampled_from([None, 9, 10, 12, 15])
PLAIN_HEADERS = ("X-Foo: bar", "Server: none", "X-Empty:", "Date: today", "x-foo: b\xe4r")
MUTATIONS = (
    "Upgrade: websocket",
    "Upgrade: h2c",
    "upgrade: WebSocket",
    "Connection: keep-alive",
    "Connection: upgrade",
    "connection: Upgrade, close",
    "Sec-WebSocket-Accept: {accept}",
    "sec-websocket-accept: {key}",
    "Sec-WebSocket-Protocol: p",
    "Sec-WebSocket-Protocol: P",
    "Sec-WebSocket-Protocol: q",
    "Sec-WebSocket-Protocol: p, q",
    "Sec-WebSocket-Protocol:",
    "Sec-WebSocket-Extensions: permessage-deflate",
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10",
    "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover=1",
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="10"',
    "Sec-WebSocket-Extensions: permessage-deflate; junk",
    "Sec-WebSocket-Extensions: x-junk",
    "Sec-WebSocket-Extensions:",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Version: 8",
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
)
BY_THE_BOOK = {*failures.HTTP_STRICT}
"""Answers on which ours is meant to differ."""
STATUS = {n: a for n, a in failures.STATUS.items() if f"status-{n}" not in BY_THE_BOOK}
ANSWERS = {n: a for n, a in failures.ANSWERS.items() if n not in BY_THE_BOOK}
OPENINGS = (
    OPENING,
    OPENING,
    OPENING.replace("Upgrade: websocket\r\n", ""),
    OPENING.replace("Connection: Upgrade\r\n", ""),
    failures.NO_ACCEPT,
    OPENING.replace("101 Switching Protocols", "101"),
    OPENING.replace("101 Switching Protocols", "200 OK"),
    OPENING.replace("101 Switching Protocols", "426 Upgrade Required"),
)


@dataclass
class Life:
    """One socket's part of a scenario."""

    program: list[Op]
    script: Script | None
    after: list[Op] = field(default_factory=list)
    departs: tuple[str, ...] = ()


PROTOCOLS = st.sampled_from([None, None, [], "p", ["p"], ["p", "q"]])


@st.composite
def refused_lives(draw: DrawFn, name: str, alone: bool) -> Life:
    """An answer that is refused, or is not after all: then the program closes."""
    protocols = draw(PROTOCOLS)
    program = [new(protocols=protocols, name=name, open=[get(name=name), close(name=name)])]
    if draw(st.integers(0, 3)):
        opening = draw(st.sampled_from(OPENINGS))
        step = answer(*draw(st.lists(st.sampled_from(MUTATIONS), max_size=3)), opening=opening)
    elif draw(st.booleans()):
        step = ("answer", draw(st.sampled_from(list(STATUS.values()))), b"")
    else:
        step = answer(opening=draw(st.sampled_from(list(ANSWERS.values()))))
    return Life(program, [REQUEST, step, UNTIL_CLOSE, ECHO_CLOSE, END], [get(name=name)])


@st.composite
def early_lives(draw: DrawFn, name: str, alone: bool) -> Life:
    """Closed while CONNECTING; at once, or when the server has the request."""
    client = Client(name, draw, alone)
    start = [new(protocols=draw(PROTOCOLS), name=name), *_labels(client)]
    start += client.many(lambda: _quiet_of_new(client))
    shut = [client.mine(draw(close_calls(taken=True))), *client.dead(), get(name=name)]
    if alone and draw(st.booleans()):
        return Life([*start, *shut], None, client.dead())
    signal = f"asked-{name}"
    half = [write(OPENING[: draw(st.integers(0, 60))].encode())] if draw(st.booleans()) else []
    program = [*start, heard(signal, [get(name=name), *shut])]
    return Life(program, [REQUEST, *half, say(signal)], client.dead())


@st.composite
def whole_lives(draw: DrawFn, name: str, alone: bool) -> Life:
    """Opened, some rounds, and an end."""
    client = Client(name, draw, alone)
    protocols, deflate, accepting = _accepted(draw)
    client.deflate = deflate
    program: list[Op] = [new(protocols=protocols, name=name, handlers=False)]
    ends_at_once = draw(st.integers(0, 9)) == 0
    opened = (
        client.many(client.quiet) if ends_at_once else [*client.busy(), *client.all_told("ok-0")]
    )
    program.append(add("open", client.label("open"), opened, name=name))

    script: Script = []
    heards: list[Op] = []
    goes: list[Op] = []
    then = b"".join(draw(st.lists(messages(deflate), max_size=2)))
    if not ends_at_once:
        if then:
            then += text_frame(f"go-{name}")
            goes.append(when(f"go-{name}", client.all_told(f"ok-{name}")))
        script = [REQUEST, answer(*accepting, then=then), client.read()]
        for number in range(1, draw(st.integers(0, 3)) + 1):
            script += _round(client, number, goes, heards)
    ending = _ending(client, goes, heards, alone_in_101=ends_at_once)
    if ends_at_once:
        (first, *rest) = ending.script
        then = b"" if BAD_PAYLOAD in ending.departs else then
        script = [REQUEST, answer(*accepting, then=then + first[1]), *rest]
    else:
        script += ending.script

    program.append(add("message", client.label("go"), goes, name=name))
    program += _labels(client)
    last = [get(name=name), *client.dead()]
    program.append(add("error", client.label("failed"), client.dead(), name=name))
    program.append(add("close", client.label("last"), last, name=name))
    program += client.many(lambda: _quiet_of_new(client), 6) + heards
    return Life(program, script, [get(name=name), *client.dead()], ending.departs)


def _accepted(draw: DrawFn) -> tuple[Any, Deflate | None, list[str]]:
    """Protocols, a compressor, and the headers of the answer that go with them."""
    protocols = draw(PROTOCOLS)
    headers = draw(st.lists(st.sampled_from(PLAIN_HEADERS), max_size=2))
    if protocols:
        headers.append(f"Sec-WebSocket-Protocol: {draw(st.sampled_from(list(protocols)))}")
    if not draw(st.booleans()):
        return protocols, None, headers
    bits, client_bits = draw(WINDOWS), draw(WINDOWS)
    forgets = draw(st.booleans())
    agreed = [
        "permessage-deflate",
        *([f"server_max_window_bits={bits}"] if bits else []),
        *([f"client_max_window_bits={client_bits}"] if client_bits else []),
        *(["server_no_context_takeover"] if forgets else []),
        *(["client_no_context_takeover"] if draw(st.booleans()) else []),
    ]
    headers.append("Sec-WebSocket-Extensions: " + "; ".join(agreed))
    return protocols, Deflate(bits or 15, forgets=forgets), headers


def _chatter(client: Client, most: int = 3) -> bytes:
    """Messages, pings and pongs before the last frame of a round."""
    data = b""
    for _ in range(client.draw(st.integers(0, most))):
        kind = client.draw(st.sampled_from(["message", "message", "ping", "pong", "inside"]))
        if kind == "message":
            data += client.draw(messages(client.deflate))
        elif kind == "ping":
            data += ping_frame(client.draw(st.binary(max_size=125)))
            client.sent += 1
        elif kind == "pong":
            data += pong_frame(client.draw(st.binary(max_size=8)))
        else:
            data += text_frame(b"\xe2\x82", fin=False) + ping_frame(b"in") + frame(0, b"\xac")
            client.sent += 1
    return data


def _round(client: Client, number: int, goes: list[Op], heards: list[Op]) -> Script:
    """By a message, or beside the connection: outside of any event."""
    word = f"{number}-{client.name}"
    if client.draw(st.integers(0, 3)):
        data = _chatter(client) + text_frame(f"go-{word}")
        goes.append(when(f"go-{word}", [*client.busy(), *client.all_told(f"ok-{word}")]))
        return [*written(client.draw, data), client.read()]
    ops = [get(name=client.name), *client.busy(), *client.all_told(f"ok-{word}")]
    heards.append(heard(word, ops))
    return [say(word), client.read()]


def _ending(client: Client, goes: list[Op], heards: list[Op], *, alone_in_101: bool) -> Life:
    """The last round. Where it goes out with the 101, its first step is a write."""
    draw = client.draw
    by_server = ["close", "close", "close", "bad body", "broken", "odd", "cut", "end"]
    by_program = ["program", "program", "program", "crossing", "reset"]
    kind = draw(st.sampled_from(by_server if alone_in_101 else by_server + by_program))
    before = b"".join(draw(st.lists(messages(client.deflate), max_size=2)))
    half = text_frame("half", fin=False) if draw(st.integers(0, 4)) == 0 else b""
    if kind == "close":
        code = draw(st.none() | SERVER_CODES)
        reason = "" if code is None else draw(SERVER_TEXTS.filter(lambda r: len(r.encode()) < 124))
        rest = draw(st.sampled_from([[UNTIL_CLOSE, END], [END]]))
        return Life([], [write(before + half + close_frame(code, reason)), *rest])
    if kind == "bad body":
        body = draw(st.sampled_from(list(server_closes.BAD_BODIES.values())))
        return Life([], [write(before + half + frame(8, body)), END], departs=(BAD_PAYLOAD,))
    if kind == "broken":
        name, broken = draw(st.sampled_from(list(failures.BROKEN.items())))
        before = b"" if name.startswith(MALFORMED) else before
        return Life([], [write(before + broken), END], departs=(BAD_PAYLOAD,))
    if kind == "odd":
        return Life([], [write(draw(odd_frames())), END], departs=(BAD_PAYLOAD,))
    if kind == "cut":
        whole = draw(messages(client.deflate)) + text_frame("cut")
        return Life([], [write(before + whole[: draw(st.integers(0, len(whole) - 1))]), END])
    if kind == "end":
        return Life([], [write(before + half), END])
    if kind == "reset":
        return Life([], [RESET])
    return _closed_by_program(client, goes, heards, half, crossing=kind == "crossing")


def _closed_by_program(
    client: Client, goes: list[Op], heards: list[Op], half: bytes, *, crossing: bool
) -> Life:
    draw, name = client.draw, client.name
    ops = [*client.busy(), client.mine(draw(close_calls(taken=True))), *client.dead()]
    theirs = close_frame(draw(st.none() | SERVER_CODES))
    if crossing:
        heards.append(heard(f"cross-{name}", [get(name=name), *ops, tell(f"crossed-{name}")]))
        return Life(
            [],
            [say(f"cross-{name}"), wait(f"crossed-{name}"), write(half + theirs), UNTIL_CLOSE, END],
        )
    if draw(st.booleans()):
        heards.append(heard(f"end-{name}", [get(name=name), *ops]))
        start: Script = [say(f"end-{name}")]
    else:
        goes.append(when(f"end-{name}", ops))
        late = b"".join(draw(st.lists(messages(client.deflate), max_size=2)))
        start = written(draw, _chatter(client) + text_frame(f"end-{name}") + late) + (
            [write(half)] if half else []
        )
    between = draw(st.sampled_from(["", "", "messages", "ping"]))
    more = b""
    if between == "messages" and not half:
        more = b"".join(draw(st.lists(messages(client.deflate), min_size=1, max_size=2)))
    elif between == "ping":
        more = ping_frame(b"late")
    answers: list[Script] = [
        [ECHO_CLOSE, END],
        [write(theirs), END],
        [END],
        [RESET],
        [write(b"\x83\x00"), END],
    ]
    rest = draw(st.sampled_from(answers))
    return Life([], [*start, UNTIL_CLOSE, *([write(more)] if more else []), *rest])


def _labels(client: Client) -> list[Op]:
    """Give each label its operations, on a type that is never dispatched; and the signal."""
    ops: list[Op] = [["controller", "stop"]] if client.alone else []
    for label in LABELS:
        as_object = {"object": True} if client.draw(st.integers(0, 4)) == 0 else {}
        does = client.many(client.of_event, 2)
        ops.append(add("unused", client.label(label), does, name=client.name, **as_object))
    return ops


def _quiet_of_new(client: Client) -> Op:
    """For right after the constructor: also what CONNECTING refuses."""
    kind = client.draw(st.sampled_from(["quiet", "quiet", "send", "close"]))
    if kind == "send":
        return send(client.draw(payloads()), name=client.name)
    if kind == "close":
        return client.mine(client.draw(close_calls(taken=False)))
    return client.quiet()


def lives(name: str, alone: bool) -> st.SearchStrategy[Life]:
    """Most are whole."""
    whole = whole_lives(name, alone)
    others = [refused_lives(name, alone), early_lives(name, alone)]
    return st.integers(0, 7).flatmap(lambda n: others[n - 6] if n > 5 else whole)


@st.composite
def scenarios(draw: DrawFn) -> Scenario:
    """One socket, or two to one server."""
    two = draw(st.integers(0, 6)) == 6
    parts = [draw(lives(n, not two)) for n in (("a", "b") if two else ("ws",))]
    return Scenario(
        "random",
        [op for part in parts for op in part.program],
        [part.script for part in parts if part.script is not None],
        after=[op for part in parts for op in part.after],
        departs=tuple(sorted({d for part in parts for d in part.departs})),
    )


# ---- comparing


def levelled(raw: Trace) -> Trace:
    """What `compare.py` does, and what the head of this file says."""
    last: dict[str, int] = {}
    program = [_without_buffered(entry, last) for entry in json.loads(json.dumps(raw["program"]))]
    trace: Trace = json.loads(json.dumps(normalise({**raw, "program": program})))
    trace["wire"] = [sorted(w, key=lambda e: e[0] == "pong") for w in trace["wire"]]
    return trace


def _without_buffered(entry: list[Any], last: dict[str, int]) -> list[Any]:
    if entry[0] == "state":
        rise = entry[3] - last.get(entry[1], 0)
        last[entry[1]] = entry[3]
        return [*entry[:3], f"+{rise}"]
    for seen in entry:
        values = seen[1] if isinstance(seen, list) and seen[:1] == ["gives"] else seen
        if isinstance(values, dict) and "bufferedAmount" in values:
            where = values.get("target") or entry[1]
            last[where] = values.pop("bufferedAmount")
    return entry


def expected(scenario: Scenario, chromium: Trace) -> Trace:
    """Chromium's trace, as ours must be."""
    chromium["program"] = [_flags_cleared(entry) for entry in chromium["program"]]
    for departure in (ERROR_EVENT, *(DEPARTURES[name] for name in scenario.departs)):
        assert departure.change is not None, "only departures with a rule are made up"
        chromium = departure.change(chromium)
    return chromium


def _flags_cleared(entry: list[Any]) -> list[Any]:
    """ "an EventTarget that is no Node": Chromium leaves the stop flags set after a dispatch."""
    if entry[0] == "dispatched":
        entry[1].pop("cancelBubble", None)
    return entry


async def compare(browser: Browser, scenario: Scenario) -> list[str]:
    """How ours differs from Chromium in this scenario; empty if it does not."""
    chromium = levelled(await run_in_chromium(browser, scenario))
    try:
        ours = levelled(await run_ours(scenario))
    except Exception as error:  # what ours raises is a finding, not the end of the search
        return [f"raised {error!r}"]
    lines = differences(expected(scenario, chromium), ours)
    if lines and BAD_PAYLOAD in scenario.departs:
        # its payload may be good, and the fault another: then Chromium's code is ours
        plain = replace(scenario, departs=())
        lines = differences(expected(plain, chromium), ours) and lines
    return lines


# ---- searching


@dataclass
class Search:
    """What a run found."""

    seconds: float
    browser: Browser
    ran: int = 0
    unsteady: Counter[str] = field(default_factory=Counter)
    """Differences, by kind, that did not show each time: a matter of timing, ours or its."""
    known: list[str] = field(default_factory=list)
    found: list[tuple[Scenario, list[str]]] = field(default_factory=list)
    again: int = 0
    _smallest: tuple[Scenario, list[str]] | None = None

    def run(self) -> None:
        """In a thread beside trio's, as hypothesis knows no trio."""
        self._end = time.monotonic() + self.seconds
        batch = int(time.time())
        while time.monotonic() < self._end:
            batch += 1
            self._smallest = None
            try:
                self._batch(batch)
            except Exception:
                if self._smallest is None:
                    raise
            if self._smallest is not None:
                self.found.append(self._smallest)
                self.known.append(_kind(self._smallest[1]))
                print(describe(*self._smallest), flush=True)

    def _batch(self, number: int) -> None:
        @seed(number)
        @settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(scenarios())
        def agree(scenario: Scenario) -> None:
            if time.monotonic() > self._end + (SHRINKING if self._smallest else 0):
                return
            if lines := self._differs(scenario):
                self._smallest = scenario, lines
                raise AssertionError("\n".join(lines))

        agree()

    def _differs(self, scenario: Scenario) -> list[str]:
        self.ran += 1
        lines = trio.from_thread.run(compare, self.browser, scenario)
        if not lines:
            return []
        if _kind(lines) in self.known:
            self.again += 1
            return []
        for _ in range(AGAIN):
            if not trio.from_thread.run(compare, self.browser, scenario):
                self.unsteady[_kind(lines)] += 1
                if self.unsteady[_kind(lines)] == 1:
                    print("unsteady:", describe(scenario, lines), flush=True)
                return []
        return lines


def _kind(lines: list[str]) -> str:
    """What tells a difference from another: without its numbers and texts."""
    first = lines[0].split("\n")
    return " ".join(word for word in first[0].split() if not word.rstrip(":").isdigit()) + "".join(
        part[:40] for part in first[1:]
    )


def describe(scenario: Scenario, lines: list[str]) -> str:
    """A difference, and the scenario to be kept."""
    kept = replace(scenario, name="found-")
    return "\n".join(["differs:", *lines, "in:", repr(kept), ""])


async def search(seconds: float) -> Search:
    async with open_browser() as browser:
        found = Search(seconds, browser)
        await trio.to_thread.run_sync(found.run)
    return found


def run_random(seconds: float = SECONDS) -> int:
    """Search, print, and give the exit code."""
    result = trio.run(search, seconds)
    print(
        f"{result.ran} made-up scenarios in {seconds:g} s: {len(result.found)} different"
        f" ({result.again} more of the same kinds), {result.unsteady.total()} unsteady"
    )
    return 1 if result.found else 0
