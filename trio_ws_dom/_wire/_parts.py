"""Parts of messages that are too long to be waited for."""

from __future__ import annotations

from typing import Final, TypeAlias, final


@final
class TextPart(str):
    """The start, or a middle part, of a text message that goes on in the next item."""

    __slots__ = ()


@final
class BinaryPart(bytes):
    """The same of a binary message. What is not a part ends a message, or is a whole one."""

    __slots__ = ()


Part: TypeAlias = TextPart | BinaryPart
PARTS: Final = (TextPart, BinaryPart)


def as_part(message: str | bytes) -> Part:
    """Mark some of a message as a part that others follow."""
    return TextPart(message) if isinstance(message, str) else BinaryPart(message)
