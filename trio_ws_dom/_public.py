"""How tracebacks, pickles and ``help()`` name the public classes and functions."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Iterable


def show_public_path(package: str, values: Iterable[object]) -> None:
    """Have these say that they are of the package itself, where programs find them.

    Not the TypedDicts: their annotations are evaluated in the module that they name.
    """
    for value in values:
        if isinstance(value, type | FunctionType) and not is_typeddict(value):
            value.__module__ = package
