"""A HAR file against har-schema of npm, the schema of HAR's own validators."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import trio
from jsonschema import Draft6Validator
from referencing import Registry, Resource
from support.transports import MemoryTransport

from trio_ws_dom import HarRecorder, open_websocket

pytestmark = pytest.mark.interop


def validator() -> Any:
    files = (Path(os.environ["NPM_WS"]) / "node_modules" / "har-schema" / "lib").glob("*.json")
    schemas = {path.name: json.loads(path.read_text()) for path in files}
    new_registry: Any = Registry  # generic over schemas, whose type is unknown
    registry = new_registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    return Draft6Validator(schemas["har.json"], registry=registry)


async def test_a_har_by_its_published_schema(
    nursery: trio.Nursery, autojump_clock: trio.abc.Clock
) -> None:
    """Nothing is missing or of another type."""
    judge = validator()
    transport, recorder = MemoryTransport(), HarRecorder()

    async def play() -> None:
        await (await transport.peer()).serve()

    nursery.start_soon(play)
    async with open_websocket(transport.url, **transport.options(trace=recorder)) as ws:
        ws.send("hello")
    assert list(judge.iter_errors(recorder.to_dict())) == []
    assert list(judge.iter_errors({"log": {"version": "1.2"}})) != []
