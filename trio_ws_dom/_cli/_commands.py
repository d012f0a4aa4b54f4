"""Commands, which are lines that begin with / and are typed at a terminal."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from .. import DOMException
from ._arguments import Outgoing

if TYPE_CHECKING:
    from ._conversation import Conversation

_HELP: Final = {
    "/close": "/close [CODE [REASON]]  close; the code is 1000, or 3000 to 4999",
    "/help": "/help                   list these",
    "/ping": "/ping [DATA]            send a Ping, and measure the round trip",
    "/pong": "/pong [DATA]            send a Pong that no Ping asked for",
    "/send-file": "/send-file PATH         send a file as one binary message",
    "/text-file": "/text-file PATH         send a file as one text message",
    "//": "//text                  send /text",
}
MAX_DATA: Final = 125
"""Bytes of a Ping or Pong (RFC 6455 section 5.5)."""

_KEYS: Final = (
    "Ctrl-D                  close with 1000",
    "Ctrl-C                  close with 1001; twice: reset the connection",
)


async def run_command(line: str, conversation: Conversation) -> None:
    """Run a line that begins with one slash, or show what is wrong with it."""
    name, _, rest = line.partition(" ")
    rest = rest.strip()
    display = conversation.display
    match name:
        case "/help":
            for text in (*_HELP.values(), *_KEYS):
                display.note(text)
        case "/ping" | "/pong" if len(rest.encode()) > MAX_DATA:
            display.error(f"{name}: expected at most {MAX_DATA} bytes, got {len(rest.encode())}")
        case "/ping":
            conversation.ping(rest.encode())
        case "/pong":
            conversation.ws.pong(rest.encode())
        case "/close":
            _close(rest, conversation)
        case "/send-file" | "/text-file" if not rest:
            display.error(f"{name}: expected a path")
        case "/send-file":
            await conversation.send(Outgoing("binary file", rest))
        case "/text-file":
            await conversation.send(Outgoing("text file", rest))
        case _:
            alike = difflib.get_close_matches(name, _HELP, 1)
            hint = f"did you mean {alike[0]}? " if alike else ""
            display.error(f"{name}: no such command; {hint}/help lists them")


def _close(rest: str, conversation: Conversation) -> None:
    code, _, reason = rest.partition(" ")
    try:
        conversation.ws.close(int(code) if code else None, reason.strip())
        conversation.close_code = int(code) if code else None
    except ValueError:
        conversation.display.error(f"/close: expected a number as code, got {code}")
    except DOMException as exc:
        conversation.display.error(f"/close: {exc.message}")
