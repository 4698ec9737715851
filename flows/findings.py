"""What a night found: rows by table, what could not be measured, what failed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from flows.failures import Failure, where_raised
from flows.listen import HeardCall
from postcall.analyzer import Analyzer
from postcall.call import Call
from postcall.conduct.evaluate import Judge
from postcall.conduct.scene import Said
from postcall.conduct.scorecard import conduct_rows
from postcall.errors import AnalyzerError, MissingInput
from postcall.policy import PolicySet
from postcall.rollup import Analysed, Rowless
from postcall.tables import Stamp, TableSpec, spec_of
from storage.pieces import Pieces
from storage.runs import RunSkip

SKIPS = spec_of(RunSkip)
BROKE = "the analyzer broke; run_failure says where"


@dataclass(slots=True)
class Findings:
    """What the night has found so far.

    Attributes
    ----------
    rows
        Table name -> rows; only those that were not yet put down, where a night puts them down.
    skips, skipped
        Analyzers that could not measure a call; and of those that were put down how many, by analyzer and reason.
    failures
        Everything that failed.
    call_ids, recordings, engines
        Calls heard, recordings decoded, and by engine the calls whose words it wrote.
    """

    rows: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list), repr=False)
    skips: list[RunSkip] = field(default_factory=list)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    call_ids: list[str] = field(default_factory=list)
    recordings: int = 0
    engines: Counter[str] = field(default_factory=Counter)

    def add(
        self, heard: HeardCall, analyzers: tuple[Analyzer, ...], policies: PolicySet, judges: tuple[Judge, ...] = ()
    ) -> None:
        """Count one call, let every analyzer measure it, then judge it by the manuals of its language and queue."""
        call = heard.call
        self.call_ids.append(call.call_id)
        self.failures += heard.failures
        self.recordings += call.recording is not None
        if call.transcript is not None:
            self.engines[call.transcript.engine] += 1
        of_call: dict[str, list[Any]] = defaultdict(list)
        for analyzer in analyzers:
            self._measure(call, analyzer, policies, of_call)
        self.judge(call, judges, of_call)

    def judge(self, call: Call, judges: tuple[Judge, ...], of_call: Mapping[str, Sequence[Any]]) -> None:
        """Judge a call by the manuals of its language and queue; what analyzers made of it is given, by table."""
        if call.recording is not None:
            asked = [judge for judge in judges if judge.applies_to(call)]
            said = asked[0].listen(call) if asked else None
            for judge in asked:
                self._judge(call, judge, of_call, said)

    @property
    def held(self) -> int:
        """Rows in memory."""
        return sum(map(len, self.rows.values())) + len(self.skips)

    def put_down(self, pieces: Pieces, stamps: Mapping[str, tuple[TableSpec, Stamp]]) -> None:
        """Keep the rows on the disk, and forget them.

        Parameters
        ----------
        pieces
            Where.
        stamps
            Declaration and stamp of every table, by name.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        spec, stamp = stamps[SKIPS.name]
        pieces.add(spec, self.skips, stamp)
        self.skipped = self._all_skipped()
        self.skips = []
        for name, (spec, stamp) in stamps.items():
            if name in self.rows:
                pieces.add(spec, self.rows[name], stamp)
        self.rows.clear()

    def _all_skipped(self) -> Counter[tuple[str, str]]:
        return self.skipped + Counter((skip.analyzer, skip.reason) for skip in self.skips)

    def analysed(self, analyzers: tuple[Analyzer, ...]) -> Analysed:
        """Which tables the analyzers were to fill, and how many calls have no row in them, and why."""
        skipped = self._all_skipped()
        tables = {analyzer.name: [spec for spec in analyzer.tables if spec.prefix == "call_"] for analyzer in analyzers}
        broke = Counter((one.analyzer, BROKE) for one in self.failures if one.stage == "analyzer" and one.analyzer in tables)
        return Analysed(
            calls=len(self.call_ids),
            tables=tuple(spec for specs in tables.values() for spec in specs),
            rowless=tuple(
                Rowless(spec.name, reason, calls)
                for (name, reason), calls in sorted((skipped + broke).items())
                for spec in tables[name]
            ),
        )

    def _judge(self, call: Call, judge: Judge, of_call: Mapping[str, Sequence[Any]], said: Said | None) -> None:
        try:
            rows = list(conduct_rows(judge, call, of_call, said))
        except Exception as error:  # noqa: BLE001  # a rule's defect costs the manual's rows of this call, not the night
            broken = AnalyzerError(
                f"manual '{judge.manual.id}' version {judge.manual.heading.version} broke: {where_raised(error)}",
                hint="the call is in order; mend the manual or its protocol and run the night again",
            )
            self.failures.append(Failure("analyzer", broken, call_id=call.call_id, analyzer=judge.manual.id))
        else:
            for kind, group in groupby(rows, type):
                self.rows[spec_of(kind).name] += group

    def _measure(self, call: Call, analyzer: Analyzer, policies: PolicySet, of_call: dict[str, list[Any]]) -> None:
        try:
            rows = analyzer.rows(call, policies)
        except MissingInput as missing:
            skip = RunSkip(call_id=call.call_id, analyzer=analyzer.name, part=missing.part, reason=missing.message)
            self.skips.append(skip)
        except Exception as error:  # noqa: BLE001  # an analyzer's defect costs its rows of this call, not the night
            broken = AnalyzerError(
                f"analyzer '{analyzer.name}' version {analyzer.version} broke: {where_raised(error)}",
                hint="the call is in order; mend the analyzer and run the night again",
            )
            self.failures.append(Failure("analyzer", broken, call_id=call.call_id, analyzer=analyzer.name))
        else:
            for kind, group in groupby(rows, type):
                name, found = spec_of(kind).name, list(group)
                self.rows[name] += found
                of_call[name] += found
