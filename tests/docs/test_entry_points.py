"""The example of docs/entry-points.md, unchanged except for the names of server and file."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from support.patience import PATIENCE
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

PAGE = (Path(__file__).parents[2] / "docs" / "entry-points.md").read_text(encoding="utf-8")
TEXT = "".join(f"line {number}, grün\n" for number in range(2000))


async def echo(request: WebSocketRequest) -> None:
    ws = await request.accept()
    try:
        while True:
            await ws.send_message(await ws.get_message())
    except ConnectionClosed:
        pass


@pytest.mark.real
async def test_a_message_in_pieces(
    nursery: trio.Nursery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it sends in fragments comes back piece by piece."""
    server = await nursery.start(partial(serve_websocket, echo, "127.0.0.1", 0, None))
    letter = tmp_path / "letter.txt"
    letter.write_text(TEXT, encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    block = block.replace("wss://files.example", f"ws://127.0.0.1:{server.port}")
    block = block.replace('"letter.txt"', repr(str(letter)))
    names: dict[str, Any] = {}
    exec(block.replace("trio.run(main)\n", ""), names)
    with trio.fail_after(PATIENCE):
        await names["main"]()
    assert capsys.readouterr().out == TEXT
