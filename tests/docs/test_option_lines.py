"""The lists of options that `help()` and editors show, one for each entry point.

Each line is the first one of the option's own docstring, where its meaning, unit and default are.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Final, is_typeddict

import pytest

import trio_ws_dom
from trio_ws_dom import (
    AcceptOptions,
    ConnectOptions,
    ReconnectOptions,
    WebSocket,
    WebSocketNursery,
    WebSocketStream,
    accept_websocket,
    connect_websocket,
    open_websocket,
    open_websocket_stream,
    reconnecting_websocket,
)
from trio_ws_dom._reconnect import _reconnecting
from trio_ws_dom._socket import _dial_options, _options

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTING: Final = (
    open_websocket,
    open_websocket_stream,
    connect_websocket,
    WebSocket,
    WebSocketStream,
    WebSocketNursery.connect,
)
LISTS: Final = [
    *((entry, ConnectOptions) for entry in CONNECTING),
    (reconnecting_websocket, ReconnectOptions),
    (accept_websocket, AcceptOptions),
]
IDS: Final = [entry.__qualname__ for entry, _ in LISTS]

HELP_INDENTS_BY: Final = 4
"""Columns; of the 80 that a terminal has at least."""

OPTION: Final = re.compile(r'^    (\w+): [^\n]+\n    """([^\n]+?)(?:"""|\n)', re.M)
CLASS: Final = re.compile(r"^class (\w+)\(", re.M)

PING_INTERVAL: Final = f"seconds between Pings. Default: {_reconnecting.DEFAULT_PING_INTERVAL:g}."


def first_lines() -> Iterator[tuple[str, str, str]]:
    """Yield the class, the name and the first line of each option."""
    for module in (_options, _reconnecting):
        _, *classes = CLASS.split(inspect.getsource(module))
        for owner, body in zip(classes[::2], classes[1::2], strict=True):
            for name, line in OPTION.findall(body):
                yield owner, name, line


def expected(options: type) -> dict[str, str]:
    """Return the lines of the list for a TypedDict of options."""
    found: dict[str, str] = {}
    for owner, name, line in first_lines():
        if name in options.__annotations__ and (owner == options.__name__ or name not in found):
            found[name] = line if line[1:2].isupper() else line[0].lower() + line[1:]
    if options is ReconnectOptions:  # the one that has a default of its own
        found["ping_interval"] = PING_INTERVAL
    return found


def listed(entry: object) -> dict[str, str]:
    _, _, rest = (inspect.getdoc(entry) or "").partition("\nOptions:\n")
    return dict(re.findall(r"^  (\w+): (.*)$", rest.partition("\n\n")[0], re.M))


@pytest.mark.parametrize(("entry", "options"), LISTS, ids=IDS)
def test_lists_every_option_with_its_meaning_and_default(entry: object, options: type) -> None:
    found = listed(entry)
    assert found == expected(options)
    assert found.keys() == options.__annotations__.keys()
    assert all("Default: " in line for line in found.values())


@pytest.mark.parametrize("entry", [entry for entry, _ in LISTS], ids=IDS)
def test_help_fits_into_80_columns(entry: object) -> None:
    lines = (inspect.getdoc(entry) or "").splitlines()
    assert max(map(len, lines)) <= 80 - HELP_INDENTS_BY


def test_the_list_is_the_same_everywhere() -> None:
    """The order is the same, too, so that a reader finds an option in the same place."""
    first, *others = (list(listed(entry)) for entry in CONNECTING)
    assert others == [first] * len(others)


def test_numbers_are_the_defaults() -> None:
    for entry, _ in LISTS:
        for name, line in listed(entry).items():
            number = re.search(r"Default: (\d+)( MiB)?\.", line)
            if number:
                value = int(number[1]) * (1024 * 1024 if number[2] else 1)
                assert value == default_of(name, entry), name


def default_of(name: str, entry: object) -> object:
    key = f"DEFAULT_{name.upper()}"
    if entry is accept_websocket and name == "max_buffered_amount":
        key = "DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT"
    for module in (_options, _dial_options, _reconnecting):
        if hasattr(module, key):
            return getattr(module, key)
    raise LookupError(key)


def test_everything_that_takes_options_has_a_list() -> None:
    entries = {entry for entry, _ in LISTS}
    assert set(takers()) == entries


def takers() -> Iterator[object]:
    """Yield the public functions, classes and methods that take any keyword."""
    for name in trio_ws_dom.__all__:
        value = getattr(trio_ws_dom, name)
        if inspect.isfunction(value) and takes_options(value):
            yield value
        elif inspect.isclass(value) and not is_typeddict(value):
            if takes_options(vars(value).get("__init__")):
                yield value
            methods = vars(value).items()
            yield from (f for name, f in methods if name[0] != "_" and takes_options(f))


def takes_options(value: object) -> bool:
    return inspect.isfunction(value) and "Unpack[" in value.__annotations__.get("options", "")
