"""The arguments of close()."""

from __future__ import annotations

from ..scenario import (
    ACCEPT,
    GOODBYE,
    Op,
    Scenario,
    close,
    get,
    new,
)

REFUSED_CODES = (
    0,
    1,
    500,
    999,
    1001,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    1015,
    1016,
    1100,
    2000,
    2999,
    5000,
    65535,
    65536,
    100000,
    -1,
    -1000,
)
TAKEN_CODES = (1000, 3000, 3001, 3999, 4000, 4001, 4999)
TAKEN_REASONS = {
    "empty": "",
    "short": "because",
    "bytes-123": "x" * 123,
    "bytes-123-wide": "€" * 41,
    "unicode": "gründlich \U0001f600",
    "surrogate": "a\ud800b",
    "surrogate-pair": "\ud83d\ude00",
    "nul": "a\0b",
}
REFUSED_REASONS = {
    "bytes-124": "x" * 124,
    "bytes-124-wide": "€" * 41 + "x",
    "surrogates-126": "\ud800" * 42,
    "long": "x" * 1000,
}

SCALARS = ("close: the reason goes out", "close: the reason is made Unicode scalar values")
ARGUMENTS = ("close: the code's range", "close: the reason's length")


def at_open(
    name: str, ops: list[Op], covers: tuple[str, ...], departs: tuple[str, ...] = ()
) -> Scenario:
    return Scenario(
        f"close-{name}",
        [new(open=ops)],
        [[*ACCEPT, *GOODBYE]],
        covers,
        after=[get()],
        departs=departs,
    )


REFUSALS = [close(c) for c in REFUSED_CODES]
LONG = [close(1000, r) for r in REFUSED_REASONS.values()]


SCENARIOS = [
    at_open(
        "none",
        [close(), get()],
        (
            "close: no code, no body",
            "closed: wasClean, code and reason",
            "close: starts the closing handshake",
        ),
    ),
    *(
        at_open(
            f"code-{c}",
            [close(c), get()],
            ("close: the code goes out", "closed: wasClean, code and reason"),
        )
        for c in TAKEN_CODES
    ),
    *(
        at_open(
            f"reason-{n}",
            [close(1000, r), get()],
            SCALARS if "surrogate" in n else ("close: the reason goes out",),
        )
        for n, r in TAKEN_REASONS.items()
    ),
    at_open("codes-refused", [*REFUSALS, get(), close()], ARGUMENTS),
    at_open("reasons-refused", [*LONG, get(), close()], ARGUMENTS),
    at_open("code-float", [close(3000.4)], ARGUMENTS),
    *(
        at_open(
            f"code-half-{n}", [close(c), close(4000)], ARGUMENTS, ("a fraction of a close code",)
        )
        for n, c in (("taken", 2999.5), ("refused", 4999.5))
    ),
    at_open("code-float-refused", [close(2999.4), close(5000.4), close()], ARGUMENTS),
    at_open(
        "reason-without-code",
        [close(None, "why"), get(), close()],
        ("close: no code, no body",),
        ("a reason without a code",),
    ),
    at_open(
        "reason-without-code-too-long",
        [close(None, "x" * 124), close()],
        ARGUMENTS,
        ("a reason without a code",),
    ),
    at_open("code-and-reason-bad", [close(1001, "x" * 124), close()], ARGUMENTS),
]
