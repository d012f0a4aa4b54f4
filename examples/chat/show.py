"""Print the events of sockets."""

from urllib.parse import urlsplit

from trio_ws_dom import CloseEvent, ErrorEvent, MessageEvent, WebSocket


def show(ws: WebSocket) -> None:
    """Print what happens from now on, and treat an unclean close as an error of the program."""
    url = urlsplit(ws.url)

    def row(event: str, text: str = "") -> None:
        print(f"{url.query:>8} {url.path:8} {event:8} {text}".rstrip())

    def on_close(event: CloseEvent) -> None:
        row("close", f"code={event.code} reason={event.reason!r} wasClean={event.wasClean}")
        if not event.wasClean:
            assert ws.failure is not None  # not None after an unclean close
            raise ws.failure  # raised from the scope that the socket lives in

    def on_error(event: ErrorEvent) -> None:
        row("error", event.message)

    def on_message(event: MessageEvent) -> None:
        row("message", str(event.data))

    if ws.readyState == ws.OPEN:  # open_websocket's block begins right after the event
        row("open")
    ws.addEventListener("open", lambda event: row("open"))
    ws.addEventListener("message", on_message)
    ws.addEventListener("error", on_error)
    ws.addEventListener("close", on_close)


def show_end(room: str, name: str, event: CloseEvent) -> None:
    """Print, at the server's end, how a member's connection ended."""
    code = event.code
    what = "lost without a Close" if code == 1006 else f"Close {code} received and answered"
    print(f"  server {room:8} {name}: {what}")
