"""Specifications of the charts, as Vega-Lite.

Conventions
-----------
Data is called ``rows`` and holds what `flows.dashboards.measures` makes, with ``shown`` (the value as text), ``range`` (its
interval as text), ``label`` (the measure's), ``verdict_shown``, and ``drawn_low`` and ``drawn_high``: the interval, or the
value twice where it has none. Colours are the product's palette; a verdict has a shape as well, so
that colour is never the only sign. Groups of too few calls are hollow and pale.

Width is the page's matter: its script sets it, and the number of columns of small multiples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from flows.dashboards.wording import Words
from flows.pages import palette

FONT = palette.FONT.replace("'", "")
ROWS = alt.NamedData(name="rows")
DAY_LABEL = "utcFormat(toDate(datum.value), '%d.%m')"
SECONDS_LABEL = "format(datum.value / 1000, ',')"
VERDICTS = ("met", "not met", "open", "none", "too few calls")
PARTS = {
    "agent_talk_ms": palette.AGENT,
    "customer_talk_ms": palette.CUSTOMER,
    "silence_ms": palette.SILENCE,
    "hold_ms": palette.HOLD,
}
"""Parts of a call that are drawn above each other, and their colours."""
HANDLING_PARTS = {"off_hold_ms": palette.TALK, "hold_ms": palette.HOLD, "after_call_work_ms": palette.AFTER_CALL_WORK}
"""Parts of handling time, and their colours."""


def trend(words: Words, kind: str, *, target: float | None = None, height: int = 220) -> dict[str, Any]:
    """A measure by day, its interval as a band, its target as a dashed line."""
    return _finished(_trend(words, kind, target).properties(height=height, data=ROWS))


def trends_by(words: Words, kind: str, key: str, *, target: float | None = None) -> dict[str, Any]:
    """The same as small multiples, one for each group."""
    chart = _trend(words, kind, target).properties(height=120)
    spacing = alt.RowColnumber(row=40, column=24)
    return _finished(chart.facet(_header(key), data=ROWS, columns=3, spacing=spacing, bounds="flush"))


def trends_of_measures(words: Words) -> dict[str, Any]:
    """Several measures by day as small multiples, each on a scale of its own."""
    chart = _trend(words, "mixed", None, prefix="plain_").properties(height=120)
    in_order = alt.EncodingSortField(field="measure_order", op="min")
    spacing = alt.RowColnumber(row=40, column=64)
    multiples = chart.facet(_header("label_unit", in_order), data=ROWS, columns=3, spacing=spacing, bounds="flush")
    return _finished(multiples.resolve_scale(y="independent"))


def intervals(words: Words, kind: str, key: str, *, target: float | None = None, is_judged: bool = True) -> dict[str, Any]:
    """A measure of each group as a point in its interval, its target as a dashed line; if judged, with a legend of verdicts."""
    verdicts = VERDICTS if target is not None else ("too few calls",)
    shown = [words.of("verdicts", one) for one in verdicts if one != "none"]
    legend = alt.Legend(values=shown, columns=2, symbolStrokeWidth=0) if is_judged else None
    colour, shape = _verdict_colour(words, legend), _verdict_shape(words, legend)
    base = alt.Chart(ROWS).encode(
        y=alt.Y(f"{key}:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False)),
        tooltip=_tooltip(words, key),
    )
    axis, scale = _axis(kind, orient="top"), alt.Scale(zero=kind != "share", nice=True, padding=8)
    faded = alt.condition("datum.is_few", alt.value(0.45), alt.value(1))
    line = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("drawn_low:Q", title=None, axis=axis, scale=scale), x2=alt.X2("drawn_high"), color=colour, opacity=faded
    )
    point = base.mark_point(size=75, filled=True).encode(
        x=alt.X("value:Q", title=None, axis=axis, scale=scale), color=colour, shape=shape, opacity=faded
    )
    layers = [line, point]
    if target is not None:
        layers.append(_target(target, "x"))
    return _finished(alt.layer(*layers, data=ROWS).properties(height=alt.Step(24)))


def bars(words: Words, key: str, order: Sequence[str], *, colour: str = palette.BLUE, height: int = 220) -> dict[str, Any]:
    """A count of each group as bars, in a given order, with room for groups of none."""
    chart = (
        alt.Chart(ROWS)
        .mark_bar(color=colour, cornerRadiusEnd=2)
        .encode(
            x=_steps(key, order),
            y=alt.Y("value:Q", title=None, axis=_axis("count")),
            tooltip=_tooltip(words, key),
        )
        .properties(height=height)
    )
    return _finished(chart)


def stacked(
    words: Words, key: str, group: str, colours: Mapping[str, str], *, order: Sequence[str] | None = None, height: int = 220
) -> dict[str, Any]:
    """Counts by a key, one above the other by group; ``colours`` are by the group's word."""
    chart = (
        alt.Chart(ROWS)
        .mark_bar()
        .encode(
            x=_steps(key, order),
            y=alt.Y("value:Q", title=None, axis=_axis("count")),
            color=alt.Color(
                f"{group}:N",
                title=None,
                sort=list(colours),
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
            ),
            order=alt.Order("measure_order:Q"),
            tooltip=_tooltip(words, key, group),
        )
        .properties(height=height)
    )
    return _finished(chart)


def parts(words: Words, key: str, colours: Mapping[str, str]) -> dict[str, Any]:
    """What a call of each group is made of, as bars of average lengths beside each other; colours by part."""
    names = [words.get(f"measures.part_{name}") for name in colours]
    chart = (
        alt.Chart(ROWS)
        .mark_bar()
        .encode(
            y=alt.Y(f"{key}:N", title=None, sort=None, axis=alt.Axis(labelLimit=200, ticks=False, domain=False)),
            x=alt.X("value:Q", title=words.get("axes.seconds_a_call"), axis=_axis("length", title=True)),
            color=alt.Color("label:N", title=None, scale=alt.Scale(domain=names, range=list(colours.values()))),
            order=alt.Order("measure_order:Q"),
            tooltip=_tooltip(words, key, "label"),
        )
        .properties(height=alt.Step(30))
    )
    return _finished(chart)


def heat(words: Words, x: str, y: str, y_order: Sequence[str]) -> dict[str, Any]:
    """A count by two keys, darker for more."""
    chart = (
        alt.Chart(ROWS)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(f"{x}:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, domain=False)),
            y=alt.Y(f"{y}:O", title=None, sort=list(y_order), axis=alt.Axis(ticks=False, domain=False)),
            color=alt.Color(
                "value:Q", title=None, scale=alt.Scale(range=list(palette.SCALE[1:])), legend=alt.Legend(gradientLength=140)
            ),
            tooltip=_tooltip(words, x, y),
        )
        .properties(height=alt.Step(26))
    )
    return _finished(chart)


def _trend(words: Words, kind: str, target: float | None, prefix: str = "") -> alt.LayerChart:
    x = alt.X(
        "call_date:O",
        title=None,
        axis=alt.Axis(labelExpr=DAY_LABEL, labelAngle=0, labelOverlap=True, labelSeparation=10, labelFlush=False),
    )
    value, low, high = (f"{prefix}{name}" for name in ("value", "drawn_low", "drawn_high"))
    scale = alt.Scale(zero=kind not in ("share", "portion", "mixed"), nice=True)
    base = alt.Chart().encode(x=x, tooltip=_tooltip(words, "call_date"))  # without data of its own, so that it can be split
    ends = base.encode(y=alt.Y(f"{low}:Q", title=None, axis=_axis(kind), scale=scale), y2=alt.Y2(high))
    band = ends.mark_area(opacity=0.18, color=palette.BLUE, line=False)
    stem = ends.mark_rule(opacity=0.35, color=palette.BLUE, strokeWidth=2)
    middle = base.encode(y=alt.Y(f"{value}:Q", title=None, axis=_axis(kind), scale=scale))
    line = middle.mark_line(color=palette.BLUE, strokeWidth=2)
    point = middle.mark_point(filled=True, size=42, color=palette.BLUE).encode(
        opacity=alt.condition("datum.is_few", alt.value(0.4), alt.value(1))
    )
    layers: list[Any] = [stem, band, line, point]
    if target is not None:
        layers.append(_target(target, "y"))
    return alt.LayerChart(layer=layers)


def _steps(key: str, order: Sequence[str] | None) -> alt.X:
    scale = alt.Undefined if order is None else alt.Scale(domain=list(order))
    return alt.X(f"{key}:O", title=None, sort=None, scale=scale, axis=alt.Axis(labelAngle=0, labelOverlap=True))


def _target(target: float, axis: str) -> alt.Chart:
    mark = alt.Chart(alt.InlineData(values=[{}])).mark_rule(strokeDash=[6, 4], color=palette.TARGET, strokeWidth=1.5, clip=True)
    # Channels as objects: Altair checks each that it has to make of something else against the whole schema, which takes long.
    at = alt.XDatum(target) if axis == "x" else alt.YDatum(target)
    line: alt.Chart = mark.encode(**{axis: at}, tooltip=alt.TooltipValue(None))
    return line


def _header(key: str, sort: Any = "ascending") -> alt.Facet:
    header = alt.Header(title=None, labelFontSize=13, labelFontWeight=600, labelColor=palette.INK, labelAnchor="start")
    return alt.Facet(f"{key}:N", title=None, sort=sort, header=header)


def _axis(kind: str, *, title: bool = False, orient: str = "") -> alt.Axis:
    common: dict[str, Any] = {"tickCount": 5, **({} if title else {"title": None}), **({"orient": orient} if orient else {})}
    if kind in ("share", "portion"):
        return alt.Axis(format=".1~%", **common)
    if kind == "length":
        return alt.Axis(labelExpr=SECONDS_LABEL, **common)
    if kind == "mixed":
        return alt.Axis(format=",.3~r", **{**common, "tickCount": 4})
    return alt.Axis(format=",~r", tickMinStep=1, **common) if kind == "count" else alt.Axis(format=",~r", **common)


def _verdict_colour(words: Words, legend: alt.Legend | None) -> alt.Color:
    colours = [palette.PASSED, palette.FAILED, palette.ORANGE, palette.BLUE, palette.NOT_MEASURABLE]
    return alt.Color("verdict_shown:N", title=None, scale=alt.Scale(domain=_verdicts(words), range=colours), legend=legend)


def _verdict_shape(words: Words, legend: alt.Legend | None) -> alt.Shape:
    shapes = ["circle", "triangle-down", "square", "circle", "diamond"]
    return alt.Shape("verdict_shown:N", title=None, scale=alt.Scale(domain=_verdicts(words), range=shapes), legend=legend)


def _verdicts(words: Words) -> list[str]:
    return [words.of("verdicts", verdict) for verdict in VERDICTS]


def _tooltip(words: Words, *keys: str) -> list[alt.Tooltip]:
    shown = [alt.Tooltip(f"{key}:N", title=words.get(f"columns.{key}")) for key in keys]
    return [
        *shown,
        alt.Tooltip("label:N", title=words.get("columns.measure")),
        alt.Tooltip("shown:N", title=words.get("columns.value")),
        alt.Tooltip("range:N", title=words.get("columns.interval")),
        alt.Tooltip("calls_shown:N", title=words.get("columns.calls")),
    ]


def _finished(chart: Any) -> dict[str, Any]:
    """The specification with the look that all charts share."""
    config = {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {
            "labelColor": palette.MUTED,
            "titleColor": palette.MUTED,
            "titleFontWeight": 400,
            "labelFontSize": 12,
            "gridColor": palette.LINE,
            "domainColor": palette.LINE,
            "tickColor": palette.LINE,
        },
        "axisX": {"grid": False},
        "legend": {"orient": "bottom", "labelFontSize": 12, "labelColor": palette.INK, "labelLimit": 240},
        "rule": {"color": palette.MUTED},
    }
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["config"] = config
    return spec
