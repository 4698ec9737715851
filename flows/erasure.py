"""Erasing a customer: what there is of the calls, its removal, and the proof of it.

Definition
----------
Beside what the store keeps by itself (`storage.erasure`) these go: pages of the calls and their sound, every other report or
export that names a call or the customer, other files of the store that do, the ids in the audit of opened calls, and prints of
agents' voices that were made of these calls: the other party may be heard in them. Reports
that went are made again with `postcall report publish`.

The proof is a JSON file below ``erasures/`` of the store. It holds when, how much of what, the SHA-256 of every file removed,
and a digest of the customer key: scrypt with a salt of its own, for keys are telephone numbers, which a plain digest does not
hide.

Edge cases
----------
Broken off, it is run again: the draft of the proof says what was removed before. Nothing is printed or kept of the key, the ids
and the paths. A recording that belongs to the source's folder stays unless its removal is asked for; its tombstone keeps nights
from taking it in again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flows.mentions import Mentions
from flows.pages.audit import FILE_NAME as AUDIT
from flows.pages.audit import PageAudit
from flows.pages.labels import Labels
from flows.pages.publish import CALLS, MANIFEST, Manifest, call_page_name, publish_day, published_days, reports_folder
from flows.rescore import PART
from flows.settings import Settings
from postcall.errors import SettingsError, StorageError
from postcall.speech.brought import SUFFIXES
from storage.erasure import (
    Owned,
    Removed,
    artifact_files,
    count_rows,
    erase_rows,
    find_calls,
    recordings_there,
    remove_artifacts,
    removed_file,
    tables_of_calls,
)
from storage.ledger import FILE_NAME as LEDGER
from storage.ledger import Ledger
from storage.one_run import FILE_NAME as LOCK
from storage.one_run import only_run
from storage.recordings import Recordings, expand
from storage.tables import Tables
from storage.tombstones import FILE_NAME as TOMBSTONES
from storage.tombstones import Tombstones, write_whole
from storage.voiceprints import FOLDER as VOICEPRINTS
from storage.voiceprints import Voiceprints

PROOFS = "erasures"
DRAFT = ".draft.json"
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
EXPORTS = Path("exports")
"""Where `postcall export` writes when nobody says where."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What erasing a customer would remove.

    Attributes
    ----------
    owned
        The calls and what belongs to them.
    rows
        Table -> rows.
    artifacts, pages, mentions, exports
        Files: of the recordings' artifacts, pages of the calls with their sound, other files of reports and store that name
        one, and exports that do.
    recordings
        Day and path below its folder, of recordings and transcripts that are there.
    voiceprints
        Prints of agents' voices that were made of the calls.
    """

    owned: Owned = field(repr=False)
    rows: Mapping[str, int]
    artifacts: tuple[Path, ...] = field(repr=False)
    pages: tuple[Path, ...] = field(repr=False)
    mentions: tuple[Path, ...] = field(repr=False)
    exports: tuple[Path, ...] = field(repr=False)
    recordings: tuple[tuple[date, str], ...] = field(repr=False)
    voiceprints: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How much of what."""
        return {
            "calls": len(self.owned.call_ids),
            "rows": sum(self.rows.values()),
            "artifacts": len(self.artifacts),
            "call_pages": len(self.pages),
            "reports_and_files": len(self.mentions),
            "exports": len(self.exports),
            **({"voiceprints": self.voiceprints} if self.voiceprints else {}),
        }


def plan_erasure(settings: Settings, customer: str, exports: Iterable[Path] = ()) -> ErasurePlan:
    """What there is of a customer; nothing is changed.

    Parameters
    ----------
    settings
        Store and recordings.
    customer
        The key of the call records.
    exports
        Files and folders of exports to search as well.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    owned = find_calls(settings.store, customer)
    tables = Tables(settings.store)
    reports = reports_folder(settings.store, settings.pages)
    mentions = Mentions((*owned.call_ids, customer))
    pages = tuple(_pages(reports, owned))
    own = (settings.store / name for name in ("tables", "artifacts", LEDGER, AUDIT, LOCK, TOMBSTONES, PROOFS, VOICEPRINTS))
    known = [*own, reports, *_recording_folders(settings), *pages]
    named = [file for file in mentions.below(settings.store, leaving_out=known) if not file.name.startswith(LEDGER)]
    in_reports = [file for file in mentions.below(reports, leaving_out=pages) if file.name not in (MANIFEST, "index.html")]
    return ErasurePlan(
        owned=owned,
        rows=count_rows(tables, owned) if owned else {},
        artifacts=tuple(artifact_files(settings.store, owned.sounds)),
        pages=pages,
        mentions=(*in_reports, *named),
        exports=tuple(file for place in exports for file in _mentioning(mentions, place)),
        recordings=tuple(_recordings(settings, owned)),
        voiceprints=Voiceprints(settings.store).count_sounds(owned.sounds),
    )


def erase(
    settings: Settings, customer: str, *, with_recordings: bool = False, exports: Iterable[Path] = ()
) -> tuple[Path, dict[str, Any]]:
    """Remove all that there is of a customer, for good.

    Parameters
    ----------
    settings
        Store and recordings.
    customer
        The key of the call records.
    with_recordings
        Whether recordings and the transcripts beside them go as well.
    exports
        Files and folders of exports to search.

    Returns
    -------
    The file of the proof, and what it says.

    Raises
    ------
    SettingsError
        There is nothing of this customer, and nothing was begun.
    StorageError
        The store cannot be read or written, or another run is at work; run it again.
    """
    store = settings.store
    with only_run(store):
        plan = plan_erasure(settings, customer, exports)
        proof = Proof.begin(store, customer)
        if not plan.owned and proof.is_new:
            raise SettingsError("no call of this customer is in the store", hint="is the key written as in the call records?")
        # What a killed re-score left: rows of all calls, which the next one makes again.
        shutil.rmtree(store / PART, ignore_errors=True)
        owned = plan.owned
        paths = [path for _, path in owned.paths]
        recordings = plan.recordings if with_recordings else ()
        Tombstones.read(store).add(store, calls=owned.call_ids, paths=paths, sounds=owned.sounds)
        proof.note_counts({**plan.counts, "recordings": len(recordings)}, plan.rows)
        proof.note([removed_file("export", file) for file in plan.exports])
        for file in plan.exports:
            file.unlink(missing_ok=True)
        proof.note([removed_file("call page", file) for file in plan.pages])
        proof.note([removed_file("report or file", file) for file in plan.mentions])
        _remove_pages(settings, plan)
        PageAudit(store).forget(owned.call_ids)
        proof.note([removed_file("artifact", file) for file in plan.artifacts])
        remove_artifacts(store, owned.sounds)
        Voiceprints(store).without_sounds(owned.sounds, lambda file: proof.note([removed_file("voiceprints", file)]))
        for day, path in recordings:
            folder = Recordings(expand(settings.recordings, day))
            proof.note([Removed("recording", folder.sha256(path), folder.fingerprint(path).size_bytes)])
            folder.remove(path)
        with Ledger(store) as ledger:
            ledger.forget(owned.call_ids, paths, owned.sounds)
        tables = Tables(store)
        for name in tables_of_calls(tables) if owned else ():
            _, removed = erase_rows(tables, name, owned)
            proof.note([Removed("table file", sha256, size) for sha256, size in removed])
        if left := _left(settings, owned, customer):
            raise StorageError(f"{left} files of the store still name the customer or a call", hint="run it again")
        return proof.finish()


def is_erased(store: Path, key: str, of: str = "customer") -> Path | None:
    """The newest proof that a customer, or an agent's voice, was erased; None where there is none."""
    found = [
        file for file in sorted((store / PROOFS).glob("*.json")) if not file.name.endswith(DRAFT) and _is_of(file, key, of)
    ]
    return found[-1] if found else None


# ── the proof ────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Proof:
    """A proof that is being written; what is noted is on disk before the file that it notes is gone."""

    path: Path
    content: dict[str, Any]
    is_new: bool

    @classmethod
    def begin(cls, store: Path, key: str, of: str = "customer") -> Proof:
        """Begin a proof, or go on with its draft.

        Parameters
        ----------
        store
            Folder of the store.
        key, of
            Whose; ``customer`` or ``agent``.
        """
        for draft in sorted((store / PROOFS).glob(f"*{DRAFT}")):
            if _is_of(draft, key, of):
                return cls(draft, json.loads(draft.read_text(encoding="utf-8")), False)
        now = datetime.now(UTC)
        salt = secrets.token_bytes(16)
        digest = customer_digest(key, salt)
        content: dict[str, Any] = {
            "begun_at": now.isoformat(timespec="seconds"),
            "finished_at": None,
            "program": f"postcall {version('postcall')}",
            of: {"digest": digest, "salt": salt.hex(), "kind": "scrypt", **SCRYPT},
            "removed": {},
            "rows_by_table": {},
            "files": [],
        }
        return cls(store / PROOFS / f"{now:%Y%m%dT%H%M%SZ}-{digest[:8]}{DRAFT}", content, True)

    def note_counts(self, counts: Mapping[str, int], rows: Mapping[str, int]) -> None:
        """Note how much goes."""
        # Of an erasure that was broken off and goes on: what was counted first was more.
        for kept, more in ((self.content["removed"], counts), (self.content["rows_by_table"], rows)):
            for name, count in more.items():
                if count or name in counts:
                    kept[name] = max(kept.get(name, 0), count)
        self._write()

    def note(self, removed: Iterable[Removed]) -> None:
        """Note files that are about to go."""
        files = [asdict(one) for one in removed]
        if files:
            known = {(one["kind"], one["sha256"]) for one in self.content["files"]}
            self.content["files"] += [one for one in files if (one["kind"], one["sha256"]) not in known]
            self._write()

    def finish(self) -> tuple[Path, dict[str, Any]]:
        """Make the draft the proof: where it lies, and what it says."""
        self.content["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.content["files_by_kind"] = dict(Counter(one["kind"] for one in self.content["files"]))
        self._write()
        final = self.path.with_name(self.path.name.removesuffix(DRAFT) + ".json")
        self.path.replace(final)
        return final, self.content

    def _write(self) -> None:
        write_whole(self.path, json.dumps(self.content, indent=1))


def customer_digest(customer: str, salt: bytes) -> str:
    """What a proof holds of a key: slow to make, so that telephone numbers cannot be tried one after another."""
    return hashlib.scrypt(customer.encode(), salt=salt, dklen=32, **SCRYPT).hex()


def _is_of(proof: Path, key: str, of: str) -> bool:
    try:
        known = json.loads(proof.read_text(encoding="utf-8"))[of]
        return bool(known["digest"] == customer_digest(key, bytes.fromhex(known["salt"])))
    except (OSError, ValueError, LookupError, TypeError):
        return False


# ── pages, exports, recordings ───────────────────────────────────────────────


def _pages(reports: Path, owned: Owned) -> Iterable[Path]:
    """Pages of the calls and their sound, published or written one by one, and what an interrupted publication left."""
    names = {call_page_name(call_id) for call_id in owned.call_ids}
    if names and reports.is_dir():
        for file in sorted(reports.rglob("*")):
            if (
                file.is_file()
                and file.parent.name == CALLS
                and (file.stem in names or file.name.removesuffix(".part")[1:] in names)
            ):
                yield file


def _mentioning(mentions: Mentions, place: Path) -> Iterable[Path]:
    if place.is_file():
        return [place] if mentions.are_in(place) else []
    return mentions.below(place)


def _recording_folders(settings: Settings) -> list[Path]:
    """The recordings folder where it lies in the store, as a demo's does."""
    root = settings.recordings.split("{")[0]
    return [] if "://" in root else [Path(root)]


def _recordings(settings: Settings, owned: Owned) -> Iterable[tuple[date, str]]:
    for day in sorted({day for day, _ in owned.paths}):
        try:
            folder = Recordings(expand(settings.recordings, day))
        except SettingsError:
            continue  # the folder of that day is no longer there
        for path in recordings_there(folder, [path for at, path in owned.paths if at == day], SUFFIXES):
            yield day, path


def _remove_pages(settings: Settings, plan: ErasurePlan) -> None:
    reports = reports_folder(settings.store, settings.pages)
    labels = Labels(settings.pages.language)
    names = {call_page_name(call_id) for call_id in plan.owned.call_ids}
    gone = {file for file in (*plan.pages, *plan.mentions) if file.exists()}
    for day in published_days(reports):
        folder = reports / day.isoformat()
        here = {file.relative_to(folder) for file in gone if file.is_relative_to(folder)}
        manifest = Manifest.read(folder)
        if not here and names.isdisjoint(manifest.calls):
            continue
        with publish_day(reports, day, labels) as pages:
            for path in here:
                (pages.folder / path).unlink(missing_ok=True)
            for name in names & set(pages.manifest.calls):
                del pages.manifest.calls[name]
            for name in [name for name in pages.manifest.reports if not (pages.folder / f"{name}.html").is_file()]:
                del pages.manifest.reports[name]
            lost = [name for name in pages.manifest.calls if not (pages.folder / CALLS / f"{name}.html").is_file()]
            for name in lost:
                del pages.manifest.calls[name]
    for file in gone:
        file.unlink(missing_ok=True)


def _left(settings: Settings, owned: Owned, customer: str) -> int:
    """How many files of the store still name the customer or a call, when all is done."""
    tables = Tables(settings.store)
    left = sum(1 for count in (count_rows(tables, owned) if owned else {}).values() if count)
    mentions = Mentions((*owned.call_ids, customer))
    for name in tables_of_calls(tables):
        left += sum(1 for _ in mentions.below(tables.path(name) / "_delta_log"))
    left += len(list(_pages(reports_folder(settings.store, settings.pages), owned)))
    left += len(artifact_files(settings.store, owned.sounds)) + Voiceprints(settings.store).count_sounds(owned.sounds)
    known = [settings.store / name for name in ("tables", "artifacts", LEDGER, AUDIT)] + _recording_folders(settings)
    left += sum(1 for file in mentions.below(settings.store, leaving_out=known) if not file.name.startswith((LEDGER, AUDIT)))
    for file, table in ((LEDGER, "call"), (LEDGER, "customer"), (AUDIT, "opened")):
        if (settings.store / file).exists():
            with closing(sqlite3.connect(settings.store / file)) as db:
                ids = {str(row[0]) for row in db.execute(f"select distinct call_id from {table}")}
            left += bool(ids & owned.call_ids)
    return left
