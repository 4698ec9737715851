"""What a cell of a notebook shows: a piece of a page, or what a notebook that is worked in shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BLOCK_TYPE = "application/vnd.postcall.block+json"
"""Media type of a piece of a page among the outputs of a cell."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page.

    Attributes
    ----------
    content
        What the page's script makes it of; ``kind`` says which piece it is.
    live
        What a notebook that is worked in shows, by media type.
    is_published
        Whether the notebook is run for publication.
    """

    content: dict[str, Any]
    live: dict[str, Any]
    is_published: bool

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        said = str(self.content.get("title", ""))
        return {"text/plain": said, **({BLOCK_TYPE: self.content} if self.is_published else self.live)}
