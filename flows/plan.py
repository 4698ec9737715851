"""What there is to do tonight: the day's call records, each with its recording. Nothing is decoded yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from flows.ear import in_time
from flows.failures import Failure
from flows.settings import Settings
from postcall.errors import (
    MissingRecording,
    RecordingError,
    SettingsError,
    TranscriptError,
    UnmatchedRecording,
    UnsafePath,
)
from postcall.speech.brought import SUFFIXES
from postcall.telephony import Telephony
from storage.artifacts import digest
from storage.ledger import Ledger
from storage.recording_names import NamePattern
from storage.recordings import Fingerprint, Recordings, expand, match
from storage.telephony import ReadRecords, RecordProblem, business_day, read_call_records, records_from_names
from storage.tombstones import Tombstones


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call of the day.

    Attributes
    ----------
    telephony
        Its call record.
    recording
        Path of its recording below the recordings folder, or None when it has none that can be used.
    sha256
        Digest of the recording's bytes; None without one.
    transcript_file, transcript_sha256
        Transcript that lies beside the recording, and its digest; None without one.
    missing
        Why there is no recording, when there is none.
    fingerprint
        What told of the recording when it was digested; None where nobody knows.
    """

    telephony: Telephony
    recording: str | None = field(default=None, repr=False)
    sha256: str | None = None
    transcript_file: str | None = field(default=None, repr=False)
    transcript_sha256: str | None = None
    missing: str | None = None
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class NightPlan:
    """A day's calls, in order of id, and what of the day cannot be used."""

    day: date
    recordings: Recordings
    calls: tuple[PlannedCall, ...]
    failures: tuple[Failure, ...]

    @property
    def digest(self) -> str:
        """Digest of the day's call records, recordings and transcripts beside them, whenever they were written."""
        return digest([_without_fingerprint(asdict(call)) for call in self.calls])


def plan_night(settings: Settings, day: date, ledger: Ledger) -> NightPlan:
    """Match the day's call records with the recordings.

    Raises
    ------
    SettingsError
        The recordings folder or the call-record file is not there.
    TelephonyError
        Nothing of the call-record file can be read.
    """
    recordings = _open_folder(expand(settings.recordings, day))
    erased = Tombstones.read(settings.store)
    files = [path for path in recordings.list() if not erased.has_path(path)]
    pattern = NamePattern(settings.recorder.name_pattern) if settings.recorder.name_pattern else None
    read = _without_erased(_read_records(settings, day, files, pattern), erased)
    matched = match(read.records, files)
    refused = [problem for problem in read.problems if problem.call_date in (day, None)]
    failures = [
        Failure("call_record", problem.error, call_id=problem.call_id, recording=problem.recording, line=problem.line)
        for problem in refused
    ]
    explained = {problem.recording for problem in read.problems}
    orphans = [
        path
        for path in matched.unmatched
        if path not in explained and (pattern.day(path, settings.records) if pattern else None) in (day, None)
    ]
    failures += [_orphan(path) for path in orphans]
    if unusable := recordings.count_unusable_names():
        nameless = UnsafePath(f"{unusable} recordings have names that are no text", hint="rename them: only UTF-8 is read")
        failures.append(Failure("recording", nameless))

    zone = settings.records.time_zone
    today = sorted((r for r in read.records if business_day(r, zone) == day), key=lambda record: record.call_id)
    found, problems = _hashed(
        recordings,
        ledger,
        {record.call_id: matched.paths[record.call_id] for record in today if record.call_id in matched.paths},
        settings.listen_limit_s,
    )
    gone = {call_id for call_id, (sha256, _) in found.items() if erased.has_sound(sha256)}
    today = [record for record in today if record.call_id not in gone]
    hashes = {call_id: sha256 for call_id, (sha256, _) in found.items() if call_id not in gone}
    problems |= {call_id: error for call_id, error in matched.problems.items() if call_id not in problems}
    problems |= ledger.settle_owners(day, hashes)
    ledger.mark_seen(day, [record.call_id for record in today])
    ledger.remember_customers(day, _customers(today, matched.paths, refused))

    calls = []
    for record in today:
        path = matched.paths.get(record.call_id)
        error: RecordingError | None = problems.get(record.call_id)
        if isinstance(error, MissingRecording) and record.recording is not None:
            error = _more_exactly(error, recordings, record.recording)
        if path is None and error is None and record.answered_at is not None:
            error = MissingRecording(
                "the call was answered, but there is no recording of it",
                hint="name it in the column recording, or name the file by the call_id; see docs/call-records.md",
            )
        if error is not None:
            failures.append(Failure("recording", error, call_id=record.call_id, recording=path or record.recording))
            calls.append(PlannedCall(record, missing=f"no usable recording ({error.code})"))
        elif path is None:
            calls.append(PlannedCall(record, missing="the call was not answered, so there is no recording"))
        else:
            sha256, fingerprint = found[record.call_id]
            call = PlannedCall(record, path, sha256, fingerprint=fingerprint)
            try:
                calls.append(_with_transcript(call, recordings))
            except RecordingError as unusable:
                refusal = TranscriptError(
                    f"the transcript beside the recording cannot be used ({unusable.code})",
                    hint="put a plain file there that the nightly run's user may read",
                )
                failures.append(Failure("transcript", refusal, call_id=record.call_id, recording=path))
                calls.append(call)
    return NightPlan(day, recordings, tuple(calls), tuple(failures))


def _without_fingerprint(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name != "fingerprint"}


def _customers(
    records: Iterable[Telephony], paths: Mapping[str, str], refused: Iterable[RecordProblem]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Customer, call id and path of all records that name a customer."""
    for record in records:
        if record.customer_key:
            yield record.customer_key, record.call_id, paths.get(record.call_id) or record.recording
    for problem in refused:
        if problem.customer_key:
            yield problem.customer_key, problem.call_id, problem.recording


def _without_erased(read: ReadRecords, erased: Tombstones) -> ReadRecords:
    """Records without those of calls that were erased, whoever delivers them again."""
    return replace(
        read,
        records=tuple(
            record
            for record in read.records
            if not erased.has_call(record.call_id) and not (record.recording and erased.has_path(record.recording))
        ),
        problems=tuple(
            problem
            for problem in read.problems
            if not (problem.call_id and erased.has_call(problem.call_id))
            and not (problem.recording and erased.has_path(problem.recording))
        ),
    )


def _open_folder(root: str) -> Recordings:
    try:
        return Recordings(root)
    except SettingsError as error:
        # The address of an object store may hold a key.
        where = "" if "://" in root else f": '{root}'"
        raise SettingsError(f"{error.message}{where}", hint=error.hint) from error


def _read_records(settings: Settings, day: date, files: Iterable[str], pattern: NamePattern | None) -> ReadRecords:
    if settings.calls is not None:
        return read_call_records(expand(settings.calls, day), settings.records, pattern)
    if pattern is None:
        raise SettingsError(
            "there are no call records: neither a call-record file nor a pattern of recording names is set",
            hint="--calls FILE, or recorder.name_pattern in the settings",
        )
    return records_from_names(files, pattern, settings.records)


def _more_exactly(error: RecordingError, recordings: Recordings, path: str) -> RecordingError:
    """What is at a path at which no recording was listed: a folder, say."""
    try:
        recordings.check(path)
    except MissingRecording:
        return error
    except RecordingError as found:
        return found
    return error


def _orphan(path: str) -> Failure:
    error = UnmatchedRecording(
        "no call record names this recording", hint="is the call-record export complete? see docs/call-records.md"
    )
    return Failure("recording", error, recording=path)


def _hashed(
    recordings: Recordings, ledger: Ledger, paths: dict[str, str], limit_s: float
) -> tuple[dict[str, tuple[str, Fingerprint]], dict[str, RecordingError]]:
    """Call id -> SHA-256 of its recording and its fingerprint; a file that has not changed since is not read again."""
    hashes: dict[str, tuple[str, Fingerprint]] = {}
    problems: dict[str, RecordingError] = {}
    fresh: dict[str, tuple[Fingerprint, str]] = {}
    try:
        for call_id, path in paths.items():
            try:
                fingerprint = recordings.fingerprint(path)
                known = ledger.digest(path, fingerprint)
                hashes[call_id] = known or in_time(limit_s, partial(recordings.sha256, path)), fingerprint
            except RecordingError as error:
                problems[call_id] = error
                continue
            if known is None:
                fresh[path] = (fingerprint, hashes[call_id][0])
    finally:
        # Also when a share fails half-way: the step is tried again, and must not begin anew each time.
        ledger.remember_digests(fresh)
    return hashes, problems


def _with_transcript(call: PlannedCall, recordings: Recordings) -> PlannedCall:
    assert call.recording is not None
    beside = recordings.sidecar(call.recording, SUFFIXES, call_id=call.telephony.call_id)
    if beside is None:
        return call
    return replace(call, transcript_file=beside, transcript_sha256=recordings.sha256(beside))
