"""The grammar of Sec-WebSocket-Extensions, RFC 6455 section 9.1."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.headers import build_extension, parse_extension

from trio_ws_dom._wire._http._extensions import ExtensionSyntaxError, parse_extensions

TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcXYZ"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("foo", [("foo", [])]),
        ("foo; bar", [("foo", [("bar", None)])]),
        ("foo;bar=1;baz", [("foo", [("bar", "1"), ("baz", None)])]),
        ("foo, bar", [("foo", []), ("bar", [])]),
        ("foo; x=1, bar; y=2", [("foo", [("x", "1")]), ("bar", [("y", "2")])]),
        ("foo, foo", [("foo", []), ("foo", [])]),
        ("foo; x; x", [("foo", [("x", None), ("x", None)])]),
        (" \tfoo \t;\t x = 10 \t,  bar\t", [("foo", [("x", "10")]), ("bar", [])]),
        ('foo; x="10"', [("foo", [("x", "10")])]),
        ('foo; x="1\\0"', [("foo", [("x", "10")])]),
        ('foo; x="a" ; y', [("foo", [("x", "a"), ("y", None)])]),
        ("Foo; Bar=Baz", [("Foo", [("Bar", "Baz")])]),
        (TOKEN_CHARACTERS, [(TOKEN_CHARACTERS, [])]),
    ],
)
def test_what_the_grammar_allows(line: str, expected: object) -> None:
    """Names, parameters, quotes and the space between them are read as the grammar says."""
    assert parse_extensions([line]) == expected


def test_several_lines_are_one_list() -> None:
    """Header lines are read as if one line had joined them with commas."""
    assert parse_extensions(["a; x=1", "b"]) == [("a", [("x", "1")]), ("b", [])]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "expected an extension's name at position 0 of ''"),
        ("foo,", "expected an extension's name at position 4 of 'foo,'"),
        ("x" * 99 + ",", "position 100 of '" + "x" * 99 + ",'"),
        (",foo", "expected an extension's name at position 0"),
        ("foo, , bar", "expected an extension's name at position 5"),
        ("foo;", "expected a parameter's name at position 4"),
        ("foo; ;x", "expected a parameter's name at position 5"),
        ("foo; =1", "expected a parameter's name at position 5"),
        ("foo; x=", "expected a parameter's value at position 7"),
        ("foo; x=, bar", "expected a parameter's value at position 7"),
        ("foo bar", "expected ',', ';' or the end at position 4"),
        ("foo=1", "expected ',', ';' or the end at position 3"),
        ("foo; x=1=2", "expected ',', ';' or the end at position 8"),
        ('foo; x="1"2', "expected ',', ';' or the end at position 10"),
        ('foo; x="1', "expected a parameter's value at position 7"),
        ('foo; x="1\\"', "expected a parameter's value at position 7"),
        ('foo; x=""', "expected a token in the quotes at position 7"),
        ('foo; x="a b"', "expected a token in the quotes at position 7"),
        ('foo; x="a\\"b"', "expected a token in the quotes at position 7"),
        ('"foo"', "expected an extension's name at position 0"),
        ("f\xf6\xf6", "expected ',', ';' or the end at position 1"),
        ("foo\n", "expected ',', ';' or the end at position 3"),
    ],
)
def test_what_the_grammar_does_not_allow(line: str, message: str) -> None:
    """The error says what was expected, and where."""
    with pytest.raises(ExtensionSyntaxError) as caught:
        parse_extensions([line])
    assert message in str(caught.value)
    assert str(caught.value).endswith(f" of {line!r}")


def test_an_error_shows_the_start_of_a_long_header() -> None:
    """A header is the peer's, and may be long; a message is not."""
    with pytest.raises(ExtensionSyntaxError) as caught:
        parse_extensions(["x" * 100 + " y"])
    assert str(caught.value).endswith("at position 101 of '" + "x" * 100 + "'...")


def test_no_line_is_an_error() -> None:
    """A header that is absent is the caller's to see."""
    with pytest.raises(ExtensionSyntaxError):
        parse_extensions([])


TOKENS = st.text(TOKEN_CHARACTERS, min_size=1)
PARAMETERS = st.lists(st.tuples(TOKENS, st.none() | TOKENS))


@given(st.lists(st.tuples(TOKENS, PARAMETERS), min_size=1))
def test_what_another_library_writes_is_read(extensions: Any) -> None:
    """Headers that the websockets library builds come back as they were."""
    assert parse_extensions([build_extension(extensions)]) == extensions


@given(st.text('ab=;," \t\\'))
def test_what_is_taken_is_taken_by_another_library(line: str) -> None:
    """Nothing passes here that the websockets library refuses, or reads in another way."""
    try:
        extensions = parse_extensions([line])
    except ExtensionSyntaxError:
        return
    assert "\\" in line or parse_extension(line.strip(" \t")) == extensions
