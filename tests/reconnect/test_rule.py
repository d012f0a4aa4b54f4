"""The option ``is_transient``, by what the rule may return, and the consequences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Unpack

import pytest
from support.checked import not_none
from support.scripted_server import Part, ScriptedServer, closing, down, greatest, lost, refusing

from trio_ws_dom import (
    CloseEvent,
    HandshakeError,
    Retry,
    WebSocketError,
    is_transient,
    reconnecting_websocket,
)

if TYPE_CHECKING:
    from trio_ws_dom._reconnect._reconnecting import ReconnectOptions
    from trio_ws_dom.testing import FakeRequest


async def run(
    memory: ScriptedServer, *parts: Part, **options: Unpack[ReconnectOptions]
) -> list[Retry]:
    """Go through connections that end in these ways, to a last good one, and return the retries."""
    retries: list[Retry] = []
    options["on_retry"] = retries.append
    async for attempt in memory.loop(*parts, **options):
        async with attempt as ws:
            if len(memory.times) > len(parts):
                break
            await ws.wait_closed()
    return retries


@pytest.mark.parametrize("seconds", [30, 30.0, 0])
async def test_seconds_are_the_delay(
    seconds: float,
    memory: ScriptedServer,
    autojump_clock: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.uniform", greatest)
    (retry,) = await run(
        memory, closing(4000), is_transient=lambda cause: seconds, initial_delay=5, max_delay=5
    )
    assert retry.delay == seconds
    assert memory.times[1] - memory.times[0] == pytest.approx(seconds)


async def test_zero_is_not_false(memory: ScriptedServer, autojump_clock: object) -> None:
    with pytest.raises(WebSocketError):
        await run(memory, closing(1001), is_transient=lambda cause: False)
    assert len(await run(memory, down, is_transient=lambda cause: 0)) == 1


async def test_nothing_is_added_to_the_rules_seconds(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    part = refusing(503, ("Retry-After", "120"))
    (retry,) = await run(memory, part, is_transient=lambda cause: 2, initial_delay=5, max_delay=5)
    assert retry.delay == 2


async def test_seconds_leave_the_random_delays_as_they_are(
    memory: ScriptedServer, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", greatest)

    def rule(cause: Exception | CloseEvent) -> float | bool:
        return 7 if isinstance(cause, CloseEvent) else is_transient(cause)

    parts = [down, closing(1001), down, closing(1001), down]
    retries = await run(memory, *parts, is_transient=rule, initial_delay=1, max_delay=60)
    assert [retry.delay for retry in retries] == [1, 7, 2, 7, 4]
    assert [retry.number for retry in retries] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("verdict", "error", "text"),
    [
        (None, TypeError, "bool, or seconds, got NoneType"),
        ("5", TypeError, "bool, or seconds, got str"),
        (-1, ValueError, "finite seconds, 0 or more, got -1"),
        (math.inf, ValueError, "finite seconds, 0 or more, got inf"),
        (math.nan, ValueError, "finite seconds, 0 or more, got nan"),
    ],
)
async def test_anything_else_is_a_mistake(
    verdict: Any, error: Any, text: str, memory: ScriptedServer, autojump_clock: object
) -> None:
    with pytest.raises(error, match=f"expected is_transient to return .*{text}"):
        await run(memory, down, is_transient=lambda cause: verdict)


async def later(value: object) -> None: ...


@pytest.mark.parametrize("name", ["is_transient", "on_retry"])
@pytest.mark.parametrize("function", [later, "later", 5])
def test_functions_are_checked_at_the_call(name: str, function: Any) -> None:
    """An async one would return a coroutine that is never awaited."""
    with pytest.raises(TypeError, match=f"expected {name} as a function that is not async"):
        reconnecting_websocket("ws://peer.test/", **{name: function})


async def test_rule_is_asked_about_each_end_once(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    asked: list[Any] = []

    def rule(cause: Any) -> bool:
        asked.append(cause)
        return len(asked) < 4

    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(
            refusing(403), closing(4401), lost, down, is_transient=rule
        ):
            async with attempt as ws:
                async for _ in ws:
                    pass
    assert asked[0].status == 403
    assert asked[1].code == 4401
    assert asked[2].closeCode == 1006
    assert asked[3:] == [caught.value]


async def test_what_the_rule_raises_comes_out_of_a_closed_socket(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """If the program goes on with the loop, the rule is not asked a second time."""

    def rule(cause: object) -> bool:
        raise ZeroDivisionError

    loop = memory.loop(lost, is_transient=rule)
    with pytest.raises(ZeroDivisionError):
        async for attempt in loop:
            async with attempt as ws:
                await ws.receive()
    assert ws.readyState == ws.CLOSED
    async with await anext(loop) as ws:
        assert ws.readyState == ws.OPEN


async def test_failure_that_is_final_comes_out_of_async_with(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    with pytest.raises(HandshakeError) as caught:
        async for attempt in memory.loop(down, refusing(403)):
            async with attempt:
                raise AssertionError("it was never open")
    assert caught.value.status == 403
    assert len(memory.times) == 2


async def test_clean_close_that_is_final_comes_out_of_the_next_turn(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    turns = 0
    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(closing(4401, "token")):
            async with attempt as ws:
                async for _ in ws:
                    pass
            turns += 1
    assert (caught.value.closeCode, caught.value.reason, turns) == (4401, "token", 1)
    assert str(caught.value) == (
        "ws://peer.test/: closed with 4401 'token', by the server,"
        " and is_transient allows no other try"
    )


async def test_break_is_not_disturbed_by_a_close_that_is_final(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    async for attempt in memory.loop(closing(4401)):
        async with attempt as ws:
            async for _ in ws:
                pass
            break
    assert ws.closeEvent is not None
    assert ws.closeEvent.code == 4401


async def test_loss_that_is_final_comes_out_as_the_block_raised_it(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(lost, is_transient=lambda cause: False):
            async with attempt as ws:
                try:
                    await ws.receive()
                except WebSocketError as exc:
                    error = exc
                    raise
    assert caught.value is error


async def test_loss_that_is_final_and_that_the_block_did_not_raise_comes_out_of_the_next_turn(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    with pytest.raises(WebSocketError) as caught:
        async for attempt in memory.loop(lost, is_transient=lambda cause: False):
            async with attempt as ws:
                await ws.wait_closed()
    assert caught.value is ws.failure


async def test_program_that_goes_on_after_a_final_failure_gets_the_next_turn(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    errors: list[WebSocketError | None] = []
    async for attempt in memory.loop(refusing(403), lost):
        try:
            async with attempt as ws:
                if len(errors) == 2:
                    break
                await ws.receive()
                raise AssertionError("it was lost")
        except HandshakeError as exc:
            errors.append(exc)
        else:
            errors.append(ws.failure)
    assert not_none(attempt.retry).cause is errors[1]


async def too_long(request: FakeRequest) -> None:
    await (await request.accept()).send("x" * 1001)


async def test_message_over_our_limit_is_not_fetched_again(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    with pytest.raises(WebSocketError, match="1000"):
        async for attempt in memory.loop(too_long, too_long, max_message_size=1000):
            async with attempt as ws:
                await ws.receive()
    assert memory.codes == [1009]
