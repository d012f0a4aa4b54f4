"""HAR 1.2 as a JSON schema, and what Chromium adds to it for WebSockets.

It follows http://www.softwareishard.com/blog/har-12-spec/, where any program may add keys that
begin with _.
"""

from __future__ import annotations

from typing import Any

import jsonschema

STRING = {"type": "string"}
INTEGER = {"type": "integer", "minimum": -1}
TIMING = {"type": "number", "minimum": -1}


def has(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a schema for an object with these keys, and others only if they begin with _."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {}), "comment": STRING},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


NAMED = list_of(has({"name": STRING, "value": STRING}))
REQUEST = has(
    {
        "method": STRING,
        "url": {"type": "string", "pattern": "^wss?://[^@]+$"},
        "httpVersion": STRING,
        "cookies": NAMED,
        "headers": NAMED,
        "queryString": NAMED,
        "headersSize": INTEGER,
        "bodySize": INTEGER,
    }
)
RESPONSE = has(
    {
        "status": {"type": "integer", "minimum": 0},
        "statusText": STRING,
        "httpVersion": STRING,
        "cookies": NAMED,
        "headers": NAMED,
        "content": has({"size": INTEGER, "mimeType": STRING}, {"text": STRING}),
        "redirectURL": STRING,
        "headersSize": INTEGER,
        "bodySize": INTEGER,
    }
)
TIMINGS = has(
    {"send": TIMING, "wait": TIMING, "receive": TIMING},
    {"blocked": TIMING, "dns": TIMING, "connect": TIMING, "ssl": TIMING},
)
MESSAGE = has(
    {
        "type": {"enum": ["send", "receive"]},
        "time": {"type": "number", "minimum": 0},
        "opcode": {"enum": [1, 2, 8, 9, 10]},
        "data": STRING,
    }
)
ENTRY = has(
    {
        "startedDateTime": {"type": "string", "format": "date-time"},
        "time": {"type": "number", "minimum": 0},
        "request": REQUEST,
        "response": RESPONSE,
        "cache": has({}),
        "timings": TIMINGS,
        "_resourceType": {"const": "websocket"},
        "_webSocketMessages": list_of(MESSAGE),
    },
    {"connection": STRING},
)
SCHEMA = has(
    {
        "log": has(
            {
                "version": {"const": "1.2"},
                "creator": has({"name": STRING, "version": STRING}),
                "pages": list_of(has({})),
                "entries": list_of(ENTRY),
            }
        )
    }
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def check_har(har: Any) -> None:
    """Raise for what is not a HAR."""
    VALIDATOR.validate(har)  # pyright: ignore[reportUnknownMemberType]  # its stubs lack a type
