"""Analyzers over calls: rows by table, skips and failures. Pure but for the analyzers' own defects, which it contains."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from flows.failures import Failure, where_raised
from postcall.analyzer import Analyzer
from postcall.call import Call
from postcall.errors import AnalyzerError, MissingInput
from postcall.policy import PolicySet
from storage.runs import RunSkip


@dataclass(slots=True)
class Measures:
    """What the analyzers said of the calls so far.

    Attributes
    ----------
    rows
        Table name -> rows.
    skips
        Analyzers that could not measure a call.
    failures
        Analyzers that broke.
    """

    rows: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list), repr=False)
    skips: list[RunSkip] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, call: Call, analyzers: tuple[Analyzer, ...], policies: PolicySet) -> None:
        """Run every analyzer on one call."""
        for analyzer in analyzers:
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
                for row in rows:
                    self.rows[row.__table__.name].append(row)
