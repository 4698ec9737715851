"""One page of HTML out of a notebook that was run.

Conventions
-----------
The page holds all that it needs: Vega with Vega-Lite (``vega.js``, as `vl_convert.javascript_bundle` makes it), the script that
filters, the data once, the look. Its content security policy names style and scripts by digest, and allows nothing from any
network. Vega's expressions are interpreted, so that the policy need not allow code made of text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flows.dashboards.block import BLOCK_TYPE
from flows.dashboards.measures import MEASURES
from flows.dashboards.wording import Words
from flows.pages.templates import digest_source, script_json, shared_style

SCRIPTS = ("vega.js", "dashboard.js")
SENT_WORDS = ("page", "filters", "verdicts", "measures")


def page_of(cells: Iterable[Mapping[str, Any]], words: Words) -> str:
    """The page of a notebook.

    Parameters
    ----------
    cells
        Of the notebook as it was run; their blocks are taken, in order.
    words
        Of the reader's language.
    """
    blocks = [
        output["data"][BLOCK_TYPE]
        for cell in cells
        for output in cell.get("outputs", ())
        if BLOCK_TYPE in output.get("data", {})
    ]
    head = next(block for block in blocks if block["kind"] == "title")
    sets: dict[str, Any] = {}
    for block in blocks:
        sets |= block.pop("sets", {})
    content = {
        "sets": sets,
        "blocks": blocks,
        "measures": {name: measure.to_json() for name, measure in MEASURES.items()},
        "words": {section: words.section(section) for section in SENT_WORDS},
        "language": words.language,
        **head["facts"],
    }
    style = shared_style() + _source("dashboard.css")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {digest_source(style)}",
            f"script-src {' '.join(digest_source(_source(name)) for name in SCRIPTS)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    template = _environment().get_template("page.html.j2")
    return template.render(
        words=words,
        title=head["title"],
        policy=policy,
        style=Markup(style),
        scripts=[Markup(_source(name)) for name in SCRIPTS],
        content=script_json(content),
    )


@cache
def _source(name: str) -> str:
    """A style sheet or script of this package."""
    return files("flows.dashboards").joinpath(name).read_text(encoding="utf-8").replace("</script", "<\\/script")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("flows", "dashboards"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
