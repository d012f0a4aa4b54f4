"""What autodoc and napoleon leave out of docstrings, garble, or would show twice.

A TypedDict has no bases at run time, so autodoc finds no text for an option that was inherited: it
is taken from the class that has it. And napoleon takes the beginning of an attribute's docstring,
up to a colon, for its type, which it never is here, and does not look for sections in the rest.
The lists of options in the docstrings of entry points are for ``help()`` and editors: the page of
the options has them, and more of each.
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

ALIASES = {
    "EventListener": "trio_ws_dom._dom._listener",
    "Headers": "trio_ws_dom._socket._options",
    "Provider": "trio_ws_dom._reconnect._providers",
    "TraceDirection": "trio_ws_dom._trace._records",
    "ValueOrProvider": "trio_ws_dom._reconnect._providers",
}
"""Types that the package's own module imports, and where they and their docstrings are."""

OPTIONS = "Options:"

as_written: dict[str, list[str]] = {}


def hand_down(app: Sphinx) -> None:
    """Have autodoc find the docstrings of inherited options, and of types, where it looks."""
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

    package = ModuleAnalyzer.for_module("trio_ws_dom").find_attr_docs()
    for name, module in ALIASES.items():
        package["", name] = ModuleAnalyzer.for_module(module).find_attr_docs()["", name]


def before_napoleon(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    if what in ATTRIBUTES:
        as_written[name] = list(lines)
    elif OPTIONS in lines:
        start = lines.index(OPTIONS)
        del lines[start : lines.index("", start) + 1]


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
