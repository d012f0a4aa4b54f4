"""What autodoc and napoleon leave out of the docstrings of attributes, or garble.

A TypedDict has no bases at run time, so autodoc finds no text for an option that was inherited: it
is taken from the class that has it. And napoleon takes the beginning of an attribute's docstring,
up to a colon, for its type, which it never is here, and does not look for sections in the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.pycode import ModuleAnalyzer

from trio_ws_dom import ConnectOptions

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ATTRIBUTES = ("attribute", "property")
INHERITED = (
    ("trio_ws_dom._socket._options", "BoundOptions"),
    ("trio_ws_dom._socket._options", "SharedOptions"),
)

as_written: dict[str, list[str]] = {}


def hand_down(app: Sphinx) -> None:
    """Give ConnectOptions the text of what it inherits, in the order of the sources."""
    heir = ModuleAnalyzer.for_module(ConnectOptions.__module__)
    docs = heir.find_attr_docs()
    for module, owner in INHERITED:
        found = ModuleAnalyzer.for_module(module).find_attr_docs()
        docs |= {
            ("ConnectOptions", option): lines
            for (name, option), lines in found.items()
            if name == owner
        }
    for place, option in enumerate(ConnectOptions.__annotations__):
        if not docs.get(("ConnectOptions", option)):
            raise ValueError(f"expected ConnectOptions.{option} to have a docstring, got none")
        heir.tagorder[f"ConnectOptions.{option}"] = place


def before_napoleon(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    if what in ATTRIBUTES:
        as_written[name] = list(lines)


def after_napoleon(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    if what in ATTRIBUTES:
        lines[:] = GoogleDocstring(as_written.pop(name), app.config).lines()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", hand_down)
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
