"""The grammar of Sec-WebSocket-Extensions, RFC 6455 section 9.1."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.headers import build_extension, parse_extension

from trio_ws_dom._wire._http._extensions import ExtensionSyntaxError, parse_extensions

TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcXYZ"


EXTENSIONS: list[tuple[str, list[tuple[str, list[tuple[str, str | None]]]]]] = [
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
]


@pytest.mark.parametrize(("line", "expected"), EXTENSIONS)
def test_names_parameters_and_quotes_are_read_by_the_grammar(line: str, expected: object) -> None:
    assert parse_extensions([line]) == expected


def test_several_lines_are_one_list() -> None:
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
def test_an_error_says_what_was_expected_and_where(line: str, message: str) -> None:
    with pytest.raises(ExtensionSyntaxError) as caught:
        parse_extensions([line])
    assert message in str(caught.value)
    assert str(caught.value).endswith(f" of {line!r}")


def test_an_error_shows_the_start_of_a_long_header() -> None:
    with pytest.raises(ExtensionSyntaxError) as caught:
        parse_extensions(["x" * 100 + " y"])
    assert str(caught.value).endswith("at position 101 of '" + "x" * 100 + "'...")


def test_no_line_is_an_error() -> None:
    with pytest.raises(ExtensionSyntaxError):
        parse_extensions([])


TOKENS = st.text(TOKEN_CHARACTERS, min_size=1)
PARAMETERS = st.lists(st.tuples(TOKENS, st.none() | TOKENS))


@given(st.lists(st.tuples(TOKENS, PARAMETERS), min_size=1))
def test_headers_of_the_websockets_library_are_read_as_they_were(extensions: Any) -> None:
    assert parse_extensions([build_extension(extensions)]) == extensions


@given(st.text('ab=;," \t\\'))
def test_the_websockets_library_reads_what_we_read_in_the_same_way(line: str) -> None:
    try:
        extensions = parse_extensions([line])
    except ExtensionSyntaxError:
        return
    assert "\\" in line or parse_extension(line.strip(" \t")) == extensions
