"""The page of options has each of them, and those of other libraries."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import trio_websocket
import websockets.trio.client

from trio_ws_dom import AcceptOptions, ConnectOptions, ReconnectOptions
from trio_ws_dom._reconnect import _reconnecting
from trio_ws_dom._socket._options import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCS: Final = Path(__file__).parents[2] / "docs"


def rows(page: str, part: int) -> Iterator[list[str]]:
    """Yield the cells of each row of the page's table before its second heading, or after it."""
    text = (DOCS / page).read_text(encoding="utf-8").split("\n## ")[part]
    for line in text.splitlines():
        if line.startswith("| ") and "|---" not in line:
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_option_is_in_the_table() -> None:
    firsts = [row[0] for row in rows("options.md", 0)]
    assert sorted(re.findall(r"`(\w+)`", "".join(firsts))) == sorted(ConnectOptions.__annotations__)


def test_the_reference_has_what_accepting_takes() -> None:
    """AcceptOptions inherits all but two, and the reference names them."""
    page = (DOCS / "reference" / "options.md").read_text(encoding="utf-8")
    listed = page.partition(":: AcceptOptions()")[2].partition("```")[0]
    assert (
        set(re.findall(r"``(\w+)``", listed)) | {"headers", "max_buffered_amount"}
        == AcceptOptions.__annotations__.keys()
    )


def parameters_in(column: int) -> dict[str, str]:
    """Return the parameters that a column of the second table has, with their defaults or ""."""
    cells = "\n".join(row[column] for row in rows("options.md", 1))
    return dict(re.findall(r"`(\w+)(?:=(\w+))?`", cells))


def test_the_comparison_has_all_of_our_options_with_their_defaults() -> None:
    found = parameters_in(1)
    ours = {*ConnectOptions.__annotations__, *ReconnectOptions.__annotations__, "protocols"}
    assert found.keys() == ours
    settings = Arguments("ws://peer.test/", (), {}).resolve()
    for name, default in found.items():
        known = getattr(settings, name, getattr(settings.bounds, name, None))
        if known is None:
            known = getattr(_reconnecting, f"DEFAULT_{name.upper()}", None)
        if default:
            assert default == (f"{known:g}" if isinstance(known, float) else str(known)), name


def signature(name: str) -> Callable[..., object]:
    if name == "aiohttp":
        import aiohttp  # in the session interop

        connect: Callable[..., object] = aiohttp.ClientSession.ws_connect
        return connect
    if name == "websockets":
        return websockets.trio.client.connect.__init__
    return trio_websocket.open_websocket_url


@pytest.mark.parametrize(
    ("column", "library"),
    [
        (2, "websockets"),
        pytest.param(3, "aiohttp", marks=pytest.mark.interop),
        (4, "trio-websocket"),
    ],
)
def test_the_comparison_has_all_parameters_of_others_with_their_defaults(
    column: int, library: str
) -> None:
    parameters = inspect.signature(signature(library)).parameters
    known = {name: of.default for name, of in parameters.items()}
    for name in ("self", "uri", "url", "kwargs"):
        known.pop(name, None)
    found = parameters_in(column)
    assert found.keys() == known.keys()
    for name, default in known.items():
        if isinstance(default, int):
            assert found[name] == str(default), name
        else:
            assert found[name] == "", name
