"""The events of a socket by name. Most of it is for type checkers, which read this file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from trio_ws_dom._dom import (
    Blob,
    CloseEvent,
    CustomEvent,
    ErrorEvent,
    Event,
    EventChannel,
    MessageEvent,
)
from trio_ws_dom._dom._socket_events import SocketEvents


class Handler:
    """A handler object for messages."""

    def handleEvent(self, event: MessageEvent) -> None:
        """Do nothing."""


def on_event(event: Event) -> None: ...


def on_message(event: MessageEvent) -> None: ...


def on_close(event: CloseEvent) -> None: ...


def on_error(event: ErrorEvent) -> None: ...


def on_custom(event: CustomEvent) -> None: ...


async def on_message_async(event: MessageEvent) -> None: ...


def test_listeners_take_the_event_of_the_type() -> None:
    target = SocketEvents()
    target._accepts_coroutines = True  # type: ignore[misc]  # as a socket
    target.addEventListener("open", on_event)
    target.addEventListener("message", on_message)
    target.addEventListener("message", on_message_async, {"once": True})
    target.addEventListener("message", Handler(), True)
    target.addEventListener("message", on_event)
    target.addEventListener("close", on_close, signal=None)
    target.addEventListener("close", lambda event: print(event.code))
    target.addEventListener("error", on_error)
    target.addEventListener("mine", on_custom)
    target.addEventListener("mine", on_event)
    target.addEventListener("open", None)
    target.removeEventListener("message", on_message)
    assert len(target._listeners_for("message")) == 3  # pyright: ignore[reportPrivateUsage]  # to count


def test_a_listener_for_another_event_is_an_error_for_type_checkers() -> None:
    target = SocketEvents()
    target.addEventListener("mesage", on_message)  # type: ignore[arg-type]  # misspelt
    target.addEventListener("mesage", Handler())  # type: ignore[arg-type]  # misspelt
    target.addEventListener("message", on_close)  # type: ignore[arg-type]  # for another event
    if TYPE_CHECKING:
        target.addEventListener("close", on_close, {"onec": True})  # type: ignore[call-overload]  # misspelt


def test_on_attributes_take_the_event_of_their_name() -> None:
    target = SocketEvents()
    target.onopen = on_event
    target.onmessage = on_message
    target.onerror = on_error
    target.onclose = on_close
    target.onclose = on_message  # type: ignore[assignment]  # for another event
    assert [target.onopen, target.onmessage] == [on_event, on_message]


async def test_channels_have_the_event_of_the_type() -> None:
    target = SocketEvents()
    messages = target.when("message", max_buffer_size=1, max_buffer_bytes=1)
    assert_type(messages, EventChannel[MessageEvent])
    assert_type(target.when("close"), EventChannel[CloseEvent])
    assert_type(target.when("error"), EventChannel[ErrorEvent])
    assert_type(target.when("open"), EventChannel[Event])
    assert_type(target.when("message", "close"), EventChannel[Event])
    target.dispatchEvent(MessageEvent("message", data="hello"))
    event = await messages.receive()
    assert_type(event, MessageEvent)
    assert_type(event.data, str | bytes | Blob)
    assert event.data == "hello"


def test_programs_may_put_anything_into_messages_of_their_own() -> None:
    data: Any = {"a": 1}
    assert MessageEvent("message", data=data).data == data
