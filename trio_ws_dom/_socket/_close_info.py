"""How a connection was closed, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketCloseInfo:
    """A Close.

    What ``await stream.closed`` returns, and what ``ws.close_sent`` is.

    Attributes:
      closeCode: the code; 1005 if the frame has none.
      reason: the reason, or "".

    https://websockets.spec.whatwg.org/#dictdef-websocketcloseinfo
    """

    closeCode: int
    reason: str
