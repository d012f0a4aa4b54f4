"""Links from names to where they are documented: options, and types of other projects.

An option's name in code (``ping_interval``, ``ping_interval=20``) is a link to its contract in the
reference. Types of trio and of the standard library in signatures are links to their projects'
pages. These are written down here, as intersphinx would fetch an inventory while building.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docutils import nodes
from sphinx.addnodes import pending_xref

from trio_ws_dom import ConnectOptions, ReconnectOptions

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

TRIO: Final = "https://trio.readthedocs.io/en/stable/"
PYTHON: Final = "https://docs.python.org/3/library/"

PAGES: Final = {
    "trio.Nursery": TRIO + "reference-core.html",
    "trio.CancelScope": TRIO + "reference-core.html",
    "trio.MemoryReceiveChannel": TRIO + "reference-core.html",
    "trio.MemorySendChannel": TRIO + "reference-core.html",
    "trio.BrokenResourceError": TRIO + "reference-core.html",
    "trio.BusyResourceError": TRIO + "reference-core.html",
    "trio.ClosedResourceError": TRIO + "reference-core.html",
    "trio.EndOfChannel": TRIO + "reference-core.html",
    "trio.TooSlowError": TRIO + "reference-core.html",
    "trio.abc.ReceiveChannel": TRIO + "reference-io.html",
    "trio.abc.SendChannel": TRIO + "reference-io.html",
    "trio.abc.Stream": TRIO + "reference-io.html",
    "trio.SSLStream": TRIO + "reference-io.html",
    "ssl.SSLContext": PYTHON + "ssl.html",
    "ssl.SSLCertVerificationError": PYTHON + "ssl.html",
    "http.cookiejar.CookieJar": PYTHON + "http.cookiejar.html",
    "email.message.Message": PYTHON + "email.compat32-message.html",
    "contextlib.AbstractAsyncContextManager": PYTHON + "contextlib.html",
    "collections.abc.AsyncIterable": PYTHON + "collections.abc.html",
    "collections.abc.AsyncIterator": PYTHON + "collections.abc.html",
    "collections.abc.Awaitable": PYTHON + "collections.abc.html",
    "collections.abc.Callable": PYTHON + "collections.abc.html",
    "collections.abc.Iterable": PYTHON + "collections.abc.html",
    "collections.abc.Mapping": PYTHON + "collections.abc.html",
    "collections.abc.Sequence": PYTHON + "collections.abc.html",
}
"""Where names of other projects are documented. The name is the anchor on its page."""

WITHOUT_MODULE: Final = {
    name.rpartition(".")[2]: name
    for name in PAGES
    if name.startswith(("collections.abc.", "contextlib."))
}
"""Names that modules import for their annotations only: signatures have these as written."""

CODE: Final = re.compile(r"(\w+)(?:=.*)?")


def owners() -> dict[str, str]:
    """Return the class of each option whose name means nothing else: it has an underscore."""
    found = dict.fromkeys(ConnectOptions.__annotations__, "ConnectOptions")
    for name in ReconnectOptions.__annotations__:
        found.setdefault(name, "ReconnectOptions")
    return {name: owner for name, owner in found.items() if "_" in name and name != "is_transient"}


OWNERS: Final = owners()


def link_options(app: Sphinx, doctree: nodes.document) -> None:
    """Make links of the options' names."""
    for literal in list(doctree.findall(nodes.literal)):
        found = CODE.fullmatch(literal.astext())
        if found is None or found[1] not in OWNERS or isinstance(literal.parent, nodes.title):
            continue
        if any(isinstance(one, nodes.reference | pending_xref) for one in ancestors(literal)):
            continue
        reference = pending_xref(
            refdomain="py",
            reftype="attr",
            reftarget=f"trio_ws_dom.{OWNERS[found[1]]}.{found[1]}",
            refdoc=app.env.docname,
            refexplicit=True,
            refwarn=True,
        )
        literal.replace_self(reference)
        reference += literal


def ancestors(node: nodes.Node) -> list[nodes.Node]:
    found: list[nodes.Node] = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def link_types(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.reference | None:
    """Make a link of another project's name."""
    target = node.get("reftarget", "")
    target = WITHOUT_MODULE.get(target, target)
    page = PAGES.get(target)
    if node.get("refdomain") != "py" or page is None:
        return None
    reference = nodes.reference("", "", refuri=f"{page}#{target}", internal=False, reftitle=target)
    reference += contnode
    return reference


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", link_options)
    app.connect("missing-reference", link_types)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
