"""The life of a generated connection, which is refused, closed early or whole.

A scenario has one or two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from ..scenario import (
    ECHO_CLOSE,
    END,
    OPENING,
    REQUEST,
    UNTIL_CLOSE,
    Op,
    Scenario,
    Script,
    add,
    answer,
    close,
    get,
    heard,
    new,
    say,
    text_frame,
    when,
    write,
)
from .answers import ANSWERS, MUTATIONS, OPENINGS, PROTOCOLS, STATUS, accepted
from .endings import chatter, ending
from .frames import messages, written
from .program import Client, Life, labels, quiet_of_new
from .values import close_calls

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


@st.composite
def refused_lives(draw: DrawFn, name: str, alone: bool) -> Life:
    """Generate an answer that should be refused. If it is not, the program closes."""
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
    """Generate connections that are closed while CONNECTING, at once or when the server has the
    request."""
    client = Client(name, draw, alone)
    start = [new(protocols=draw(PROTOCOLS), name=name), *labels(client)]
    start += client.many(lambda: quiet_of_new(client))
    shut = [client.mine(draw(close_calls(taken=True))), *client.dead(), get(name=name)]
    if alone and draw(st.booleans()):
        return Life([*start, *shut], None, client.dead())
    signal = f"asked-{name}"
    half = [write(OPENING[: draw(st.integers(0, 60))].encode())] if draw(st.booleans()) else []
    program = [*start, heard(signal, [get(name=name), *shut])]
    return Life(program, [REQUEST, *half, say(signal)], client.dead())


@st.composite
def whole_lives(draw: DrawFn, name: str, alone: bool) -> Life:
    """Generate connections that open, have some rounds, and end."""
    client = Client(name, draw, alone)
    protocols, deflate, accepting = accepted(draw)
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
    end = ending(client, goes, heards, alone_in_101=ends_at_once)
    assert end.script, "an end is the server's, too"
    if ends_at_once:
        (first, *rest) = end.script
        then = b"" if end.lone else then
        script = [REQUEST, answer(*accepting, then=then + first[1]), *rest]
    else:
        script += end.script

    program.append(add("message", client.label("go"), goes, name=name))
    program += labels(client)
    last = [get(name=name), *client.dead()]
    program.append(add("error", client.label("failed"), client.dead(), name=name))
    program.append(add("close", client.label("last"), last, name=name))
    program += client.many(lambda: quiet_of_new(client), 6) + heards
    return Life(program, script, [get(name=name), *client.dead()])


def _round(client: Client, number: int, goes: list[Op], heards: list[Op]) -> Script:
    """Generate a round that starts by a message, or outside of any event."""
    word = f"{number}-{client.name}"
    if client.draw(st.integers(0, 3)):
        data = chatter(client) + text_frame(f"go-{word}")
        goes.append(when(f"go-{word}", [*client.busy(), *client.all_told(f"ok-{word}")]))
        return [*written(client.draw, data), client.read()]
    ops = [get(name=client.name), *client.busy(), *client.all_told(f"ok-{word}")]
    heards.append(heard(word, ops))
    return [say(word), client.read()]


def lives(name: str, alone: bool) -> st.SearchStrategy[Life]:
    """Generate connections, most of them whole."""
    whole = whole_lives(name, alone)
    others = [refused_lives(name, alone), early_lives(name, alone)]
    return st.integers(0, 7).flatmap(lambda n: others[n - 6] if n > 5 else whole)


@st.composite
def scenarios(draw: DrawFn) -> Scenario:
    """Generate one socket, or two to one server."""
    two = draw(st.integers(0, 6)) == 6
    parts = [draw(lives(n, not two)) for n in (("a", "b") if two else ("ws",))]
    return Scenario(
        "random",
        [op for part in parts for op in part.program],
        [part.script for part in parts if part.script is not None],
        after=[op for part in parts for op in part.after],
    )
