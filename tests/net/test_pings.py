"""Our own Pings, and which Pong answers which."""

from __future__ import annotations

from typing import Any

from trio_ws_dom._net._pings import MAX_PENDING_PAYLOADS, Pings


async def test_pings_are_numbered_from_1(autojump_clock: Any) -> None:
    """They count from 1, and each has its own payload, small enough for a control frame."""
    pings = Pings()
    (one, first), (two, second) = pings.next(), pings.next()
    assert (one, two, pings.answered) == (1, 2, 0)
    assert first != second
    assert len(first) <= 125


async def test_a_pong_answers_all_before_it(autojump_clock: Any) -> None:
    """A peer may answer the latest Ping only, and an answer that comes late then changes
    nothing."""
    pings = Pings()
    payloads = [pings.next()[1] for _ in range(3)]
    autojump_clock.jump(5)
    pings.on_pong(payloads[1])
    assert (pings.answered, pings.answered_at) == (2, 5)
    autojump_clock.jump(5)
    pings.on_pong(payloads[0])
    pings.on_pong(payloads[1])
    assert (pings.answered, pings.answered_at) == (2, 5)


async def test_unasked_pongs_are_recognised(autojump_clock: Any) -> None:
    """A different payload, a number not sent yet, and no payload at all are ignored."""
    pings = Pings()
    payload = pings.next()[1]
    later = payload[:-1] + b"\x02"
    for unasked in (
        b"",
        b"x",
        payload[4:],
        b"mark" + payload[4:],
        payload + b"x",
        later,
        b"x" * 125,
    ):
        pings.on_pong(unasked)
    assert pings.answered == 0


async def test_payloads_cannot_be_foreseen(autojump_clock: Any) -> None:
    """Two connections' payloads differ."""
    assert Pings().next() != Pings().next()


async def test_a_payload_of_the_programs_own(autojump_clock: Any) -> None:
    pings = Pings()
    assert pings.next(b"data") == (1, b"data")
    pings.next()
    pings.on_pong(b"other")
    assert pings.answered == 0
    pings.on_pong(b"data")
    pings.on_pong(b"data")
    assert pings.answered == 1


async def test_the_latest_of_equal_payloads_is_answered(autojump_clock: Any) -> None:
    pings = Pings()
    assert [pings.next(b"data")[0] for _ in range(2)] == [1, 2]
    pings.on_pong(b"data")
    assert pings.answered == 2


async def test_a_late_answer_does_not_take_back_a_later_one(autojump_clock: Any) -> None:
    pings = Pings()
    pings.next(b"data")
    pings.on_pong(pings.next()[1])
    pings.on_pong(b"data")
    assert pings.answered == 2


async def test_payloads_of_the_programs_own_are_forgotten_at_a_bound(autojump_clock: Any) -> None:
    pings = Pings()
    for number in range(MAX_PENDING_PAYLOADS + 1):
        pings.next(b"%d" % number)
    pings.on_pong(b"0")
    assert pings.answered == 0
    pings.on_pong(b"1")
    assert pings.answered == 2
