"""A cookie jar in a file of Netscape's format, as curl and wget use it.

The standard library's ``MozillaCookieJar`` has three faults that matter here: it uses the locale's
encoding, it writes a cookie with a tab as a line that nobody can read, and it truncates the file
before it knows whether it can write it. Here the bytes of the file are those of the HTTP headers,
and a new file replaces the old one when it is complete.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import Final

from ._bad_argument import BadArgument
from ._text import file_error

_FIRST_LINE: Final = "# Netscape HTTP Cookie File"
_HTTP_ONLY: Final = "#HttpOnly_"
"""Before the domain of a cookie that scripts in a page may not read."""

_ENCODING: Final = "latin-1"
"""As in headers: each byte is one character."""


def load_cookies(path: str) -> CookieJar:
    """Return the cookies of a file, or none if there is no file yet or it is empty.

    Raises:
      BadArgument: the file cannot be read, or is of another kind; its content is not shown.
    """
    jar = CookieJar()
    if not os.path.exists(path):
        return jar
    if not os.path.isfile(path):  # saving would replace it: /dev/null
        raise BadArgument(f"--cookie-jar {path}: expected a regular file, got something else")
    try:
        lines = Path(path).read_bytes().decode(_ENCODING).split("\n")
    except OSError as exc:
        raise BadArgument(f"--cookie-jar {file_error(path, exc)}") from exc
    if lines != [""] and not lines[0].rstrip("\r").endswith("HTTP Cookie File"):
        raise BadArgument(
            f"--cookie-jar {path}: expected an empty file, or one of Netscape's format, which"
            f" begins with {_FIRST_LINE!r}"
        )
    for number, line in enumerate(lines, 1):
        is_comment = line.startswith("#") and not line.startswith(_HTTP_ONLY)
        if line.strip() and not is_comment:
            try:
                jar.set_cookie(_parse(line.rstrip("\r")))
            except ValueError:
                raise BadArgument(
                    f"--cookie-jar {path}, line {number}: expected 7 fields with tabs between them,"
                    " the fifth a number"
                ) from None
    return jar


def save_cookies(jar: CookieJar, path: str) -> int:
    """Replace a file by one that has these cookies, and that only its owner can read.

    Returns:
      how many cookies are missing in it, as the format cannot hold them.

    Raises:
      OSError: it cannot be written. What was there before still is.
    """
    jar.clear_expired_cookies()
    records = [_fields(cookie) for cookie in jar]
    fit = [fields for fields in records if all(map(_fits, fields))]
    lines = [f"{_FIRST_LINE}\n", *("\t".join(fields) + "\n" for fields in fit)]
    target = os.path.realpath(path)  # a symbolic link stays one
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".cookies-")
    try:
        with open(descriptor, "w", encoding=_ENCODING, newline="\n") as file:
            file.writelines(lines)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return len(records) - len(fit)


def _parse(line: str) -> Cookie:
    """Parse a line.

    Raises:
      ValueError: it has another form.
    """
    domain, subdomains, path, secure, expires, name, value = line.split("\t")
    http_only = domain.startswith(_HTTP_ONLY)
    domain = domain.removeprefix(_HTTP_ONLY)
    has_dot = domain.startswith(".")
    if subdomains == "TRUE" and not has_dot:
        domain, has_dot = f".{domain}", True
    is_session = expires in ("", "0")  # Python writes the one, curl the other
    return Cookie(
        version=0,
        name=name or value,  # a cookie without a name, to http.cookiejar, is one without a value
        value=value if name else None,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=has_dot,
        domain_initial_dot=has_dot,
        path=path,
        path_specified=False,
        secure=secure == "TRUE",
        expires=None if is_session else int(expires),
        discard=is_session,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if http_only else {},
    )


def _fields(cookie: Cookie) -> tuple[str, ...]:
    http_only = any(map(cookie.has_nonstandard_attr, ("HttpOnly", "httponly", "HTTPOnly")))
    return (
        (_HTTP_ONLY if http_only else "") + cookie.domain,
        "TRUE" if cookie.domain.startswith(".") else "FALSE",
        cookie.path,
        "TRUE" if cookie.secure else "FALSE",
        str(cookie.expires or 0),
        "" if cookie.value is None else cookie.name,
        cookie.name if cookie.value is None else cookie.value,
    )


def _fits(field: str) -> bool:
    """Return whether a field can be written so that it is read as it was."""
    return not any(character in "\t\r\n" or character > "\xff" for character in field)
