"""A bot that says its next line when it hears its cue, and then leaves.

It shows ``async for`` over messages.
"""

from trio_ws_dom import open_websocket

from .show import show

Script = dict[str | bytes, str]
LEAVE = ""

ADA: Script = {
    "greeter: Hello, ada!": "abacus, what is 6 * 7?",
    "abacus: ada, 6 * 7 is 42": "Good night, greeter!",
    "* greeter left (4000)": LEAVE,
}
BOB: Script = {
    "* bob joined": "abacus, what is 1024 - 1?",
    "abacus: bob, 1024 - 1 is 1023": LEAVE,
}
CARL: Script = {
    "* carl joined": "baker, bake a loaf of rye, please",
    "baker: carl, loaf of rye: done": LEAVE,
}
DORA: Script = {
    "* dora joined": "eliza, I need a holiday from my computer",
    "eliza: dora, What would you do if you had a holiday from your computer?": "I don't know.",
    "eliza: dora, Go on.": "Thank you, eliza!",
    "eliza: dora, it was good to talk. Goodbye.": LEAVE,
}


async def visitor(url: str, script: Script) -> None:
    async with open_websocket(url) as ws:
        show(ws)
        async for cue in ws:
            line = script.get(cue)
            if line == LEAVE:
                break
            if line is not None:
                ws.send(line)
        else:  # the server closed cleanly, which ends the loop
            raise RuntimeError(f"closed by the room: {ws.closeEvent}")
    # Here the closing handshake is done.
