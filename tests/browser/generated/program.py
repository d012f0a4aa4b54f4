"""The program's side of a generated scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..scenario import Op, Script, Step, add, dispatch, frames, get, put, remove, send, slot, text
from .values import close_calls, payloads

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


FUNCTIONS = ("a", "b", "c")
"""What may be on a slot: ours refuses an object there, see docs/departures.md."""
LABELS = (*FUNCTIONS, "d")
TYPES = ("open", "message", "error", "close", "x")


@dataclass
class Client:
    """The generator's state of a socket while it writes the scenario."""

    name: str
    draw: DrawFn
    alone: bool
    sent: int = 0
    """Messages and pongs that the server should receive and has not read."""
    deflate: Any = None

    def label(self, label: str) -> str:
        return label if self.alone else f"{self.name}.{label}"

    def on_slot(self) -> st.SearchStrategy[str | None]:
        return st.none() | st.sampled_from([self.label(label) for label in FUNCTIONS])

    def quiet(self) -> Op:
        """Generate an operation for any time and place, which sends nothing and closes nothing."""
        draw, name = self.draw, self.name
        label, type = self.label(draw(st.sampled_from(LABELS))), draw(st.sampled_from(TYPES))
        options: dict[str, Any] = {
            k: v for k, v in draw(OPTIONS).items() if k != "signal" or self.alone
        }
        choices: list[Op] = [
            get(name=name),
            add(type, label, name=name, **options),
            remove(type, label, name=name),
            slot(type, draw(self.on_slot()), name=name) if type != "x" else get(name=name),
        ]
        if self.alone:  # with two sockets the trace does not show whose these are
            choices += [
                put("binaryType", draw(BINARY_TYPES), name=name),
                put("readyState", 3, name=name),
                dispatch("Event", "x", name=name, cancelable=draw(st.booleans())),
                ["abort", "stop"],
            ]
        return draw(st.sampled_from(choices))

    def of_event(self) -> Op:
        """Generate an operation for inside a listener."""
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
                slot("message", self.draw(self.on_slot())),
            ]
        return self.draw(st.sampled_from(choices))

    def dead(self) -> list[Op]:
        """Generate operations for a closing or closed socket, which allows all of them and does
        nothing."""
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

    def busy(self, *, blobs: bool = True) -> list[Op]:
        """Generate what an open socket's listener does in a round, and count it."""
        can_send = payloads().filter(lambda p: blobs or p.get("kind") != "Blob")
        ops: list[Op] = []
        for _ in range(self.draw(st.integers(0, 4))):
            kind = self.draw(st.sampled_from(["send", "send", "quiet", "refused", "made"]))
            if kind == "send":
                ops.append(send(self.draw(can_send), name=self.name))
                self.sent += 1
            elif kind == "quiet":
                ops.append(self.quiet())
            elif kind == "refused":
                ops.append(self.mine(self.draw(close_calls(taken=False))))
            elif self.alone:
                ops.append(dispatch("MessageEvent", "message", name=self.name, data="made up"))
        return ops

    def all_told(self, word: str) -> list[Op]:
        """Generate the last of a round's operations, after which the server goes on."""
        self.sent += 1
        return [send(text(word), name=self.name)]

    def read(self) -> Step:
        count, self.sent = self.sent, 0
        return frames(count)


OPTIONS = st.fixed_dictionaries(
    {}, optional={"once": st.booleans(), "passive": st.booleans(), "signal": st.just("stop")}
)
BINARY_TYPES = st.sampled_from(["blob", "arraybuffer", "arraybuffer", "junk", ""])


def labels(client: Client) -> list[Op]:
    """Give each label its operations, on a type that is never dispatched, and add the signal."""
    ops: list[Op] = [["controller", "stop"]] if client.alone else []
    for label in LABELS:
        may_be_object = label not in FUNCTIONS
        as_object = {"object": True} if may_be_object and client.draw(st.booleans()) else {}
        does = client.many(client.of_event, 2)
        ops.append(add("unused", client.label(label), does, name=client.name, **as_object))
    return ops


def quiet_of_new(client: Client) -> Op:
    """Generate operations for right after the constructor, also those that CONNECTING refuses."""
    kind = client.draw(st.sampled_from(["quiet", "quiet", "send", "close"]))
    if kind == "send":
        return send(client.draw(payloads()), name=client.name)
    if kind == "close":
        return client.mine(client.draw(close_calls(taken=False)))
    return client.quiet()


@dataclass
class Life:
    """One socket's part of a scenario."""

    program: list[Op]
    script: Script | None
    after: list[Op] = field(default_factory=list[Op])
    lone: bool = False
    """Whether what it writes may be malformed, so that nothing may come before it in one packet."""
