"""Add the project's address to the metadata, once there is one.

On PyPI the README is alone: its relative links become absolute, or their text without an address.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?!https?:)(?P<path>[^)]+)\)")
PAGES = {
    "Homepage": "",
    "Source": "",
    "Documentation": "/tree/main/docs",
    "Issues": "/issues",
    "Changelog": "/blob/main/CHANGELOG.md",
}


class Addresses(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        repository = self.config["repository"]
        readme = Path(self.root, "README.md").read_text("utf-8")
        text = with_absolute_links(readme, repository)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = {k: repository + path for k, path in PAGES.items()} if repository else {}


def with_absolute_links(readme: str, repository: str) -> str:
    if not repository:
        return LINK.sub(lambda link: "" if link["image"] else link["text"], readme)
    kinds = {"!": "raw", "": "blob"}
    return LINK.sub(
        lambda link: (
            f"{link['image']}[{link['text']}]"
            f"({repository}/{kinds[link['image']]}/main/{link['path']})"
        ),
        readme,
    )
