"""Templates of the pages, every text in them escaped.

Conventions
-----------
A page holds all that it needs: styles and scripts stand in it, and its content security policy names them by digest, so that
nothing else runs, whatever a transcript, a name or an id holds. Data for a script is JSON in an element that is not run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flows.pages.formats import Formats
from flows.pages.labels import Labels
from flows.pages.palette import css_variables


def render(template: str, labels: Labels, **values: object) -> str:
    """A page. ``values`` are escaped where the template shows them."""
    formats = Formats(labels)
    return _environment().get_template(template).render(labels=labels, t=labels.get, formats=formats, **values)


def shared_style() -> str:
    """The look that all pages share, as CSS: the palette's variables, then ``style.css``."""
    return css_variables() + source("style.css")


@cache
def source(name: str) -> str:
    """A style sheet or script of this package."""
    return files("flows.pages").joinpath(name).read_text(encoding="utf-8")


def script_json(value: object) -> Markup:
    """JSON that may stand inside ``<script type="application/json">``: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def digest_source(text: str) -> str:
    """How a content security policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline(*names: str) -> Markup:
    """Text of a style sheet or script of this package, as it stands in a page."""
    return Markup(_text(names))


def _policy(styles: tuple[str, ...], scripts: tuple[str, ...], media: str = "") -> str:
    """Content security policy of a page: these styles and scripts, this media, and nothing from any network."""
    parts = ["default-src 'none'", f"style-src {digest_source(_text(styles))}"]
    if scripts:
        parts.append(f"script-src {digest_source(_text(scripts))}")
    if media:
        parts.append(f"media-src {media}")
    return "; ".join([*parts, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _text(names: tuple[str, ...]) -> str:
    return "".join(shared_style() if name == "style.css" else source(name) for name in names)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("flows", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"inline": _inline, "content_policy": _policy}
    environment.filters["script_json"] = script_json
    return environment
