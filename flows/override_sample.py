"""A sample of rules' results for people to review: drawn at random, alike for every rule, and without a word of a call.

Definition
----------
Each result has a number that follows from seed, call and rule alone; within a rule and outcome those of the smallest numbers
are taken, so that the order of rows does not matter. Rules take turns, and within a rule failed, passed, not applicable and not
measurable results.

Edge cases
----------
The outcomes of a rule have their turns alike, however often they occur: an agreement that is measured on a sample is that of
this mix, and says more of rare failures than a draw of all calls would. What was reviewed already is left out. Neither the
automatic result, which would sway the reviewer, nor a word of a call is in the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from flows.exports import FORMULA
from flows.overrides import OVERRIDES, RESULTS
from postcall.conduct.tables import CallScorecard
from postcall.errors import SettingsError
from postcall.tables import spec_of
from storage.tables import Tables

CARDS = spec_of(CallScorecard).name
ORDER_OF_OUTCOMES = ("fail", "pass", "not_applicable", "not_measurable")
"""In which a rule's results take their turns."""
LEAD_IN_MS = 2_000
"""A page opens this much before the evidence."""

_FORMULA = re.compile(FORMULA)


def judged_days(tables: Tables, first: date | None = None, last: date | None = None) -> list[date]:
    """Business days on which manuals judged calls, in order; bounds included."""
    if CARDS not in tables.names():
        return []
    return sorted(tables.scan(CARDS, columns=["call_date"], first=first, last=last)["call_date"].unique().to_pylist())


def sample_results(
    tables: Tables,
    n: int,
    *,
    seed: int,
    first: date | None = None,
    last: date | None = None,
    manual: str | None = None,
    rules: Sequence[str] = (),
) -> pd.DataFrame:
    """Results to review, drawn at random so that each rule, and of each rule each outcome, has its turn.

    Parameters
    ----------
    tables
        Of the store.
    n
        Most results.
    seed
        The same seed, store and choice give the same sample.
    first, last
        Business days, both included; None for no bound.
    manual, rules
        Only of these; None and empty for all.

    Returns
    -------
    call_id, call_date, manual, rule_id, start_ms of its first evidence; in order of call and rule, so that a call is opened
    once.
    """
    columns = ["call_id", "call_date", "manual", "rule_id", "outcome", "start_ms"]
    done = (
        {_key_of(row) for row in tables.scan(OVERRIDES, columns=["call_id", "rule_id"]).to_pylist()}
        if OVERRIDES in tables.names()
        else set()
    )
    days = judged_days(tables, first, last)
    drawn: list[pd.DataFrame] = []
    for day in days:  # a day at a time: months of results need not fit into memory
        only = None if manual is None else pc.field("manual") == manual
        of_day = tables.scan(RESULTS, columns=columns, first=day, last=day, only=only).to_pandas(types_mapper=pd.ArrowDtype)
        if rules:
            of_day = of_day[of_day["rule_id"].isin(list(rules))]
        key = of_day["call_id"].astype(str) + "\x1f" + of_day["rule_id"].astype(str)
        of_day = of_day.assign(draw=_numbers(key, seed))
        is_open = [
            (call_id, rule_id) not in done for call_id, rule_id in zip(of_day["call_id"], of_day["rule_id"], strict=True)
        ]
        drawn.append(_fewest(of_day[pd.Series(is_open, index=of_day.index, dtype=bool)], n))
    if not drawn:
        return pd.DataFrame(columns=columns)
    pool = _fewest(pd.concat(drawn, ignore_index=True), n)
    if pool.empty:
        return pool[columns]
    pool["turn"] = pool.sort_values("draw").groupby(["rule_id", "outcome"]).cumcount()
    place = {outcome: number for number, outcome in enumerate(ORDER_OF_OUTCOMES)}
    pool["place"] = [place[outcome] for outcome in pool["outcome"]]
    pool = pool.sort_values(["rule_id", "turn", "place"])
    pool["round"] = pool.groupby("rule_id").cumcount()
    pool["rule_draw"] = _numbers(pool["rule_id"].astype(str), seed)
    taken = pool.sort_values(["round", "rule_draw", "rule_id"]).head(n)
    return taken.sort_values(["call_date", "call_id", "rule_id"])[columns].reset_index(drop=True)


def _key_of(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["call_id"], row["rule_id"]


def _numbers(texts: pd.Series[str], seed: int) -> np.ndarray[Any, Any]:
    """A number for each text, by a keyed hash."""
    return pd.util.hash_array(texts.to_numpy(dtype=object), hash_key=f"{seed % 10**16:016d}", categorize=False)


def _fewest(rows: pd.DataFrame, n: int) -> pd.DataFrame:
    """Of each rule and outcome the ``n`` results of the smallest numbers."""
    return rows.sort_values(["draw", "call_id"]).groupby(["rule_id", "outcome"], sort=False).head(n)


def write_sample(sample: pd.DataFrame, path: Path, *, titles: Mapping[str, str], server: str) -> None:
    """Write a sample as CSV for the reviewer, who fills in result, reviewer and comment and hands it in.

    Parameters
    ----------
    sample
        Of `sample_results`.
    path
        File to write.
    titles
        Rule -> what a good call does.
    server
        Address of `postcall serve`.

    Raises
    ------
    SettingsError
        The file cannot be written.
    """
    header = ["call_id", "call_date", "manual", "rule_id", "rule_title", "evidence_at", "page"]
    header += ["result", "reviewer", "reviewed_at", "comment"]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    for row in sample.to_dict("records"):
        start_ms = None if pd.isna(row["start_ms"]) else int(row["start_ms"])
        cells = [row["call_id"], row["call_date"].isoformat(), row["manual"], row["rule_id"], titles.get(row["rule_id"], "")]
        cells += [_clock(start_ms), _page(server, row["call_id"], row["call_date"], start_ms), "", "", "", ""]
        writer.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in map(str, cells)])
    try:
        path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    except OSError as error:
        raise SettingsError(f"'{path}' cannot be written: {error.strerror}") from error


def _clock(ms: int | None) -> str:
    """``4:05``: a place in the recording as the page shows it."""
    if ms is None:
        return ""
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _page(server: str, call_id: str, day: date, start_ms: int | None) -> str:
    address = f"{server.rstrip('/')}/call?{urlencode({'id': call_id, 'date': day.isoformat()})}"
    return address if start_ms is None else f"{address}#t={max(0, start_ms - LEAD_IN_MS) / 1000:.1f}"
