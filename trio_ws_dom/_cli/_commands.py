"""What a line that begins with / does, at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import DOMException

if TYPE_CHECKING:
    from ._session import Session

_HELP: Final = (
    "/close [CODE [REASON]]  close; the code is 1000, or from 3000 to 4999",
    "/file PATH              send a file as one binary message",
    "/ping                   measure the round trip",
    "//text                  send /text",
    "Ctrl-D                  close with 1000",
    "Ctrl-C                  close with 1001; a second one resets the connection",
)


async def run_command(line: str, session: Session) -> None:
    """Do what a line says, which begins with one /; what is wrong with it is shown."""
    name, _, rest = line[1:].partition(" ")
    rest = rest.strip()
    match name:
        case "help":
            for text in _HELP:
                session.display.told(text)
        case "ping":
            session.ping()
        case "close":
            _close(rest, session)
        case "file" if rest:
            await session.send_file(rest)
        case "file":
            session.display.error("/file: expected a path")
        case _:
            session.display.error(f"/{name}: no such command; /help lists them")


def _close(rest: str, session: Session) -> None:
    code, _, reason = rest.partition(" ")
    try:
        session.ws.close(int(code) if code else None, reason.strip())
        session.close_code = int(code) if code else None
    except ValueError:
        session.display.error(f"/close: expected a number as code, got {code}")
    except DOMException as exc:
        session.display.error(f"/close: {exc.message}")
