"""A bot that listens, and asks back.

It shows ``async for`` over what is said, with a generator for each dialogue.
"""

import itertools
import re
from collections.abc import Generator

import trio

from trio_ws_dom import open_websocket

LINE = re.compile(r"([\w-]+): (.*)")
TO_ELIZA = re.compile(r"(?i)eliza\b\W*(.*)")
TO_ANOTHER = re.compile(r"[a-z][\w-]*, .*")
GOODBYE = re.compile(r"(?i).*\b(bye|goodbye|thanks|thank you)\b.*")

RULES = [
    (r"(?:hello|hi)\b.*", "Hello. What is on your mind?"),
    (r"i (?:need|want) (.*)", "What would you do if you had {}?"),
    (r"i(?: am|'m) (.*)", "Since when are you {}?"),
    (r"i feel (.*)", "And when you feel {}, what helps?"),
    (r"i can(?:no|')t (.*)", "What would it take to {}?"),
    (r".*\bbecause (.*)", "Suppose it was not because {}. What else could it be?"),
    (r".*\bmy (\w+).*", "Tell me more about your {}."),
    (r".*\byou\b.*", "We were talking about you, not about me."),
    (r".*\?", "What would you answer, if I asked you that?"),
    (r"(?:yes|no)\b.*", "You seem quite sure."),
]
WHEN_NOTHING_MATCHES = ["Go on.", "I see. And then?", "What does that suggest to you?"]
YOURS = {"i": "you", "me": "you", "my": "your", "mine": "yours", "am": "are", "myself": "yourself"}

Dialogue = Generator[str, str, str]


async def eliza(url: str, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    dialogues: dict[str, Dialogue] = {}
    async with open_websocket(url) as ws:
        task_status.started()
        async for line in ws:
            said = LINE.fullmatch(str(line))
            if said is None:
                continue  # news of the room
            name, text = said.groups()
            called = TO_ELIZA.fullmatch(text)
            if called and name not in dialogues:
                dialogues[name] = dialogue()
                next(dialogues[name])  # run to where it waits for the first words
            if name in dialogues and (called or not TO_ANOTHER.fullmatch(text)):
                try:
                    ws.send(f"{name}, {dialogues[name].send(called[1] if called else text)}")
                except StopIteration as end:
                    ws.send(f"{name}, {end.value}")
                    del dialogues[name]


def dialogue() -> Dialogue:
    """Receive what one person says and yield the answers. The last answer is returned."""
    prompts = itertools.cycle(WHEN_NOTHING_MATCHES)
    answer = ""
    while not GOODBYE.fullmatch(heard := (yield answer)):
        answer = reply(heard) or next(prompts)
    return "it was good to talk. Goodbye."


def reply(heard: str) -> str | None:
    """Answer by the first rule that matches."""
    for pattern, answer in RULES:
        matched = re.fullmatch(pattern, heard.rstrip(" .!"), re.IGNORECASE)
        if matched:
            return answer.format(*map(mirrored, matched.groups()))
    return None


def mirrored(words: str) -> str:
    """Return the words from the other side, as in "tired of my job", "tired of your job"."""
    return " ".join(YOURS.get(word.lower(), word) for word in words.rstrip("?").split())
