"""DOMException and its subclasses, and how listeners' exceptions are combined."""

import copy
import traceback
from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
import trio
from support.checked import members
from support.copying import pickled

import trio_ws_dom
from trio_ws_dom import _dom
from trio_ws_dom._dom import DOMException, HandshakeError, WebSocketError
from trio_ws_dom._dom._errors import listener_errors


def refused() -> HandshakeError:
    headers = Message()
    headers["Server"] = "test"
    return HandshakeError._refused("expected 101, not 403", 403, headers, b"go away")


def test_an_exception_has_message_name_and_code() -> None:
    error = DOMException("too late", "InvalidStateError")
    assert (error.message, error.name, error.code) == ("too late", "InvalidStateError", 11)
    assert error.code == DOMException.INVALID_STATE_ERR == error.INVALID_STATE_ERR


def test_an_exception_without_arguments_is_an_empty_error() -> None:
    error = DOMException()
    assert (error.message, error.name, error.code) == ("", "Error", 0)


def test_a_name_that_is_not_in_the_table_has_no_code() -> None:
    assert DOMException("", "NotReadableError").code == 0


@pytest.mark.parametrize(
    ("name", "code"), [("IndexSizeError", 1), ("SyntaxError", 12), ("DataCloneError", 25)]
)
def test_names_of_the_table_have_their_legacy_codes(name: str, code: int) -> None:
    assert DOMException("", name).code == code


def test_str_is_name_and_message_as_in_a_browser() -> None:
    error = DOMException("too late", "AbortError")
    assert str(error) == "AbortError: too late"
    assert repr(error) == "DOMException('too late', 'AbortError')"
    assert (str(DOMException()), str(DOMException("x"))) == ("Error", "Error: x")


@pytest.mark.parametrize(
    ("error", "last_line"),
    [
        (DOMException("too late", "AbortError"), "trio_ws_dom.DOMException: AbortError: too late"),
        (WebSocketError("lost"), "trio_ws_dom.WebSocketError: lost"),
    ],
)
def test_a_traceback_shows_the_public_path_and_the_name(error: Exception, last_line: str) -> None:
    assert traceback.format_exception_only(error) == [last_line + "\n"]


@pytest.mark.parametrize("name", [n for n in dir(_dom) if isinstance(getattr(_dom, n), type)])
def test_public_classes_of_the_dom_are_the_packages(name: str) -> None:
    assert getattr(trio_ws_dom, name) is getattr(_dom, name)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: DOMException(3), "message"),  # type: ignore[arg-type]  # on purpose
        (lambda: DOMException("m", None), "name"),  # type: ignore[arg-type]  # on purpose
        (lambda: WebSocketError(None), "message"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_arguments_that_are_no_str_are_type_errors(make: Any, argument: str) -> None:
    with pytest.raises(TypeError, match=f"expected {argument} as a str, got"):
        make()


@pytest.mark.parametrize("attribute", ["name", "message", "code"])
def test_the_attributes_are_read_only(attribute: str) -> None:
    with pytest.raises(AttributeError):
        setattr(DOMException(), attribute, "x")


@pytest.mark.parametrize("duplicate", [copy.copy, pickled])
@pytest.mark.parametrize(
    "error",
    [
        DOMException("m", "DataError"),
        WebSocketError("m", closeCode=3001, reason="r"),
        refused(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_can_be_copied_and_pickled(
    error: DOMException | WebSocketError, duplicate: Callable[[Exception], Exception]
) -> None:
    clone = duplicate(error)
    assert type(clone) is type(error)
    assert clone.args == error.args
    assert {k: str(v) for k, v in vars(clone).items()} == {
        k: str(v) for k, v in vars(error).items()
    }


def test_a_web_socket_error_is_a_broken_resource() -> None:
    error = WebSocketError("lost")
    assert isinstance(error, trio.BrokenResourceError)
    assert (error.name, error.message, str(error)) == ("WebSocketError", "lost", "lost")
    assert (error.closeCode, error.reason, error.code) == (None, "", 0)


@pytest.mark.parametrize("code", [1000, 3000, 4999])
def test_programs_may_give_1000_and_application_codes(code: int) -> None:
    assert WebSocketError(closeCode=code).closeCode == code


@pytest.mark.parametrize("code", [0, 999, 1001, 1006, 2999, 5000, 65536, -1])
def test_programs_may_not_give_other_codes(code: int) -> None:
    with pytest.raises(DOMException) as caught:
        WebSocketError(closeCode=code)
    assert caught.value.name == "InvalidAccessError"


def test_a_reason_implies_a_code() -> None:
    assert WebSocketError(reason="bye").closeCode == 1000
    assert WebSocketError(reason="bye", closeCode=3001).closeCode == 3001


def test_none_as_a_reason_is_no_reason() -> None:
    error = WebSocketError(closeCode=None, reason=None)
    assert (error.closeCode, error.reason) == (None, "")


def test_a_close_code_is_rounded_and_must_be_a_number() -> None:
    assert WebSocketError(closeCode=3000.4).closeCode == 3000
    with pytest.raises(TypeError, match="expected code as a number, got '1000'"):
        WebSocketError(closeCode="1000")  # type: ignore[arg-type]  # a caller may


def test_a_reason_that_is_no_str_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="expected reason as a str, got 5"):
        WebSocketError(reason=5)  # type: ignore[arg-type]  # a caller may


def test_a_reason_is_converted_before_it_is_measured() -> None:
    assert WebSocketError(reason="\ud83d" * 41).reason == "\ufffd" * 41
    with pytest.raises(DOMException) as caught:
        WebSocketError(reason="\ud83d" * 41 + "x")
    assert caught.value.name == "SyntaxError"


def test_the_library_may_give_any_code() -> None:

    class Mine(WebSocketError):
        def __init__(self, one: int, two: int) -> None:
            raise AssertionError

    error = Mine._create("lost", 1006, "r" * 200)
    assert type(error) is Mine
    assert (str(error), error.closeCode, error.reason) == ("lost", 1006, "r" * 200)
    assert (error.name, error.message, error.args) == ("WebSocketError", "lost", ("lost",))


def test_a_handshake_error_carries_the_answer() -> None:
    error = refused()
    assert (error.status, error.headers["server"], error.body) == (403, "test", b"go away")
    assert (error.closeCode, error.reason, error.name) == (1006, "", "WebSocketError")
    assert str(error) == "expected 101, not 403"


def test_a_handshake_error_is_made_by_the_library_only() -> None:
    with pytest.raises(TypeError, match="no public constructor"):
        HandshakeError()


def test_listeners_exceptions_become_one_flat_group() -> None:
    errors = [ValueError("a"), ExceptionGroup("theirs", [KeyError("b")])]
    group = listener_errors(errors)
    assert type(group) is ExceptionGroup
    assert group.message == "exceptions raised by event listeners, or by the trace"
    assert list(group.exceptions) == errors


def test_the_exception_of_the_body_is_the_last_member() -> None:
    first, last = ValueError("listener"), OSError("body")
    assert members(listener_errors([first], last)) == (first, last)


def test_a_lone_keyboard_interrupt_stays_bare() -> None:
    interrupt = KeyboardInterrupt()
    assert listener_errors([interrupt]) is interrupt


@pytest.mark.parametrize(
    ("errors", "body"),
    [
        ([KeyboardInterrupt()], OSError()),
        ([KeyboardInterrupt(), OSError()], None),
        ([SystemExit()], None),
    ],
)
def test_other_interrupts_are_members_of_the_group(
    errors: list[BaseException], body: BaseException | None
) -> None:
    group = listener_errors(errors, body)
    assert type(group) is BaseExceptionGroup
    assert group.exceptions == (*errors, *([body] if body else []))
