"""The sources of each try's URL, subprotocols, headers and stream."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.checked import not_none
from support.scripted_server import AT_ONCE, ScriptedServer, stalling

from trio_ws_dom import DOMException, Retry, reconnecting_websocket
from trio_ws_dom.testing import FakeRequest

URL = "ws://peer.test/"


async def accept_v2(request: FakeRequest) -> None:
    await request.accept(protocol="v2")


async def requests(
    memory: ScriptedServer, url: Any, protocols: Any = (), **options: Any
) -> list[FakeRequest]:
    """Connect twice, and return the requests that the server received."""
    memory.parts += [accept_v2, accept_v2] if protocols else []
    async for attempt in reconnecting_websocket(url, protocols, **AT_ONCE, **options):
        async with attempt:
            if len(memory.connections) == 2:
                break
    return memory.server.requests


async def test_functions_are_called_in_order_before_each_try(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    asked: list[str] = []

    def url() -> str:
        asked.append("url")
        return f"{URL}{len(memory.connections)}"

    async def protocols() -> list[str]:
        await trio.sleep(1)
        asked.append("protocols")
        return ["v2"]

    async def headers() -> dict[str, str]:
        asked.append("headers")
        return {"Authorization": f"Bearer {len(memory.connections)}"}

    first, second = await requests(memory, url, protocols, headers=headers)
    assert (first.target, second.target) == ("/0", "/1")
    assert second.headers["authorization"] == "Bearer 1"
    assert second.protocols == ["v2"]
    assert asked == ["url", "protocols", "headers"] * 2


async def test_values_are_used_for_each_try_also_iterators(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    both = await requests(memory, URL, iter(["v1", "v2"]), headers=iter([("X-Name", "me")]))
    for request in both:
        assert request.protocols == ["v1", "v2"]
        assert request.headers["x-name"] == "me"


async def test_functions_may_return_iterators(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    both = await requests(
        memory, URL, lambda: iter(["v2"]), headers=lambda: iter([("X-Name", "me")])
    )
    for request in both:
        assert request.protocols == ["v2"]
        assert request.headers["x-name"] == "me"


async def test_os_error_in_a_function_is_a_failure_to_connect(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    calls = 0

    async def url() -> str:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ConnectionRefusedError("no token today")
        return URL

    async for attempt in reconnecting_websocket(url, **AT_ONCE):
        async with attempt:
            break
    assert not_none(attempt.retry).number == 2
    assert isinstance(not_none(attempt.retry).cause, ConnectionRefusedError)


async def test_mistake_in_a_function_comes_out_bare(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    boom = KeyError("token")

    def url() -> str:
        raise boom

    with pytest.raises(KeyError) as caught:
        async for attempt in reconnecting_websocket(url):
            async with attempt:
                raise AssertionError("it was never open")
    assert caught.value is boom
    assert memory.times == []


async def never() -> trio.abc.Stream:
    await trio.sleep_forever()
    raise AssertionError("it sleeps")


@pytest.mark.parametrize(
    ("url", "options", "error"),
    [
        (URL + "#", {}, DOMException),
        (URL, {"headers": {"Upgrade": "me"}}, ValueError),
        (URL, {"proxy": "http://proxy.test", "stream": never}, ValueError),
        (URL, {"max_message_size": "many"}, TypeError),
    ],
)
async def test_bad_arguments_come_out_of_the_first_attempt_before_dialling(
    url: str,
    options: Any,
    error: type[Exception],
    memory: ScriptedServer,
    autojump_clock: object,
) -> None:
    with pytest.raises(error):
        async for attempt in reconnecting_websocket(url, **options):
            async with attempt:
                raise AssertionError("it was never open")
    assert memory.times == []


@pytest.mark.parametrize("kind", ["sockets"])
@pytest.mark.parametrize("is_async", [True, False])
async def test_stream_function_is_called_for_each_connection(
    is_async: bool, scripted: ScriptedServer, clock: object
) -> None:
    host, port = scripted.server.url.removeprefix("ws://").split(":")

    async def dial() -> trio.abc.Stream:
        return await trio.open_tcp_stream(host, int(port))

    streams = [await dial(), await dial()]
    source = dial if is_async else streams.pop
    async for attempt in reconnecting_websocket("ws://other.test/", stream=source, **AT_ONCE):
        async with attempt:
            if len(scripted.connections) == 2:
                break
    assert [request.host for request in scripted.server.requests] == ["other.test"] * 2
    for stream in streams:
        await stream.aclose()


async def test_stream_function_has_open_timeout(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """After it the function is cancelled, which is a failure like others."""
    start = trio.current_time()
    retries: list[tuple[float, str]] = []

    def on_retry(retry: Retry) -> None:
        retries.append((trio.current_time(), str(retry.cause)))
        scope.cancel()

    with trio.CancelScope() as scope:
        async for attempt in reconnecting_websocket(
            URL, stream=never, open_timeout=3, on_retry=on_retry, **AT_ONCE
        ):
            async with attempt:
                raise AssertionError("it was never open")
    ((moment, cause),) = retries
    assert moment == start + 3
    assert "open_timeout (3 seconds)" in cause


async def test_connected_stream_is_refused(autojump_clock: object) -> None:
    """One stream cannot serve several connections."""
    ours, _ = trio.testing.memory_stream_pair()
    with pytest.raises(TypeError):
        reconnecting_websocket(URL, stream=ours)  # type: ignore[arg-type]  # the mistake


async def test_options_are_passed_on_to_each_connection(
    memory: ScriptedServer, autojump_clock: object
) -> None:

    start = trio.current_time()
    async for attempt in memory.loop(stalling, close_timeout=7):
        async with attempt:
            break
    assert trio.current_time() - start == pytest.approx(7)
