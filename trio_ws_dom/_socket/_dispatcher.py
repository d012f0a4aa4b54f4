"""The life of a WebSocket in its nursery: from connection to events, listeners, and the end."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import trio

from .._dom._blob import Blob
from .._dom._errors import listener_errors
from .._dom._event import Event, now
from .._dom._events import CloseEvent, ErrorEvent, MessageEvent
from .._dom._listener import call_listener
from .._net._log import Log
from .._net._one_shot import Moment
from .._wire._closing import OPEN
from .._wire._frames import GOING_AWAY, Close
from ._errors import explain
from ._nursery_target import NurseryTarget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from .._dom._errors import WebSocketError
    from .._dom._listener import Listener
    from .._net._pump import Pump
    from .._net._settings import Bounds
    from .._wire._http._response import Response
    from .._wire._messages import Message
    from ._inbox import Inbox
    from ._url import Address

MAX_UNFINISHED: Final = 100
"""Calls of ``async def`` listeners that may be unfinished before the reading waits for them."""

CANCEL_TURNS: Final = 3
"""Turns of the scheduler until a task that was cancelled with us has seen it: one if it sleeps,
and three if it is in a ``trio.lowlevel.checkpoint()``."""

CHUNK: Final = 64
"""Messages dispatched between two looks at the clock."""


class Scope(Protocol):
    """What a socket tells the scope in which it lives."""

    def _listeners_failed(self, errors: list[BaseException]) -> None: ...

    def _socket_gone(self, ws: Any) -> None: ...


class Dispatcher(NurseryTarget):
    """What the pump drives, and the program listens to; :class:`WebSocket` adds the interface.

    Attributes:
      closeEvent: the CloseEvent once there was one, else None: why the connection ended.
      failure: what is behind an unclean end, with the true cause as ``__cause__``, else None.
    """

    closeEvent: CloseEvent | None = None
    failure: WebSocketError | None = None

    _address: Address
    _settings: Bounds
    _connection: Pump
    _binary_type: Literal["blob", "arraybuffer"] = "blob"
    _response: Response | None = None
    _inbox: Inbox | None = None
    _calls_over: trio.Event | None = None  # of async listeners, once somebody waits for it
    _senders: trio.lowlevel.ParkingLot | None = None  # who wait for bytes to leave, if any did
    _looked = True  # False: messages wait for the program's first look
    _scope: Scope | None = None  # of a door; None: it lives in a trio nursery of the program's

    @trio.lowlevel.enable_ki_protection
    def _start(self, nursery: trio.Nursery) -> None:
        self._opened = Moment()
        self._closed = Moment()
        self._gone = Moment()
        self._errors = []
        self._calls = {}
        machine, log = self._connection.machine, Log(self._settings.number, self._address.where)
        machine.on_move = log.moved
        log.moved(machine)
        nursery.start_soon(self._run, name=self._address.label)
        if self._scope is None:
            nursery.start_soon(self._watch)
        self._nursery = nursery
        self._connection.enqueue()

    # The life, as a task of the nursery. Ctrl-C never lands here: it would kill the pump.

    @trio.lowlevel.enable_ki_protection
    async def _run(self) -> None:
        try:
            await self._connection.run()
            self._finish()
            self._end_calls(self._settings.close_timeout)
            while self._calls:
                self._calls_over = trio.Event()
                with trio.CancelScope(shield=True):
                    await self._calls_over.wait()
        finally:
            self._nursery = None
            self._report()
            if self._scope is not None:
                self._scope._socket_gone(self)
            self._gone.set()
        if self._errors:
            raise listener_errors(self._errors)

    @trio.lowlevel.enable_ki_protection
    async def _watch(self) -> None:
        """Close the socket when the program's nursery is cancelled; a scope of ours does it itself.

        This is outside of the pump's shield, and so notices.
        """
        try:
            await self._closed.wait()
        except trio.Cancelled:
            # tasks cancelled with us run their `finally` first: what they send still goes out
            for _ in range(CANCEL_TURNS):
                await trio.lowlevel.cancel_shielded_checkpoint()
            self._connection.close(Close(GOING_AWAY))
            self._connection.hurry()
            raise

    def _interrupt(self) -> None:
        """Ctrl-C, while closing: be quick, and wait for no listener's tasks either."""
        self._connection.hurry()
        self._end_calls(0)

    def _finish(self) -> None:
        """TCP is gone (https://websockets.spec.whatwg.org/#closeWebSocket)."""
        machine = self._connection.machine
        code, reason, was_clean = machine.verdict
        if not was_clean:
            assert machine.cause is not None  # an end without one is clean
            self.failure = self._explain(machine.cause)
        if machine.failed:
            self._dispatch_trusted(
                ErrorEvent("error", error=self.failure, message=str(self.failure))
            )
        self.closeEvent = CloseEvent("close", wasClean=was_clean, code=code, reason=reason)
        self._dispatch_trusted(self.closeEvent)
        self._end_channels()
        if self._inbox is not None:
            self._inbox.end(self._end_of_messages)
        self._opened.set()
        self._closed.set()
        self._bytes_left()
        self._report()

    def _explain(self, cause: Exception) -> WebSocketError:
        return explain(self._address.where, cause, self._connection.machine.verdict)

    def _end_of_messages(self) -> Exception:
        """What ``receive()`` raises behind the last message; a new one each time."""
        cause = self._connection.machine.cause
        if self.failure is None:
            return trio.EndOfChannel("the socket was closed cleanly")
        assert cause is not None  # there is a failure
        return self._explain(cause)

    # The pump's calls.

    @property
    def _wants_messages(self) -> bool:
        if not self._looked or len(self._calls) >= MAX_UNFINISHED:
            return False
        if self._inbox is not None and self._inbox.full:
            return False
        return not (self._channels and self._channel_is_full("message"))

    def _connection_opened(self, response: Response) -> None:
        self._response = response
        self._dispatch_trusted(Event("open"))
        self._opened.set()

    def _take_messages(self, messages: Sequence[Message], index: int) -> int:
        """Dispatch a chunk of messages; gives the index behind the last one handled."""
        chunk = messages[index : index + CHUNK]
        listeners = self._listeners_for("message")
        if not listeners:
            if self._inbox is not None:
                self._inbox.put(chunk)
            return index + len(chunk)
        self._interrupted = False
        if len(listeners) == 1 and not listeners[0].once and not self._channels:
            return index + self._dispatch_to_one(chunk, listeners[0])
        return index + self._dispatch_to_all(chunk)

    def _dispatch_to_one(self, chunk: Sequence[Message], listener: Listener) -> int:
        """The fast path, three times as fast as the plain one: nothing about a message event can
        be canceled or stopped where one listener is all there is."""
        new, origin, time_stamp = object.__new__, self._address.origin, now()
        blobs, inbox = self._binary_type == "blob", self._inbox
        machine, callback = self._connection.machine, listener.callback
        at_target, none = Event.AT_TARGET, Event.NONE
        for count, data in enumerate(chunk, 1):
            event = new(MessageEvent)
            event._isTrusted = True
            event._data = Blob([data]) if blobs and type(data) is bytes else data
            event._origin = origin
            event._timeStamp = time_stamp
            event._target = self
            event._phase = at_target
            if inbox is not None:
                inbox.put((data,))
            try:
                result = call_listener(callback, event)
                if result is not None and isinstance(result, Coroutine):
                    self._run_coroutine(cast("Coroutine[Any, Any, object]", result))
            except BaseException as exc:  # kept, and raised from the scope
                self._listeners_failed([exc])
            event._phase = none
            if event._stop:
                event._stop = 0
            if self._interrupted or machine.state is not OPEN:
                return count
        return len(chunk)

    def _dispatch_to_all(self, chunk: Sequence[Message]) -> int:
        """The plain path: any number of listeners of any kind."""
        machine = self._connection.machine
        for count, data in enumerate(chunk, 1):
            blob = self._binary_type == "blob" and isinstance(data, bytes)
            event = MessageEvent(
                "message", data=Blob([data]) if blob else data, origin=self._address.origin
            )
            if self._inbox is not None:
                self._inbox.put((data,))
            self._dispatch_trusted(event)
            if machine.state is not OPEN or not self._wants_messages:
                return count
        return len(chunk)

    def _bytes_left(self) -> None:
        if self._senders is not None:
            self._senders.unpark_all()

    async def _until_bytes_left(self) -> None:
        """Wait until bytes were handed to the network, or none will be any more."""
        if self._senders is None:
            self._senders = trio.lowlevel.ParkingLot()
        await self._senders.park()

    # Listeners.

    def _channel_has_room(self) -> None:
        self._connection.resume()

    def _listeners_changed(self, type: str) -> None:
        if type == "message":
            self._look()

    def _listener_done(self) -> None:
        self._connection.resume()
        if self._calls_over is not None and not self._calls:
            self._calls_over.set()

    def _look(self) -> None:
        """The program looks at messages: they need not wait any more."""
        self._looked = True
        self._interrupted = True
        self._connection.resume()

    def _listeners_failed(self, errors: Sequence[BaseException]) -> None:
        """An error in the program: it is kept for the scope to raise, and the socket closes."""
        self._errors.extend(errors)
        self._connection.close(Close(GOING_AWAY))
        if any(isinstance(error, KeyboardInterrupt) for error in errors):
            self._interrupt()
        if self._closed.is_set():
            self._report()

    def _report(self) -> None:
        """Hand the errors to the scope, if there is one; else :meth:`_run` raises them."""
        if self._scope is not None and self._errors:
            errors, self._errors = self._errors, []
            self._scope._listeners_failed(errors)
