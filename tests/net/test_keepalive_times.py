"""When the keepalive declares a peer dead, depending on its notifications."""

from __future__ import annotations

from math import inf
from typing import Any

import trio

from trio_ws_dom._net._keepalive import Keepalive
from trio_ws_dom._wire._closing import ClosingEvent, ClosingMachine


class Watched:
    """A keepalive of an OPEN connection, with a Ping after 10 seconds and 3 for an answer.

    Attributes:
      dead_at: when it declared the peer dead, by trio's clock.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        machine = ClosingMachine()
        machine.advance(ClosingEvent.ESTABLISHED)
        self.keepalive = Keepalive(10, 3, machine, lambda: None, self._note_dead)
        self.dead_at = inf
        nursery.start_soon(self.keepalive.run)

    def _note_dead(self, reason: TimeoutError) -> None:
        self.dead_at = trio.current_time()


async def test_activity_beside_a_reader_that_does_not_listen_begins_no_silence(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    watched = Watched(nursery)
    await trio.sleep(11)
    watched.keepalive.note_activity()
    await trio.sleep(100)
    assert watched.dead_at == inf
    nursery.cancel_scope.cancel()


async def test_the_time_for_an_answer_starts_over_with_each_piece_of_a_ping(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    watched = Watched(nursery)
    nursery.start_soon(watched.keepalive.listen(trio.sleep_forever))
    await trio.sleep(11)
    watched.keepalive.handed_over(ping_waits=False)
    for _ in range(5):
        await trio.sleep(2)
        watched.keepalive.taken(all_of_it=False)
    watched.keepalive.taken()
    await trio.sleep(10)
    assert watched.dead_at == 11 + 5 * 2 + 3
    nursery.cancel_scope.cancel()
