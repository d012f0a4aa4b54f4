"""Ways to copy an object."""

from __future__ import annotations

import pickle
from typing import TypeVar

T = TypeVar("T")


def pickled(value: T) -> T:
    """Return what comes out when the value was pickled."""
    copied: T = pickle.loads(pickle.dumps(value))
    return copied
