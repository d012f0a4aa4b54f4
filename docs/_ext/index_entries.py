"""Index entries in comments, which GitHub does not show: `<!-- index: ! 1006, lost -->`.

They are read as MyST's directive `{index}`. Sphinx's search leaves out words of digits but finds
index entries, and shows those with a `!` first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ENTRY: Final = re.compile(r"^<!-- index: (.+) -->$", re.M)


def write_directives(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = ENTRY.sub(r"```{index} \1\n```", source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", write_directives)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
