"""The values that a generated program and a generated server send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..scenario import Op, binary, close, text

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


LENGTHS = (0, 1, 2, 124, 125, 126, 127, 4095, 65535, 65536)
PROGRAM_TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(), max_size=8),  # lone surrogates too
    st.sampled_from(["", "\ud83d\ude00", "\ude00\ud83d", "\ufeffbom", "a\0b", "\uffff", "€" * 41]),
)
REASONS = st.one_of(
    PROGRAM_TEXTS, st.sampled_from(["x" * 123, "x" * 124, "€" * 41 + "x", "\ud800" * 41])
)
CODES = st.one_of(
    st.sampled_from([1000, 3000, 3001, 3999, 4000, 4999]),
    st.integers(-2, 6000),
    st.sampled_from([0, 1001, 1005, 1006, 1015, 2999, 5000, 65535, 65536, 66536, -64536, 1 << 32]),
    st.integers(990, 5002).map(lambda whole: whole + 0.25),
)
SERVER_CODES = st.one_of(
    st.sampled_from([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]),
    st.integers(3000, 4999),
)
BYTES = st.one_of(
    st.binary(max_size=16),
    st.sampled_from(LENGTHS).map(lambda size: bytes(i & 255 for i in range(size))),
)
SERVER_TEXTS = st.one_of(
    st.text(max_size=16),
    st.sampled_from(["", "\ufeffa", "a\0b", "\ufffe\uffff", "\U0001f600" * 20]),
    st.sampled_from(LENGTHS).map(lambda size: "x" * size),
)
VIEWS = {"Uint8Array": 1, "DataView": 1, "Int16Array": 2, "Float64Array": 8, "Uint8ClampedArray": 1}


@st.composite
def payloads(draw: DrawFn) -> dict[str, Any]:
    """Generate what can be sent."""
    kind = draw(st.sampled_from(["text", "text", "long", "ArrayBuffer", "Blob", "view"]))
    if kind == "text":
        return text(draw(PROGRAM_TEXTS), draw(st.sampled_from([1, 1, 1, 2, 40])))
    if kind == "long":
        return text(draw(st.sampled_from(["x", "ä", "\U0001f600"])), draw(st.sampled_from(LENGTHS)))
    data = draw(BYTES)
    if kind != "view":
        return binary(kind, data)
    view = draw(st.sampled_from(sorted(VIEWS)))
    size = VIEWS[view]
    whole = len(data) // size
    first = draw(st.integers(0, min(whole, 3)))
    last = draw(st.integers(first, min(whole, first + 20)))
    cut = {"from": first * size, "to": last * size} if draw(st.booleans()) else {}
    return binary(view, data[: whole * size], **cut)


def closes(code: float | None, reason: str | None) -> bool:
    """Return whether close() accepts these arguments."""
    if reason is not None:
        whole = reason.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if len(whole.encode()) > 123:
            return False
    if code is None:
        return True
    clamped = round(min(max(code, 0), 65535))  # [Clamp] rounds to the nearest, halves to the even
    return clamped == 1000 or 3000 <= clamped <= 4999


@st.composite
def close_calls(draw: DrawFn, *, taken: bool) -> Op:
    """Generate a close() that closes, or one that throws."""
    if taken and draw(st.booleans()):
        return close()
    code = draw(CODES.filter(lambda c: closes(c, None) == taken or not taken))
    reason = draw(st.none() | REASONS)
    if closes(code, reason) != taken:
        code, reason = (4001, None) if taken else (1001, reason)
    return close(code, reason)
