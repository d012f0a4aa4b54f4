"""How faults replace correct code, and how a fault that no longer fits is recognised."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import trio
from support.checked import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager


FAULTS: Final = "faults.py"
"""Where the faults are."""


def replaced(owner: Any, name: str, wrong: Any) -> AbstractContextManager[Any]:
    """Replace an attribute of a class or module by another, which can be called in the same ways.

    Raises:
      AttributeError, TypeError: the code has changed, so the fault must be changed too.
    """
    right = getattr(owner, name)
    if callable(right):
        _check_calls(right, wrong, f"{owner.__name__}.{name}")
    return patch.object(owner, name, wrong)


def _check_calls(right: Any, wrong: Any, where: str) -> None:
    if inspect.iscoroutinefunction(right) != inspect.iscoroutinefunction(wrong):
        raise TypeError(f"the fault of {where}: only one of the two is async")
    takes = inspect.signature(wrong)
    for parameters in _calls(inspect.signature(right)):
        try:
            takes.bind(*parameters[0], **parameters[1])
        except TypeError as exc:
            raise TypeError(f"the fault of {where} does not take {parameters}: {exc}") from None


def _calls(signature: inspect.Signature) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Return the calls that a function takes, by position and with its defaults by name."""
    named = {}
    some: list[str] = []
    all_of_them: list[str] = []
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            all_of_them.append(name)
            if parameter.default is parameter.empty:
                some.append(name)
            else:
                named[name] = name
    yield some, {}
    yield some, named
    yield all_of_them, {}


@contextmanager
def unprotected(function: Callable[..., object]) -> Generator[None]:
    """Remove a function's protection from Ctrl-C."""
    trio.lowlevel.disable_ki_protection(function)
    try:
        yield
    finally:
        trio.lowlevel.enable_ki_protection(function)


def is_stale(exc: BaseException | None) -> bool:
    """Return whether a fault's own code raised this, as it no longer fits what it replaces."""
    if found := parts(exc):
        return any(map(is_stale, found))
    if not isinstance(exc, (AttributeError, NameError, TypeError)) or exc.__traceback__ is None:
        return False
    traceback = exc.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return Path(traceback.tb_frame.f_code.co_filename).name == FAULTS
