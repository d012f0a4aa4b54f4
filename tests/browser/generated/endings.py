"""The ways in which a generated connection ends."""

from __future__ import annotations

from hypothesis import strategies as st

from ..scenario import (
    ECHO_CLOSE,
    END,
    RESET,
    UNTIL_CLOSE,
    Op,
    Script,
    close_frame,
    frame,
    get,
    heard,
    ping_frame,
    pong_frame,
    say,
    tell,
    text_frame,
    wait,
    when,
    write,
)
from ..scenarios import failures, server_closes
from .frames import messages, odd_frames, written
from .program import Client, Life
from .values import SERVER_CODES, SERVER_TEXTS, close_calls

OVERTAKEN = 4096
"""Bytes of messages that a later failure may overtake on their way to a page. Chromium loses a
message of 64 KiB."""
MALFORMED = ("ping-", "pong-", "close-", "length-")
"""What Chromium's parser refuses. Whole messages in the same packet as such a frame are lost with
it, so nothing is written before one. With compression the same is true of all that its inflater
refuses."""


def ending(client: Client, goes: list[Op], heards: list[Op], *, alone_in_101: bool) -> Life:
    """Generate the last round. Where it goes out with the 101, its first step is a write."""
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
    if len(before) > OVERTAKEN and kind in ("bad body", "broken"):
        before = b""
    if kind == "bad body":
        body = draw(st.sampled_from(list(server_closes.BAD_BODIES.values())))
        return Life([], [write(before + half + frame(8, body)), END], lone=True)
    if kind == "broken":
        name, broken = draw(st.sampled_from(list(failures.BROKEN.items())))
        before = b"" if name.startswith(MALFORMED) or client.deflate else before
        return Life([], [write(before + broken), END], lone=True)
    if kind == "odd":
        return Life([], [write(draw(odd_frames(most=1 if client.deflate else 4))), END], lone=True)
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
    # a browser reads a Blob while the program goes on, so the order depends on time
    ops = [
        *client.busy(blobs=not crossing),
        client.mine(draw(close_calls(taken=True))),
        *client.dead(),
    ]
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
        start = written(draw, chatter(client) + text_frame(f"end-{name}") + late) + (
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


def chatter(client: Client, most: int = 3) -> bytes:
    """Generate messages, pings and pongs before the last frame of a round."""
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
