"""The sweeps, each of which is a generator of cases, whole or sampled."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from support.checked import not_none

from guarantee.case import KEEPALIVE, Account, Case
from guarantee.faulty_stream import INCOMING, OUTGOING, Fault
from guarantee.sweep import run

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN: Final = 0.3
"""Seconds from the first cancellation or Ctrl-C to the second, in the middle of the bound."""


@cache
def undisturbed(case: Case) -> Account:
    """Run the case with nothing gone wrong, which counts its steps and bytes."""
    return run(case)


def steps(case: Case) -> range:
    """Return every step at which something can be done, up to the one after the scope."""
    return range(int(undisturbed(case).step("out")) + 1)


T = TypeVar("T")


def cancelled(case: Case) -> Iterator[Case]:
    for step in steps(case):
        yield case._replace(cancel=(step,))


def interrupted(case: Case) -> Iterator[Case]:
    for step in steps(case):
        yield case._replace(interrupt=(step,))


def pressed(case: Case, count: int | None = None) -> Iterator[Case]:
    """Press Ctrl-C at every call, or at a sample of them."""
    undisturbed(case)  # the first run makes more calls, for what is made once and kept
    for call in sample(list(range(1, undisturbed(case._replace(press=0)).calls + 1)), count):
        yield case._replace(press=call)


def silent(case: Case) -> Case:
    """Repeat cases with a peer that sends nothing more once the connection is open and used."""
    return case._replace(fault=Fault("stall", len(not_none(undisturbed(case).wire).delivered) - 4))


def early_end(case: Case) -> Case:
    """Repeat cases with a peer that ends TCP right after its first message."""
    hello = not_none(undisturbed(case).wire).delivered.index(b"hello")
    return case._replace(fault=Fault("end", hello + len(b"hello")))


def late(case: Case) -> Case:
    """Repeat cases with keepalive, on a stream whose ``send_all()`` returns after its answer."""
    return case._replace(kept_alive=True, late=KEEPALIVE * 1.5)


def dying(case: Case) -> Case:
    """Repeat cases with a peer that goes silent in the middle, while it is waited for."""
    delivered = not_none(undisturbed(case).wire).delivered
    return case._replace(fault=Fault("stall", delivered.index(b"hello") + len(b"hello")))


def cancelled_twice(case: Case, every: int = 1) -> Iterator[Case]:
    """Cancel again in the middle of the close, by an outer scope."""
    for step in steps(case)[::every]:
        yield silent(case)._replace(cancel=(step,), cancel_again_after=AGAIN)


def interrupted_twice(case: Case, every: int = 1) -> Iterator[Case]:
    for step in steps(case)[::every]:
        yield silent(case)._replace(interrupt=(step,), interrupt_again_after=AGAIN)


def cancelled_at_two_steps(case: Case, count: int | None = None) -> Iterator[Case]:
    """Cancel at every pair of steps, or at a sample of them."""
    pairs = [(one, two) for one in steps(case) for two in steps(case) if one <= two]
    for pair in sample(pairs, count):
        yield case._replace(cancel=pair)


def faults(case: Case, every: int = 1) -> Iterator[Fault]:
    """Return each fault at each byte boundary of its direction, ends included."""
    wire = not_none(undisturbed(case).wire)
    for at in range(0, len(wire.delivered) + 1, every):
        for kind in INCOMING:
            yield Fault(kind, at)
    for at in range(0, wire.written + 1, every):
        for kind in OUTGOING:
            yield Fault(kind, at)


def faulty(case: Case, every: int = 1) -> Iterator[Case]:
    for fault in faults(case, every):
        yield case._replace(fault=fault)


def faulty_and_cancelled(case: Case, count: int | None = None) -> Iterator[Case]:
    """Pair every fault with a cancellation at every step, or take a sample of the pairs."""
    pairs = [(fault, step) for fault in faults(case) for step in steps(case)]
    for fault, step in sample(pairs, count):
        yield case._replace(fault=fault, cancel=(step,))


def sample(pairs: list[T], count: int | None) -> list[T]:
    """Return this many, the same ones each time, or all if None."""
    if count is None or count >= len(pairs):
        return pairs
    return random.Random(len(pairs)).sample(pairs, count)
