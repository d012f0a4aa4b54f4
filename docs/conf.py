"""Settings of the documentation, which `nox -s docs` builds."""

from __future__ import annotations

import sys
from pathlib import Path

import trio_ws_dom

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "trio_ws_dom"
author = "the trio_ws_dom contributors"
copyright = author  # Sphinx's name for it
version = release = trio_ws_dom.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "attributes",
    "closing_machine",
    "index_entries",
    "links",
]
html_theme = "furo"
html_title = f"trio_ws_dom {version}"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["pages.css"]

nitpicky = False
highlight_language = "none"  # of blocks that name none: terminals, pictures
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_use_rtype = False
