"""The version, in its one place, and which build this is."""

from types import FunctionType
from typing import Final

from ._wire._frames import encode

__version__ = "0.1.0"

__compiled__: Final = not isinstance(encode, FunctionType)
"""Whether this is the compiled build, in which some modules are extension modules."""
