"""DOMException and its kin, and how listeners' exceptions are put together."""

import copy
import pickle
from email.message import Message

import pytest
import trio

from trio_ws_dom._dom import DOMException, HandshakeError, WebSocketError
from trio_ws_dom._dom._errors import listener_errors


def refused() -> HandshakeError:
    headers = Message()
    headers["Server"] = "test"
    return HandshakeError._refused("expected 101, not 403", 403, headers, b"go away")


def test_an_exception_has_message_name_and_code() -> None:
    """The three attributes say what the constructor was given, and the legacy code."""
    error = DOMException("too late", "InvalidStateError")
    assert (error.message, error.name, error.code) == ("too late", "InvalidStateError", 11)
    assert error.code == DOMException.INVALID_STATE_ERR == error.INVALID_STATE_ERR


def test_an_exception_without_arguments_is_an_empty_error() -> None:
    """Message and name have the standard's defaults."""
    error = DOMException()
    assert (error.message, error.name, error.code) == ("", "Error", 0)


def test_a_name_that_is_not_in_the_table_has_no_code() -> None:
    """Newer names, and one's own, have code 0."""
    assert DOMException("", "NotReadableError").code == 0


@pytest.mark.parametrize(
    ("name", "code"), [("IndexSizeError", 1), ("SyntaxError", 12), ("DataCloneError", 25)]
)
def test_the_legacy_codes(name: str, code: int) -> None:
    """Names of the table have the numbers of old."""
    assert DOMException("", name).code == code


def test_str_is_the_message_and_repr_shows_the_name() -> None:
    """A traceback shows the message; the interpreter also shows the name."""
    error = DOMException("too late", "AbortError")
    assert str(error) == "too late"
    assert repr(error) == "DOMException('too late', 'AbortError')"


@pytest.mark.parametrize("attribute", ["name", "message", "code"])
def test_the_attributes_are_read_only(attribute: str) -> None:
    """IDL's readonly is an AttributeError."""
    with pytest.raises(AttributeError):
        setattr(DOMException(), attribute, "x")


@pytest.mark.parametrize("duplicate", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize(
    "error",
    [
        DOMException("m", "DataError"),
        WebSocketError("m", closeCode=3001, reason="r"),
        refused(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_can_be_copied_and_pickled(error, duplicate) -> None:  # type: ignore[no-untyped-def]  # one test for three classes
    """A copy has the class and the attributes of the original, all of them."""
    clone = duplicate(error)
    assert type(clone) is type(error)
    assert clone.args == error.args
    assert {k: str(v) for k, v in vars(clone).items()} == {
        k: str(v) for k, v in vars(error).items()
    }


def test_a_web_socket_error_is_a_broken_resource() -> None:
    """Code written for any trio channel understands it, and so does code written for the DOM."""
    error = WebSocketError("lost")
    assert isinstance(error, trio.BrokenResourceError)
    assert (error.name, error.message, str(error)) == ("WebSocketError", "lost", "lost")
    assert (error.closeCode, error.reason, error.code) == (None, "", 0)


@pytest.mark.parametrize("code", [1000, 3000, 4999])
def test_programs_may_give_these_codes(code: int) -> None:
    """1000 and what is for applications."""
    assert WebSocketError(closeCode=code).closeCode == code


@pytest.mark.parametrize("code", [0, 999, 1001, 1006, 2999, 5000, 65536, -1])
def test_programs_may_not_give_other_codes(code: int) -> None:
    """The rest is for protocols, or for nobody."""
    with pytest.raises(DOMException) as caught:
        WebSocketError(closeCode=code)
    assert caught.value.name == "InvalidAccessError"


def test_a_reason_implies_a_code() -> None:
    """A reason without a code gets 1000, for it could not be sent otherwise."""
    assert WebSocketError(reason="bye").closeCode == 1000
    assert WebSocketError(reason="bye", closeCode=3001).closeCode == 3001


def test_a_code_is_converted() -> None:
    """As ``close()`` does it: an unsigned short, clamped and rounded."""
    assert WebSocketError(closeCode=3000.4).closeCode == 3000  # type: ignore[arg-type]  # a caller may
    with pytest.raises(TypeError, match="expected a number, got '1000'"):
        WebSocketError(closeCode="1000")  # type: ignore[arg-type]  # a caller may


def test_a_reason_is_text() -> None:
    """JavaScript would make a string of anything; here it is a TypeError."""
    with pytest.raises(TypeError, match="expected a str, got 5"):
        WebSocketError(reason=5)  # type: ignore[arg-type]  # a caller may


def test_a_reason_is_converted_before_it_is_measured() -> None:
    """Lone surrogates become U+FFFD, of three bytes; 123 of these are the limit."""
    assert WebSocketError(reason="\ud83d" * 41).reason == "\ufffd" * 41
    with pytest.raises(DOMException) as caught:
        WebSocketError(reason="\ud83d" * 41 + "x")
    assert caught.value.name == "SyntaxError"


def test_the_library_may_give_any_code() -> None:
    """_create() skips the checks, also for a subclass with another constructor."""

    class Mine(WebSocketError):
        def __init__(self, one: int, two: int) -> None:
            raise AssertionError

    error = Mine._create("lost", 1006, "r" * 200)
    assert type(error) is Mine
    assert (str(error), error.closeCode, error.reason) == ("lost", 1006, "r" * 200)
    assert (error.name, error.message, error.args) == ("WebSocketError", "lost", ("lost",))


def test_a_handshake_error_carries_the_answer() -> None:
    """Status, headers and the start of the body; the close code is 1006."""
    error = refused()
    assert (error.status, error.headers["server"], error.body) == (403, "test", b"go away")
    assert (error.closeCode, error.reason, error.name) == (1006, "", "WebSocketError")
    assert str(error) == "expected 101, not 403"


def test_a_handshake_error_is_made_by_the_library_only() -> None:
    """There is no answer to put into one."""
    with pytest.raises(TypeError, match="no public constructor"):
        HandshakeError()


def test_listeners_exceptions_become_one_flat_group() -> None:
    """All are members, in order; as they are Exceptions, it is an ExceptionGroup."""
    errors = [ValueError("a"), ExceptionGroup("theirs", [KeyError("b")])]
    group = listener_errors(errors)
    assert type(group) is ExceptionGroup
    assert group.message == "exceptions raised by event listeners, or by the trace"
    assert list(group.exceptions) == errors


def test_the_bodys_exception_is_the_last_member() -> None:
    """What the block raised stands behind what listeners raised."""
    first, last = ValueError("listener"), OSError("body")
    group = listener_errors([first], last)
    assert isinstance(group, ExceptionGroup)
    assert group.exceptions == (first, last)


def test_a_lone_keyboard_interrupt_stays_bare() -> None:
    """Ctrl-C that landed in a listener is not the listener's error."""
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
def test_otherwise_interrupts_are_members(
    errors: list[BaseException], body: BaseException | None
) -> None:
    """Beside others, nothing may get lost."""
    group = listener_errors(errors, body)
    assert type(group) is BaseExceptionGroup
    assert group.exceptions == (*errors, *([body] if body else []))
