"""Pieces that are joined step by step."""

from __future__ import annotations

import pytest

from trio_ws_dom._wire._joining import Joining

PIECES = [b"ab", b"", b"cdefg", b"h"]


@pytest.mark.parametrize("size", [1, 2, 3, 8, 100])
def test_pieces_are_joined_in_order(size: int) -> None:
    joining = Joining(PIECES)
    while joining.step(size):
        pass
    assert joining.result() == b"abcdefgh"


def test_a_step_stops_after_the_piece_with_which_it_has_done_enough() -> None:
    joining = Joining(PIECES)
    assert [joining.step(3) for _ in range(3)] == [7, 1, 0]


def test_the_message_is_not_copied_once_more() -> None:
    """BytesIO returns the same object into which the pieces went."""
    joining = Joining([bytes(1000)] * 3)
    joining.step(3000)
    assert joining.result() is joining.result()
