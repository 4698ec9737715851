"""Tables about the nights themselves: what ran, what failed and why, what could not be measured."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from postcall.fields import CallId
from postcall.tables import Field, table

STAGES = ("call_record", "recording", "speakers", "transcript", "analyzer", "table")


@table("run_night", grain="night that ran to its end", primary_key=("night",))
class RunNight:
    """What made a day's rows: the whole policy, versions and digests, so that every number can be made again."""

    night: Annotated[str, Field("Business day of the night, YYYY-MM-DD.")]
    started_at: Annotated[datetime, Field("When the run that wrote these rows began.")]
    finished_at: Annotated[datetime, Field("When it ended.")]
    time_zone: Annotated[str, Field("The centre's time zone, which decides the business day.")]
    calls: Annotated[int, Field("Call records of the day that could be used.", minimum=0)]
    recordings: Annotated[int, Field("Recordings that were decoded.", minimum=0)]
    transcripts: Annotated[int, Field("Calls with words.", minimum=0)]
    quarantined: Annotated[int, Field("Call records and recordings put aside; run_failure says why.", minimum=0)]
    transcriber: Annotated[str, Field("Recogniser in force, or why there was none.")]
    policy_name: Annotated[str, Field("Policy file in force.")]
    policy_json: Annotated[str, Field("Every policy value in force, as JSON.")]
    versions_json: Annotated[str, Field("Versions of postcall, Python and the libraries that shape the numbers, as JSON.")]
    inputs_digest: Annotated[str, Field("Digest of the day's call records and recordings.")]


@table("run_failure", grain="thing that failed in a night", primary_key=("failure_id",))
class RunFailure:
    """What failed, why, and what to do. No words of a call, no names, no numbers of customers."""

    failure_id: Annotated[str, Field("Digest of what failed; the same failure has the same id when run again.")]
    call_id: CallId | None
    recording: Annotated[str | None, Field("Recording concerned, relative to the recordings folder.", pii=True)]
    line: Annotated[int | None, Field("Line of the call-record file.", minimum=1)]
    stage: Annotated[str, Field("Where it failed.", enum=STAGES)]
    analyzer: Annotated[str | None, Field("Analyzer or table concerned.")]
    code: Annotated[str, Field("Kind of failure, stable: docs/operations.md lists them.")]
    message: Annotated[str, Field("What happened.")]
    hint: Annotated[str | None, Field("What to do about it.")]
    is_quarantined: Annotated[bool, Field("Whether a call record or recording was put aside because of it.")]


@table("run_skip", grain="analyzer that could not measure a call", primary_key=("call_id", "analyzer"))
class RunSkip:
    """Which analyzer said nothing about which call, and why: the measure is unknown there, not zero."""

    call_id: CallId
    analyzer: Annotated[str, Field("Analyzer that was skipped.")]
    part: Annotated[str, Field("Part of the call that it lacked.")]
    reason: Annotated[str, Field("Why the call does not have that part.")]


RUN_TABLES = (RunFailure, RunSkip, RunNight)
"""In the order in which a night writes them."""
