"""What the accuracy of calls adds up to: a line for each measure and condition, as text and as the published file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import numpy as np

from flows.accuracy import PUBLISHED

LAYOUTS = ("two channels", "one channel")

REAL = "real calls"


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of event in one call."""

    true: int
    found: int
    both: int
    edges_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of one call.

    Attributes
    ----------
    conditions
        What the call belongs to: layout, language, and troubles.
    events, amounts, shares
        By measure: events; true and measured amount in ms; right and asked.
    peer_events, peer_amounts
        The same of the peer, of what it measures.
    wrong
        Of each party: speech over noise as it is measured, and talk that is missed or invented over its true talk.
    """

    call_id: str
    conditions: frozenset[str]
    events: dict[str, Found]
    amounts: dict[str, tuple[int, int]]
    shares: dict[str, tuple[int, int]]
    duration_ms: int
    took_s: float
    peer_events: dict[str, Found] = field(default_factory=dict)
    peer_amounts: dict[str, tuple[int, int]] = field(default_factory=dict)
    wrong: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a measure under a condition."""

    measure: str
    condition: str
    calls: int
    events: int | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    edge_median_ms: int | None = None
    edge_p95_ms: int | None = None
    mean_absolute_error_ms: int | None = None
    bias_ms: int | None = None
    right_share: float | None = None
    peer_f1: float | None = None
    peer_mean_absolute_error_ms: int | None = None


def lines(results: Sequence[Result], condition: str) -> Iterator[Line]:
    """Every measure over the calls of a condition; ``all`` for all."""
    chosen = [result for result in results if condition in ("all", *result.conditions)]
    for name in _names(result.events for result in chosen):
        of = [result.events[name] for result in chosen if name in result.events]
        true, found, both = (sum(getattr(one, part) for one in of) for part in ("true", "found", "both"))
        edges = [edge for one in of for edge in one.edges_ms]
        yield Line(
            name,
            condition,
            len(of),
            true,
            both / found if found else None,
            both / true if true else None,
            _f1(of),
            round(float(np.median(edges))) if edges else None,
            round(float(np.quantile(edges, 0.95))) if edges else None,
            peer_f1=_f1([result.peer_events[name] for result in chosen if name in result.peer_events]),
        )
    for name in _names(result.amounts for result in chosen):
        pairs = np.array([result.amounts[name] for result in chosen if name in result.amounts])
        apart = pairs[:, 1] - pairs[:, 0]
        theirs = np.array([result.peer_amounts[name] for result in chosen if name in result.peer_amounts]).reshape(-1, 2)
        peer = np.abs(theirs[:, 1] - theirs[:, 0])
        yield Line(
            name,
            condition,
            len(pairs),
            mean_absolute_error_ms=round(float(np.abs(apart).mean())),
            bias_ms=round(float(apart.mean())),
            peer_mean_absolute_error_ms=round(float(peer.mean())) if peer.size else None,
        )
    for name in _names(result.shares for result in chosen):
        pairs = np.array([result.shares[name] for result in chosen if name in result.shares])
        asked = int(pairs[:, 1].sum())
        if asked:
            yield Line(name, condition, len(pairs), asked, right_share=float(pairs[:, 0].sum() / asked))


def _f1(of: Sequence[Found]) -> float | None:
    both, either = sum(one.both for one in of), sum(one.true + one.found for one in of)
    return 2 * both / either if either else None


def _names(of: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in of for name in one))


_CELL = 11

_COLUMNS: tuple[tuple[str, str, str, int], ...] = (
    ("calls", "calls", "", 6),
    ("events", "events", "", 7),
    ("precision", "prec.", "%", 8),
    ("recall", "recall", "%", 8),
    ("f1", "F1", "f", 7),
    ("edge_median_ms", "edge", "ms", 8),
    ("edge_p95_ms", "p95", "ms", 9),
    ("mean_absolute_error_ms", "error", "s", 9),
    ("bias_ms", "bias", "s", 9),
    ("right_share", "right", "%", 8),
    ("peer_f1", "peer F1", "f", 9),
    ("peer_mean_absolute_error_ms", "error", "s", 9),
)
"""Field of a line, its head, unit and width."""


def table(made: Sequence[Line]) -> Iterator[str]:
    """The lines as text."""
    longest = max((len(line.measure) for line in made), default=0)
    yield " " * longest + "".join(f"{head:>{width}}" for _, head, _, width in _COLUMNS)
    for line in made:
        yield f"{line.measure:{longest}}" + "".join(
            f"{in_unit(getattr(line, name), unit):>{width}}" for name, _, unit, width in _COLUMNS
        )


def in_unit(value: float | None, unit: str) -> str:
    """A figure as it is printed; empty where there is none."""
    if value is None:
        return ""
    return {"%": f"{value:.1%}", "f": f"{value:.3f}", "ms": f"{value} ms", "s": f"{value / 1000:.2f} s"}.get(unit, str(value))


def publish(made: Mapping[str, Sequence[Line]]) -> None:
    """Write what the product shows of its own errors."""
    with PUBLISHED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Line.__dataclass_fields__)
        for of in made.values():
            for line in of:
                values = [getattr(line, name) for name in Line.__dataclass_fields__]
                writer.writerow([f"{value:.4f}" if isinstance(value, float) else value for value in values])


def beside(by_measure: Mapping[str, Mapping[str, str]], conditions: Sequence[str]) -> Iterator[str]:
    """Measures under each other, conditions beside each other; long names of conditions take several lines."""
    width = max(map(len, by_measure), default=0)
    heads = [wrap(condition, _CELL) for condition in conditions]
    deepest = max(map(len, heads), default=0)
    for cells in zip(*([""] * (deepest - len(head)) + head for head in heads), strict=True):
        yield _row("", width, cells)
    for name, values in by_measure.items():
        yield _row(name, width, [values.get(condition, "") for condition in conditions])


def _row(name: str, width: int, cells: Iterable[str]) -> str:
    return f"{name:{width}} {' '.join(f'{cell:>{_CELL}}' for cell in cells)}".rstrip()
