"""Cookie jars in files of Netscape's format."""

from __future__ import annotations

import os
from email.message import Message
from http.cookiejar import CookieJar, MozillaCookieJar
from pathlib import Path
from urllib.request import Request

import pytest

from trio_ws_dom._cli._bad_argument import BadArgument
from trio_ws_dom._cli._cookie_file import load_cookies, save_cookies

FIRST_LINE = "# Netscape HTTP Cookie File\n"


class Answer:
    """A response that sets cookies."""

    def __init__(self, *cookies: str) -> None:
        self._message = Message()
        for cookie in cookies:
            self._message["Set-Cookie"] = cookie

    def info(self) -> object:
        return self._message


def jar_with(*cookies: str, url: str = "https://www.peer.test/") -> CookieJar:
    jar = CookieJar()
    jar.extract_cookies(Answer(*cookies), Request(url))  # type: ignore[arg-type]  # all it uses
    return jar


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jar"


def facts(jar: CookieJar) -> dict[str, tuple[object, ...]]:
    """Return what matters of each cookie, by its name."""
    return {
        cookie.name: (
            cookie.value,
            cookie.domain,
            cookie.path,
            cookie.secure,
            cookie.expires,
            cookie.discard,
        )
        for cookie in jar
    }


def values(jar: CookieJar) -> dict[str, str | None]:
    return {cookie.name: cookie.value for cookie in jar}


def test_what_is_saved_is_loaded(path: Path) -> None:
    jar = jar_with(
        "a=1; Domain=peer.test; Path=/room; Secure; Max-Age=3600", "b=x=y z", "c=", 'd="q"'
    )
    assert save_cookies(jar, str(path)) == 0
    loaded = load_cookies(str(path))
    assert len(facts(loaded)) == 4
    assert facts(loaded) == facts(jar)
    request = Request("https://www.peer.test/room")
    loaded.add_cookie_header(request)
    assert set((request.get_header("Cookie") or "").split("; ")) == {
        "a=1",
        "b=x=y z",
        "c=",
        'd="q"',
    }


def test_a_file_of_curl_is_read_and_written_alike(path: Path) -> None:
    text = FIRST_LINE + (
        "#HttpOnly_.peer.test\tTRUE\t/\tTRUE\t4102444800\ta\t1\n"
        "www.peer.test\tFALSE\t/\tFALSE\t0\tb\t2\n"
    )
    path.write_text(text.replace("File\n", "File\n# https://curl.se\n\n"))
    save_cookies(load_cookies(str(path)), str(path))
    assert sorted(path.read_text().splitlines()) == sorted(text.splitlines())


def test_a_file_of_python_is_read(path: Path) -> None:
    theirs = MozillaCookieJar(str(path))
    for cookie in jar_with("a=1", "b=2; Max-Age=60"):
        theirs.set_cookie(cookie)
    theirs.save(ignore_discard=True)
    assert values(load_cookies(str(path))) == {"a": "1", "b": "2"}


def test_a_domain_for_subdomains_has_a_dot(path: Path) -> None:
    path.write_text(FIRST_LINE + "peer.test\tTRUE\t/\tFALSE\t0\ta\t1\n")
    (cookie,) = load_cookies(str(path))
    assert (cookie.domain, cookie.domain_initial_dot) == (".peer.test", True)


def test_a_cookie_without_a_name(path: Path) -> None:
    jar = jar_with("alone")
    save_cookies(jar, str(path))
    assert path.read_text().endswith("\t0\t\talone\n")
    assert values(load_cookies(str(path))) == {"alone": None}


@pytest.mark.parametrize("value", ["a\tb", "a\rb", "a\nb", "\u20ac"])
def test_a_cookie_that_the_format_cannot_hold_is_left_out(path: Path, value: str) -> None:
    jar = jar_with("good=1", "bad=2")
    next(cookie for cookie in jar if cookie.name == "bad").value = value
    assert save_cookies(jar, str(path)) == 1
    assert values(load_cookies(str(path))) == {"good": "1"}


def test_bytes_that_are_not_ascii_stay_as_they_are(path: Path) -> None:
    data = b"# HTTP Cookie File\r\npeer.test\tFALSE\t/\tFALSE\t0\ta\tw\xc3\xb6\xff\r\n"
    path.write_bytes(data)
    save_cookies(load_cookies(str(path)), str(path))
    assert b"\ta\tw\xc3\xb6\xff\n" in path.read_bytes()


def test_expired_cookies_are_not_saved(path: Path) -> None:
    path.write_text(FIRST_LINE + "peer.test\tFALSE\t/\tFALSE\t1\ta\t1\n")
    save_cookies(load_cookies(str(path)), str(path))
    assert path.read_text() == FIRST_LINE


@pytest.mark.parametrize("content", [None, "", FIRST_LINE])
def test_no_file_or_an_empty_one_has_no_cookies(path: Path, content: str | None) -> None:
    if content is not None:
        path.write_text(content)
    assert len(load_cookies(str(path))) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hunter2\n", ": expected an empty file, or one of Netscape's format"),
        (FIRST_LINE + "\nhunter2\n", ", line 3: expected 7 fields with tabs between them"),
        (FIRST_LINE + "a\tTRUE\t/\tTRUE\t0\tb\thunter2\tc\n", ", line 2: expected 7 fields"),
        (FIRST_LINE + "a\tTRUE\t/\tTRUE\thunter2\tb\tc\n", ", line 2: expected 7 fields"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_not_shown(
    path: Path, content: str, said: str
) -> None:
    path.write_text(content)
    with pytest.raises(BadArgument) as caught:
        load_cookies(str(path))
    assert str(caught.value).startswith(f"--cookie-jar {path}{said}")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_is_not_a_regular_file_is_refused() -> None:
    for name in (os.devnull, os.curdir):
        with pytest.raises(BadArgument, match="expected a regular file"):
            load_cookies(name)


def test_a_file_that_cannot_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_bytes(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path.touch()
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(BadArgument, match="jar: Permission denied"):
        load_cookies(str(path))


def test_only_the_owner_can_read_what_is_saved(path: Path) -> None:
    path.touch(0o644)
    save_cookies(jar_with("a=1"), str(path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_symbolic_link_stays_one(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to("jar")
    save_cookies(jar_with("a=1"), str(link))
    assert link.is_symlink()
    assert "\ta\t1\n" in path.read_text()


def test_a_save_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    path.write_text("old")
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="No space left"):
        save_cookies(jar_with("a=1"), str(path))
    assert [(file.name, file.read_text()) for file in path.parent.iterdir()] == [("jar", "old")]
