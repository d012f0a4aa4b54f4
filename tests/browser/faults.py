"""Mistakes, seeded into our WebSocket one at a time, which the scenarios must find.

Each is one that a client for Python or JavaScript has had, or is likely to have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import trio

from trio_ws_dom import WebSocket, WebSocketReadable, WebSocketStream

from .recording import find_differences

if TYPE_CHECKING:  # the classes are final, so a checker sees what the faults use of them

    class Base:
        CONNECTING = 0
        OPEN = 1
        CLOSING = 2
        CLOSED = 3

        def __init__(self, url: str, protocols: Any = (), **options: Any) -> None: ...
        def addEventListener(self, *arguments: Any, **options: Any) -> None: ...
        def send(self, data: Any) -> None: ...
        def close(self, code: Any = None, reason: str = "") -> None: ...
        @property
        def bufferedAmount(self) -> int: ...
        @property
        def readyState(self) -> int: ...
        @property
        def protocol(self) -> str: ...
        @property
        def binaryType(self) -> Any: ...
        @binaryType.setter
        def binaryType(self, value: Any) -> None: ...

    class StreamBase:
        _readable: WebSocketReadable

        def __init__(self, url: str, **options: Any) -> None: ...
        def close(self, *, closeCode: Any = None, reason: str = "") -> None: ...
        @property
        def opened(self) -> Any: ...
        @property
        def closed(self) -> Any: ...
else:
    Base, StreamBase = WebSocket, WebSocketStream


class SendsLoneSurrogatesAsQuestionMarks(Base):
    def send(self, data: Any) -> None:
        super().send(data.encode(errors="replace").decode() if isinstance(data, str) else data)


class SendsTheWholeBufferOfAView(Base):
    def send(self, data: Any) -> None:
        super().send(data.obj if isinstance(data, memoryview) else data)


class SendsTextAsBinary(Base):
    def send(self, data: Any) -> None:
        super().send(data.encode() if isinstance(data, str) and len(data) > 65535 else data)


class DropsEmptyMessages(Base):
    def send(self, data: Any) -> None:
        if self.readyState != self.OPEN or not isinstance(data, (str, bytes)) or len(data):
            super().send(data)


class RaisesWhenSendingAfterClose(Base):
    def send(self, data: Any) -> None:
        if self.readyState > self.OPEN:
            raise trio.ClosedResourceError
        super().send(data)


class ForgetsWhatIsBufferedWhenClosed(Base):
    @property
    def bufferedAmount(self) -> int:
        return 0 if self.readyState == self.CLOSED else super().bufferedAmount


class CountsCharactersNotBytes(Base):
    _less = 0

    def send(self, data: Any) -> None:
        super().send(data)
        if isinstance(data, str):
            self._less += len(data.encode(errors="replace")) - len(data)

    @property
    def bufferedAmount(self) -> int:
        return max(0, super().bufferedAmount - self._less)


class ClosesWith1000ByDefault(Base):
    def close(self, code: Any = 1000, reason: str = "") -> None:
        super().close(code, reason)


class CutsLongReasons(Base):
    def close(self, code: Any = None, reason: str = "") -> None:
        super().close(code, reason[:41])


class RefusesTheLastCode(Base):
    def close(self, code: Any = None, reason: str = "") -> None:
        super().close(1001 if code == 4999 else code, reason)


class ChecksNothingOnceClosed(Base):
    def close(self, code: Any = None, reason: str = "") -> None:
        if self.readyState < self.CLOSING:
            super().close(code, reason)


class IsOpenWhileClosing(Base):
    @property
    def readyState(self) -> int:
        state = super().readyState
        return self.OPEN if state == self.CLOSING else state


class KeepsTheFragmentQuiet(Base):
    def __init__(self, url: str, *more: Any, **options: Any) -> None:
        super().__init__(url.partition("#")[0] or url, *more, **options)


class TakesAProtocolTwice(Base):
    def __init__(self, url: str, protocols: Any = (), **options: Any) -> None:
        given = protocols if isinstance(protocols, str) else list(dict.fromkeys(protocols))
        super().__init__(url, given, **options)


class SplitsAString(Base):
    def __init__(self, url: str, protocols: Any = (), **options: Any) -> None:
        given = (
            [p.strip() for p in protocols.split(",")] if isinstance(protocols, str) else protocols
        )
        super().__init__(url, given, **options)


class ForgetsOnce(Base):
    def addEventListener(self, *arguments: Any, **options: Any) -> None:
        options.pop("once", None)
        super().addEventListener(*arguments, **options)


class ForgetsTheSignal(Base):
    def addEventListener(self, *arguments: Any, **options: Any) -> None:
        options.pop("signal", None)
        super().addEventListener(*arguments, **options)


class TakesAnyBinaryType(Base):
    _junk: Any = None

    @property
    def binaryType(self) -> Any:
        return self._junk or super().binaryType

    @binaryType.setter
    def binaryType(self, value: Any) -> None:
        self._junk = value


class TellsTheProtocolEarly(Base):
    def __init__(self, url: str, protocols: Any = (), **options: Any) -> None:
        super().__init__(url, protocols, **options)
        self._asked = protocols

    @property
    def protocol(self) -> str:
        asked = self._asked
        first = asked if isinstance(asked, str) else next(iter(asked), "")
        return first if self.readyState == self.CONNECTING else super().protocol


class ForgetsToOfferCompression(Base):
    def __init__(self, url: str, protocols: Any = (), **options: Any) -> None:
        super().__init__(url, protocols, **{**options, "compression": False})


class ConnectsAllAtOnce(Base):
    def __init__(self, url: str, protocols: Any = (), **options: Any) -> None:
        super().__init__(url, protocols, **{**options, "serialize_connects": False})


class StreamForgetsItsSignal(StreamBase):
    def __init__(self, url: str, *, signal: Any = None, **options: Any) -> None:
        super().__init__(url, **options)


class StreamForgetsItsProtocols(StreamBase):
    def __init__(self, url: str, *, protocols: Any = (), **options: Any) -> None:
        super().__init__(url, **options)


class StreamClosesWith1000ByDefault(StreamBase):
    def close(self, *, closeCode: Any = 1000, reason: str = "") -> None:
        super().close(closeCode=closeCode, reason=reason)


class StreamDropsAReasonWithoutACode(StreamBase):
    def close(self, *, closeCode: Any = None, reason: str = "") -> None:
        super().close(closeCode=closeCode, reason="" if closeCode is None else reason)


class StreamIsClosedOnceAskedTo(StreamBase):
    def close(self, **info: Any) -> None:
        super().close(**info)
        self._readable._inbox.close(trio.ClosedResourceError)


class StreamTellsItsEndAtItsStart(StreamBase):
    @property
    def opened(self) -> Any:
        return self.closed


FAULTS = cast(
    "list[type[WebSocket | WebSocketStream]]",
    [c for base in (Base, StreamBase) for c in base.__subclasses__() if c.__module__ == __name__],
)


def judge_the_judge() -> str:
    """Return for each fault the scenarios that find it, beyond those that differ without it."""
    before = trio.run(find_differences)
    missed = 0
    for fault in FAULTS:
        found = [name for name in trio.run(find_differences, fault) if name not in before]
        shown = f"found by {len(found)}: {', '.join(found[:3])}" if found else "NOT FOUND"
        print(f"{fault.__name__}: {shown}", flush=True)
        missed += not found
    return f"{len(FAULTS)} faults, {missed} not found"
