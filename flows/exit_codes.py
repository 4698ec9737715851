"""Exit codes of the command line, for cron; docs/operations.md says what to do about each."""

from __future__ import annotations

from collections.abc import Iterable

from flows.night import NightReport
from postcall.errors import PolicyError, SettingsError, TelephonyError

OK, STOPPED, WRONG_USE, QUARANTINED, DEFECTS = 0, 1, 2, 3, 4

_FROM_BEST_TO_WORST = (OK, QUARANTINED, DEFECTS, WRONG_USE, STOPPED)
"""A day with which nothing was done is worse than one that lacks something; one left half-way is worse still."""


def code_of_report(report: NightReport) -> int:
    """Of a night that ran to its end."""
    return DEFECTS if report.defects else QUARANTINED if report.quarantined else OK


def code_of_error(error: Exception) -> int:
    """Of what ended a command."""
    return WRONG_USE if isinstance(error, SettingsError | PolicyError | TelephonyError) else STOPPED


def worst(codes: Iterable[int]) -> int:
    """The worst of several; 0 of none."""
    return max(codes, key=_FROM_BEST_TO_WORST.index, default=OK)
