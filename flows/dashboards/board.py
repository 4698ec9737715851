"""A store, opened for a period, and the blocks that notebooks show.

Conventions
-----------
The period is ``days`` business days that end with ``date``; the one before it is as long and ends the day before it begins.
Policy and time zone are those of the period's last night, so that a page judges by what made its rows.

A block shows itself twice: a notebook that is worked in gets a chart with its data, a table or a text as HTML; a notebook that
is run for publication gets JSON, out of which `flows.dashboards.page` makes a page whose reader can filter. A data set that
several blocks share is in the page once.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flows.dashboards.block import Block
from flows.dashboards.groups import measure_groups
from flows.dashboards.measures import MEASURES, columns_of
from flows.dashboards.wording import Words
from flows.pages.publish import call_page_name
from flows.stored import declared_tables
from postcall.callbacks import CallbackPolicy
from postcall.errors import SettingsError
from postcall.kpi import KpiPolicy
from postcall.statistics import target_verdict
from storage.tables import Tables
from storage.views import Viewer, Views

CHART_TYPE = "application/vnd.vegalite.v6+json"

KEYS = ("queue", "team", "agent_id", "call_date")
"""Columns by which the reader of a page may filter."""


SCALES = {"share": 100.0, "portion": 100.0, "length": 0.001}
"""What a measure is multiplied with, by kind, where several kinds stand beside each other; the script does so too."""


@dataclass(slots=True)
class DataSet:
    """Rows that blocks draw from, and whether a block has carried them into the page."""

    frame: pd.DataFrame
    is_sent: bool = False


@dataclass
class Board:
    """What the blocks of one notebook share.

    Attributes
    ----------
    views
        The store as a manager sees it.
    first, last
        The period, both days included.
    words
        Of the reader's language.
    is_published
        Whether the notebook is run for publication.
    """

    views: Views
    first: date
    last: date
    words: Words
    is_published: bool = False
    _sets: dict[str, DataSet] = field(default_factory=dict)

    @classmethod
    def open(
        cls, store: str | Path, date: str | date, days: int = 28, language: str = "en", *, is_published: bool = False
    ) -> Board:
        """A store for a period.

        Parameters
        ----------
        store
            Its folder.
        date
            Last day of the period, or ``YYYY-MM-DD``.
        days
            How many days the period has.
        language
            Of labels and headings.
        is_published
            Whether blocks are for a page.

        Raises
        ------
        SettingsError
            A wrong day, number of days or language, or no store there.
        """
        try:
            last = date_of(date)
        except ValueError as error:
            raise SettingsError(f"'{date}' is no day", hint="write YYYY-MM-DD") from error
        if days < 1:
            raise SettingsError("a period has at least one day")
        tables = Tables(Path(store))
        if not tables.names():
            raise SettingsError(f"there are no tables in store '{store}'", hint="`postcall nightly` writes them")
        views = Views(tables, declared_tables(), Viewer.MANAGER)
        return cls(views, last - timedelta(days=days - 1), last, Words(language), is_published)

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.last - self.first).days + 1

    @cached_property
    def policy(self) -> KpiPolicy:
        """Targets in force in the last night of the period; the default ones when it has none."""
        stored = self._policies.get("kpi", {})
        return KpiPolicy(**{name: value for name, value in stored.items() if name in KpiPolicy.model_fields})

    @cached_property
    def _policies(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._night.get("policy_json") or "{}")
        return found

    @cached_property
    def zone(self) -> ZoneInfo:
        """The centre's time zone."""
        return ZoneInfo(self._night.get("time_zone") or "UTC")

    @property
    def targets(self) -> dict[str, float]:
        """Share to reach, by measure."""
        default = CallbackPolicy().kept_target_share
        return {
            "no_hold": self.policy.no_hold_target_share,
            "service_level": self.policy.service_level_target_share,
            "call_backs_kept": self._policies.get("callback", {}).get("kept_target_share", default),
        }

    @cached_property
    def _night(self) -> dict[str, Any]:
        nights = self.rows("run_night", ["night", "policy_json", "time_zone"]).sort_by("night").to_pylist()
        return nights[-1] if nights else {}

    # ── rows ─────────────────────────────────────────────────────────────────

    def has(self, table: str) -> bool:
        """Whether the store has a table."""
        return table in self.views.names()

    def rows(self, table: str, columns: Sequence[str], *, is_before: bool = False) -> pa.Table:
        """Rows of the period, or of the one before it; no rows of a table that the store lacks."""
        if is_before:
            return self._rows(table, columns, self.first - timedelta(self.days), self.first - timedelta(1))
        return self._rows(table, columns, self.first, self.last)

    def frame(self, table: str, columns: Sequence[str], *, is_before: bool = False) -> pd.DataFrame:
        """The same with pandas, days as text."""
        return _pandas(self.rows(table, columns, is_before=is_before))

    def last_day(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        """Rows of the period's last day, with pandas, days as text."""
        return _pandas(self._rows(table, columns, self.last, self.last))

    def last_day_rows(self, table: str, columns: Sequence[str], only: pc.Expression) -> pa.Table:
        """Rows of the period's last day that meet a condition."""
        return self._rows(table, columns, self.last, self.last, only)

    def _rows(self, table: str, columns: Sequence[str], first: date, last: date, only: pc.Expression | None = None) -> pa.Table:
        if not self.has(table):
            return pa.table({column: pa.array([], pa.string()) for column in columns})
        found = self.views.read(table, columns=columns, first=first, last=last, only=only)
        for column in columns:  # a store from before there was such a column
            if column not in found.column_names:
                found = found.append_column(column, pa.nulls(found.num_rows))
        return found

    def data(self, name: str, frame: pd.DataFrame) -> str:
        """Name a data set that blocks draw from."""
        self._sets[name] = DataSet(frame)
        return name

    def frame_of(self, name: str) -> pd.DataFrame:
        """Rows of a data set."""
        return self._sets[name].frame

    # ── blocks ───────────────────────────────────────────────────────────────

    def title(self, name: str, **places: object) -> Block:
        """Heading of the page, with its period."""
        day = self.words.labels.get
        period = [
            day("months.day", day=one.day, month=day(f"months.m{one.month}"), year=one.year, number=one.month)
            for one in dict.fromkeys((self.first, self.last))
        ]
        title, note = self.words.get(f"titles.{name}"), self.words.get(f"intros.{name}", **places)
        facts = {"minimum": self.policy.minimum_calls, "targets": self.targets}
        content = {"kind": "title", "title": title, "period": " – ".join(period), "note": note, "facts": facts}
        said = f"<h1>{html.escape(title)}</h1><p>{' – '.join(period)}</p><p>{html.escape(note)}</p>"
        return self._block(content, {"text/html": said})

    def note(self, name: str, title: str | None = None) -> Block:
        """A text in place of what cannot be shown."""
        heading = self.words.get(f"charts.{title}") if title else ""
        said = self.words.get(f"notes.{name}")
        return self._block({"kind": "note", "title": heading, "note": said}, {"text/html": f"<p>{html.escape(said)}</p>"})

    def tiles(self, data: str, names: Sequence[str], before: str | None = None) -> Block:
        """Key figures, each with interval, number of calls and change from the period before."""
        rows = [] if self.is_published else measure_groups(self.frame_of(data), (), names, self.policy.minimum_calls)
        shown = "".join(f"<li>{html.escape(self.measure_label(row['measure']))}: {self.shown(row)}</li>" for row in rows)
        content = {
            "kind": "tiles",
            "title": "",
            "data": data,
            "before": before,
            "measures": list(names),
            "sets": self._send(data, *([before] if before else [])),
        }
        return self._block(content, {"text/html": f"<ul>{shown}</ul>"})

    def chart(
        self,
        name: str,
        spec: Mapping[str, Any],
        data: str,
        by: Sequence[str],
        measures: Sequence[str],
        *,
        is_ranked: bool = False,
        is_wide: bool = False,
    ) -> Block:
        """A chart of measures by groups.

        Parameters
        ----------
        name
            Of its title and explanation.
        spec
            Vega-Lite, of `flows.dashboards.charts`; its data is called ``rows``.
        data
            Name of the data set.
        by, measures
            Groups, and what is measured of each.
        is_ranked
            Whether groups of enough calls stand in order of their first measure; those of too few calls follow by name.
        is_wide
            Whether it takes the whole width.
        """
        title, note = self.words.get(f"charts.{name}"), self.words.get(f"explained.{name}")
        content = {
            "kind": "chart",
            "name": name,
            "title": title,
            "note": note,
            "data": data,
            "by": list(by),
            "measures": list(measures),
            "spec": dict(spec),
            "is_ranked": is_ranked,
            "is_wide": is_wide,
            "sets": self._send(data),
        }
        if self.is_published:
            return self._block(content, {})
        rows = [
            self._drawn(row, measures.index(row["measure"]))
            for row in measure_groups(self.frame_of(data), by, measures, self.policy.minimum_calls)
            if row["value"] is not None
        ]
        return self._block(
            content, {CHART_TYPE: {**spec, "title": title, "datasets": {**spec.get("datasets", {}), "rows": rows}}}
        )

    def table(self, name: str, columns: Sequence[tuple[str, str]], frame: pd.DataFrame, *, is_wide: bool = True) -> Block:
        """A table.

        Parameters
        ----------
        name
            Of its title and explanation.
        columns
            Name of each column and how it is written: ``text``, ``number``, ``decimal``, ``share``, ``length``, ``change``,
            ``verdict``, ``call``.
        frame
            Its rows, in order; further columns among `KEYS` let the reader filter. A ``call`` is a pair (text, address).
        is_wide
            Whether it takes the whole width.
        """
        title, note = self.words.get(f"charts.{name}"), self.words.get(f"explained.{name}")
        kept = [*(column for column, _ in columns), *(key for key in KEYS if key in frame.columns)]
        rows = frame[list(dict.fromkeys(kept))].astype(object).where(frame[list(dict.fromkeys(kept))].notna(), None)
        content = {
            "kind": "table",
            "name": name,
            "title": title,
            "note": note,
            "columns": [{"key": column, "how": how, "label": self.words.get(f"columns.{column}")} for column, how in columns],
            "rows": rows.to_dict("records"),
            "is_wide": is_wide,
        }
        plain = rows.map(lambda value: value[0] if isinstance(value, tuple) else value)
        return self._block(content, {"text/html": f"<h3>{html.escape(title)}</h3>{plain.to_html(index=False, border=0)}"})

    def call_link(self, call_id: str, day: str, start_ms: int | None = None) -> tuple[str, str]:
        """Id of a call, and the address of its page from a page of this day."""
        folder = "" if day == self.last.isoformat() else f"../{day}/"
        moment = "" if start_ms is None or pd.isna(start_ms) else f"#t={max(0, start_ms - 2000) / 1000:.1f}"
        return call_id, f"{folder}calls/{call_page_name(call_id)}.html{moment}"

    def measure_label(self, name: str) -> str:
        """What a measure is called."""
        return self.words.get(f"measures.{name}")

    def shown(self, row: Mapping[str, Any]) -> str:
        """A measure as it is written; the page's script writes it alike."""
        if row["value"] is None:
            return "–"
        kind = MEASURES[row["measure"]].kind
        text = {
            "share": f"{row['value']:.1%}",
            "portion": f"{row['value']:.1%}",
            "length": f"{row['value'] / 1000:.1f} {self.words.labels.get('common.seconds_short')}",
            "rate": f"{row['value']:.2f}",
            "count": f"{row['value']:.0f}",
        }[kind]
        return text if row["low"] is None else f"{text} ({row['low']:.1%}–{row['high']:.1%})"

    def _drawn(self, row: dict[str, Any], place: int) -> dict[str, Any]:
        """A measure with what the charts need beside it."""
        low, high = (row["value"], row["value"]) if row["low"] is None else (row["low"], row["high"])
        verdict = self._verdict(row)
        kind = MEASURES[row["measure"]].kind
        scale = SCALES.get(kind, 1.0)
        unit = {"length": self.words.get("page.seconds"), "rate": self.words.get("page.per_minute")}.get(kind, "%")
        return {
            **row,
            "drawn_low": low,
            "drawn_high": high,
            "plain_value": row["value"] * scale,
            "plain_drawn_low": low * scale,
            "plain_drawn_high": high * scale,
            "measure_order": place,
            "label": self.measure_label(row["measure"]),
            "label_unit": f"{self.measure_label(row['measure'])}, {unit}",
            "shown": self.shown({**row, "low": None}),
            "range": "–" if row["low"] is None else f"{low:.1%}–{high:.1%}",
            "verdict_shown": self.words.of("verdicts", verdict),
            "calls_shown": "–" if row["calls"] is None else f"{row['calls']:.0f}",
        }

    def _verdict(self, row: Mapping[str, Any]) -> str:
        target = self.targets.get(row["measure"])
        if row["is_few"]:
            return "too few calls"
        if target is None or row["low"] is None:
            return "none"
        return target_verdict(round(row["part"]), round(row["whole"]), target=target, minimum_n=self.policy.minimum_calls)

    def _send(self, *names: str) -> dict[str, Any]:
        """Data sets that no block before has carried, column by column."""
        sent = {}
        for name in names:
            if not self._sets[name].is_sent:
                self._sets[name].is_sent = True
                sent[name] = {str(column): _column(values) for column, values in self._sets[name].frame.items()}
        return sent

    def _block(self, content: dict[str, Any], live: dict[str, Any]) -> Block:
        return Block(content, live, self.is_published)


def _pandas(rows: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return frame.assign(call_date=frame["call_date"].astype(str)) if "call_date" in frame.columns else frame


def beside_manual(board: Board, scores: pd.DataFrame, key: str) -> pd.DataFrame:
    """Scores with a column that names manual and group together, ordered by it.

    A call has a scorecard of each manual in force: scores of several manuals taken together would count it as often, and pass
    for scores of enough calls.
    """
    nameless = board.words.get("filters.without_name")
    names = [f"{manual} · {group or nameless}" for manual, group in zip(scores["manual"], scores[key], strict=True)]
    together = f"manual_and_{key.removesuffix('_id')}"
    return scores.assign(**{together: column_of(scores, names)}).sort_values(together, kind="stable", ignore_index=True)


def column_of(frame: pd.DataFrame, values: Iterable[object]) -> pd.Series[Any]:
    """Values of any kind, one for each row of a frame, as a column of it."""
    return pd.Series(list(values), index=frame.index, dtype=object)


def needed(keys: Sequence[str], names: Sequence[str]) -> list[str]:
    """Columns of a KPI table that a data set of these keys and measures needs."""
    return list(dict.fromkeys([*keys, *columns_of(names)]))


def date_of(given: str | date) -> date:
    """A day, given as such or as ``YYYY-MM-DD``."""
    return date.fromisoformat(given) if isinstance(given, str) else given


def _column(values: pd.Series[Any]) -> dict[str, Any]:
    """A column as the page carries it: texts as places in a list of levels, numbers as they are, unknown as null."""
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return {"numbers": values.astype(object).where(values.notna(), None).tolist()}
    codes, levels = pd.factorize(values)
    return {"levels": [str(level) for level in levels], "codes": codes.tolist()}
