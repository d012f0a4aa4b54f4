"""The operations for WebSocketStream, for ``python_program.py``.

``streams.js`` does the same in a browser. Change both or neither.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import trio

from trio_ws_dom import DOMException, WebSocketError

from .payload_format import describe_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_ws_dom import AbortController, WebSocketStream

    from .scenario import Op


class StreamWords:
    """The part of ``PythonProgram`` that is about streams."""

    trace: list[Any]
    _things: dict[str, Any]
    _controllers: dict[str, AbortController]
    _stream: type[WebSocketStream]
    _nursery: trio.Nursery
    _signals: Any
    _run: Callable[[list[Op], Any], None]
    _attempt: Callable[[list[Any], Callable[[], Any]], None]
    _fill: Callable[[str], str]
    _payload: Callable[[dict[str, Any]], Any]
    _options_of_connection: Callable[[], dict[str, Any]]

    def _do_stream(
        self, event: Any, name: str, url: str, protocols: Any, signal: str | None
    ) -> None:
        def construct() -> str:
            given: dict[str, Any] = {} if protocols is None else {"protocols": protocols}
            if signal is not None:
                given["signal"] = self._controllers[signal].signal
            stream = self._stream(
                self._fill(url), nursery=self._nursery, **given, **self._options_of_connection()
            )
            self._things[name] = stream
            return stream.url

        self._attempt(["stream", name], construct)

    def _do_stopstream(self, event: Any, name: str, info: dict[str, Any] | None) -> None:
        self._attempt(["stopstream", name], lambda: self._things[name].close(**(info or {})))

    def _do_makeerror(self, event: Any, message: str, init: dict[str, Any]) -> None:
        def make() -> list[Any]:
            error = WebSocketError(message, **init)
            return [error.name, error.message, error.code, error.closeCode, error.reason]

        self._attempt(["makeerror"], make)

    def _do_abortwith(self, event: Any, name: str, spec: dict[str, Any] | None) -> None:
        self._controllers[name].abort(_reason(spec))

    def _do_task(self, event: Any, label: str, steps: list[Op]) -> None:
        self._nursery.start_soon(self._carry_out, label, steps)

    async def _carry_out(self, label: str, steps: list[Op]) -> None:
        for step, *arguments in steps:
            if not hasattr(self, f"_step_{step}"):
                before = len(self.trace)
                self._run([[step, *arguments]], None)
                self.trace[before:] = [["in", label, *entry] for entry in self.trace[before:]]
                continue
            try:
                value = await getattr(self, f"_step_{step}")(*arguments)
            except Exception as error:
                self.trace.append(["in", label, step, "throws", *_describe(error)])
            else:
                self.trace.append(["in", label, step, "gives", value])

    async def _step_opened(self, name: str) -> dict[str, str]:
        info = await self._things[name].opened
        return {"extensions": info.extensions, "protocol": info.protocol}

    async def _step_closed(self, name: str) -> dict[str, Any]:
        info = await self._things[name].closed
        return {"closeCode": info.closeCode, "reason": info.reason}

    async def _step_read(self, name: str) -> Any:
        try:
            value = await self._things[name].readable.receive()
        except trio.EndOfChannel:
            return "done"
        kind, shown = describe_data(value)
        return ["binary" if kind == "ArrayBuffer" else kind, shown]

    async def _step_write(self, name: str, payload: dict[str, Any]) -> None:
        await self._things[name].writable.send(self._payload(payload))

    async def _step_closewritable(self, name: str) -> None:
        await self._things[name].writable.aclose()

    async def _step_abortwritable(self, name: str, spec: dict[str, Any] | None) -> None:
        await self._things[name].writable.abort(_reason(spec))

    async def _step_cancelreadable(self, name: str, spec: dict[str, Any] | None) -> None:
        await self._things[name].readable.cancel(_reason(spec))

    async def _step_hear(self, signal: str) -> None:
        await self._signals[signal].wait()


def _reason(spec: dict[str, Any] | None) -> Any:
    if spec is None:
        return None
    if "websocket" in spec:
        return WebSocketError("made here", **spec["websocket"])
    if "error" in spec:
        return getattr(builtins, spec["error"])("made here")
    return spec["value"]


def _describe(error: Exception) -> list[Any]:
    if isinstance(error, WebSocketError):
        return ["WebSocketError", error.closeCode, error.reason]
    if isinstance(error, DOMException):
        return ["DOMException", error.name, error.code]
    return [type(error).__name__]
