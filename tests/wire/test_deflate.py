"""permessage-deflate's parameters (RFC 7692 section 7.1)."""

from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from trio_ws_dom._wire._deflate import OFFER, DeflateParameters
from trio_ws_dom._wire._http._extensions import parse_extensions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", DeflateParameters(False, False, 15, 15)),
        ("; server_no_context_takeover", DeflateParameters(True, False, 15, 15)),
        ("; client_no_context_takeover", DeflateParameters(False, True, 15, 15)),
        ("; server_max_window_bits=8", DeflateParameters(False, False, 8, 15)),
        ("; client_max_window_bits=15", DeflateParameters(False, False, 15, 15)),
        (
            '; client_max_window_bits="9"; server_max_window_bits=10; server_no_context_takeover'
            "; client_no_context_takeover",
            DeflateParameters(True, True, 10, 9),
        ),
    ],
)
def test_what_a_server_may_answer(line: str, expected: DeflateParameters) -> None:
    """A server may set all four parameters, asked or not."""
    [(_, parameters)] = parse_extensions(["permessage-deflate" + line])
    assert DeflateParameters.from_response(parameters) == expected


@pytest.mark.parametrize("name", ["server", "client"])
@pytest.mark.parametrize("bits", range(8, 16))
def test_all_windows_are_taken(name: str, bits: int) -> None:
    """RFC 7692 section 7.1.2 allows 8 to 15 bits for either side."""
    parameters = DeflateParameters.from_response([(f"{name}_max_window_bits", str(bits))])
    assert getattr(parameters, f"{name}_max_window_bits") == bits


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([("foo", None)], "unknown parameter foo"),
        ([("Server_no_context_takeover", None)], "unknown parameter Server_no"),
        ([("server_no_context_takeover", None)] * 2, "server_no_context_takeover occurs twice"),
        ([("client_no_context_takeover", None)] * 2, "client_no_context_takeover occurs twice"),
        ([("server_max_window_bits", "9")] * 2, "server_max_window_bits occurs twice"),
        ([("server_no_context_takeover", "1")], "takeover must have no value, got '1'"),
        ([("client_no_context_takeover", "0")], "takeover must have no value, got '0'"),
        ([("server_max_window_bits", None)], "server_max_window_bits must have a value"),
        ([("client_max_window_bits", None)], "client_max_window_bits must have a value"),
        ([("server_max_window_bits", "7")], "must be from 8 to 15, got '7'"),
        ([("client_max_window_bits", "16")], "must be from 8 to 15, got '16'"),
        ([("client_max_window_bits", "08")], "must be from 8 to 15, got '08'"),
        ([("client_max_window_bits", "+8")], "must be from 8 to 15, got '+8'"),
        ([("client_max_window_bits", "x")], "must be from 8 to 15, got 'x'"),
    ],
)
def test_what_a_server_must_not_answer(
    parameters: list[tuple[str, str | None]], message: str
) -> None:
    """The error names the parameter and what is wrong with it."""
    with pytest.raises(ValueError) as caught:
        DeflateParameters.from_response(parameters)
    assert message in str(caught.value)


def test_another_librarys_answer_is_taken() -> None:
    """The websockets library accepts the offer, and its answer is understood."""
    factory = ServerPerMessageDeflateFactory(True, True, 11, 10)
    [(_, offered)] = parse_extensions([OFFER])
    answer, _ = factory.process_request_params(offered, [])
    assert DeflateParameters.from_response(answer) == DeflateParameters(True, True, 11, 10)
