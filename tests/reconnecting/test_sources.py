"""Where each try's URL, subprotocols, headers and stream come from."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.line import AT_ONCE, Line
from support.peer import Peer

from trio_ws_dom import DOMException, reconnecting_websocket


async def accept_v2(peer: Peer) -> None:
    await peer.accept("Sec-WebSocket-Protocol: v2", then=b"\x88\x00")
    await peer.finish()


async def requests(memory: Line, url: Any, protocols: Any = (), **options: Any) -> list[str]:
    """Connect twice; gives what the server was sent."""
    memory.parts += [accept_v2, accept_v2] if protocols else []
    async for attempt in reconnecting_websocket(
        url, protocols, stream=memory.dial, **AT_ONCE, **options
    ):
        async with attempt:
            if len(memory.peers) == 2:
                break
    return [peer.request.decode() for peer in memory.peers]


async def test_functions_are_asked_for_each_try(memory: Line, autojump_clock: object) -> None:
    """URL, protocols and headers, in this order, anew for each."""
    asked: list[str] = []

    def url() -> str:
        asked.append("url")
        return f"ws://peer.test/{len(memory.peers)}"

    async def protocols() -> list[str]:
        await trio.sleep(1)
        asked.append("protocols")
        return ["v2"]

    async def headers() -> dict[str, str]:
        asked.append("headers")
        return {"Authorization": f"Bearer {len(memory.peers)}"}

    first, second = await requests(memory, url, protocols, headers=headers)
    assert first.startswith("GET /0 ")
    assert second.startswith("GET /1 ")
    assert "Authorization: Bearer 1\r\n" in second
    assert "Sec-WebSocket-Protocol: v2\r\n" in second
    assert asked == ["url", "protocols", "headers"] * 2


async def test_values_are_used_for_each_try(memory: Line, autojump_clock: object) -> None:
    """Also those that can be gone through only once."""
    both = await requests(
        memory, "ws://peer.test/", iter(["v1", "v2"]), headers=iter([("X-Name", "me")])
    )
    for request in both:
        assert "Sec-WebSocket-Protocol: v1, v2\r\n" in request
        assert "X-Name: me\r\n" in request


async def test_functions_may_give_iterators(memory: Line, autojump_clock: object) -> None:
    """Whatever a value may be, a function may give."""
    both = await requests(
        memory, "ws://peer.test/", lambda: iter(["v2"]), headers=lambda: iter([("X-Name", "me")])
    )
    for request in both:
        assert "Sec-WebSocket-Protocol: v2\r\n" in request
        assert "X-Name: me\r\n" in request


async def test_error_of_the_network_in_a_function(memory: Line, autojump_clock: object) -> None:
    """An OSError from a function is a failure like any other."""
    calls = 0

    async def url() -> str:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ConnectionRefusedError("no token today")
        return "ws://peer.test/"

    async for attempt in reconnecting_websocket(url, stream=memory.dial, **AT_ONCE):
        async with attempt:
            break
    assert attempt.retry.number == 2
    assert isinstance(attempt.retry.cause, ConnectionRefusedError)


async def test_mistake_in_a_function(memory: Line, autojump_clock: object) -> None:
    """Anything else is the program's own, and comes out bare."""
    boom = KeyError("token")

    def url() -> str:
        raise boom

    with pytest.raises(KeyError) as caught:
        async for attempt in reconnecting_websocket(url, stream=memory.dial):
            async with attempt:
                raise AssertionError("it was never open")
    assert caught.value is boom
    assert memory.times == []


@pytest.mark.parametrize(
    ("url", "options", "kind"),
    [
        ("ws://peer.test/#", {}, DOMException),
        ("ws://peer.test/", {"headers": {"Upgrade": "me"}}, ValueError),
        ("ws://peer.test/", {"proxy": "http://proxy.test"}, ValueError),
        ("ws://peer.test/", {"max_message_size": "many"}, TypeError),
    ],
)
async def test_bad_arguments(
    url: str, options: Any, kind: type[Exception], memory: Line, autojump_clock: object
) -> None:
    """They come out of the first attempt, and nobody was dialled for them."""
    with pytest.raises(kind):
        async for attempt in reconnecting_websocket(url, stream=memory.dial, **options):
            async with attempt:
                raise AssertionError("it was never open")
    assert memory.times == []


async def test_dialling_is_bounded(memory: Line, autojump_clock: object) -> None:
    """A ``stream`` function has ``open_timeout``, then it is cancelled: a failure like others."""
    start = trio.current_time()

    async def dial() -> trio.abc.Stream:
        if trio.current_time() == start:
            await trio.sleep_forever()
        return await memory.dial()

    async for attempt in reconnecting_websocket(
        "ws://peer.test/", stream=dial, open_timeout=3, **AT_ONCE
    ):
        async with attempt:
            break
    assert memory.times == [start + 3]
    assert "open_timeout (3 seconds)" in str(attempt.retry.cause)


async def test_ready_made_stream(autojump_clock: object) -> None:
    """One stream is not for several connections: a TypeError."""
    ours, _ = trio.testing.memory_stream_pair()
    with pytest.raises(TypeError):
        reconnecting_websocket("ws://peer.test/", stream=ours)  # type: ignore[arg-type]  # it


async def test_options_are_passed_on(memory: Line, autojump_clock: object) -> None:
    """Such as the bounds of each connection."""

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_end()

    start = trio.current_time()
    async for attempt in memory.loop(part, close_timeout=7):
        async with attempt:
            break
    assert trio.current_time() - start == pytest.approx(7)
