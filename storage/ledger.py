"""What the nights have seen: digests of files, which call owns which sound, whose calls there were, and what became of each.

Conventions
-----------
One SQLite file in the store folder, on a local disk. Every method is one transaction, so that a run may be killed at any point:
what was written stays, nothing is half written. Nothing here depends on the clock.

Definitions
-----------
owner
    The call a sound belongs to. Of several calls of one night with the same sound it is the smallest call_id; between nights it
    is the one that came first. Deciding a night again releases what the night owned before, so that a corrected record
    can take its sound over, and the same records give the same owners.

customer
    Whose call record a night planned with, or refused: known before anything is heard, so that a night that was stopped or
    killed leaves nothing that erasing the customer would not find. Kept is an HMAC of the customer key with a key that is drawn
    once for the ledger; nights add to it and take nothing away.

Edge cases
----------
The same call in two nights is no duplicate of itself. A file without bytes is no sound: nobody owns it, and each call that has
such a file is told that it is empty. Losing the ledger loses no measure: files are hashed again, and owners
are decided again in the order in which nights are run.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from threading import RLock
from types import TracebackType

from postcall.errors import DuplicateRecording, StorageError
from storage.recordings import OF_NOTHING, Fingerprint

FILE_NAME = "ledger.sqlite"
VERSION = 1
"""Of the tables below; a ledger of another version is not touched."""

_TABLES = """
create table file (
    path text primary key, size_bytes integer not null, changed text not null, sha256 text not null
) without rowid;
create table owner (sha256 text primary key, call_id text not null, call_date text not null) without rowid;
create index owner_by_date on owner (call_date);
create table call (
    call_date text not null, call_id text not null, state text not null, code text, primary key (call_date, call_id)
) without rowid;
"""

_CUSTOMERS = """
create table if not exists customer (
    digest text not null, call_date text not null, call_id text not null, path text not null,
    primary key (digest, call_date, call_id, path)
) without rowid;
create table if not exists secret (key blob not null);
"""
"""In a ledger of an older program they are missing; it does not mind them."""


class State(StrEnum):
    """What became of a call in a night."""

    SEEN = "seen"
    """Found, and not finished: the run was broken off or goes on."""
    DONE = "done"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class CallState:
    """State of a call, and why it is in quarantine: the ``code`` of the error."""

    state: State
    code: str | None = None


class Ledger:
    """The ledger of a store; a context manager.

    Parameters
    ----------
    folder
        The store folder.
    timeout_s
        How long to wait for another run that is writing, in s.

    Raises
    ------
    StorageError
        By every method: locked for longer than ``timeout_s``, damaged, disk full, or of another version.
    """

    def __init__(self, folder: Path, *, timeout_s: float = 30.0) -> None:
        self._path = folder / FILE_NAME
        self._lock = RLock()
        with _as_storage_error():
            self._db = sqlite3.connect(self._path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except StorageError:
            self._db.close()
            raise

    def _prepare(self) -> None:
        with _as_storage_error():
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            # Erased rows must not stay readable in the file.
            self._db.execute("pragma secure_delete = on")
        with self._writing() as db:
            version = db.execute("pragma user_version").fetchone()[0]
            if version == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    db.execute(statement)
                db.execute(f"pragma user_version = {VERSION}")
            elif version != VERSION:
                raise StorageError(
                    f"the ledger has version {version}, this program knows {VERSION}",
                    hint=f"use the program that wrote it, or move {FILE_NAME} away: it is built again",
                )
            for statement in filter(str.strip, _CUSTOMERS.split(";")):
                db.execute(statement)
            if not db.execute("select key from secret").fetchall():
                db.execute("insert into secret values (?)", (secrets.token_bytes(32),))
            self._key = bytes(db.execute("select key from secret").fetchone()[0])

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, _as_storage_error():
            self._db.close()

    # ── digests of files ─────────────────────────────────────────────────────

    def digest(self, path: str, fingerprint: Fingerprint) -> str | None:
        """SHA-256 of a file that has not changed since it was remembered; None otherwise."""
        rows = self._read(
            "select sha256 from file where path = ? and size_bytes = ? and changed = ?",
            (path, fingerprint.size_bytes, fingerprint.changed),
        )
        # A store that tells no time of change cannot tell that a file is the same.
        return rows[0][0] if rows and fingerprint.changed else None

    def remember_digests(self, digests: Mapping[str, tuple[Fingerprint, str]]) -> None:
        """Keep path -> (fingerprint taken before reading, SHA-256)."""
        rows = [(path, print_.size_bytes, print_.changed, sha256) for path, (print_, sha256) in digests.items()]
        with self._writing() as db:
            db.executemany("insert or replace into file values (?, ?, ?, ?)", rows)

    # ── who owns a sound ─────────────────────────────────────────────────────

    def settle_owners(self, day: date, claims: Mapping[str, str]) -> dict[str, DuplicateRecording]:
        """Decide which calls of a night own their sound.

        Parameters
        ----------
        day
            Business day of the night.
        claims
            call_id -> SHA-256 of its recording, all calls of the night.

        Returns
        -------
        dict
            call_id -> error, for each call whose sound belongs to another call.
        """
        night = day.isoformat()
        claims = {call_id: sha256 for call_id, sha256 in claims.items() if sha256 != OF_NOTHING}
        with self._writing() as db:
            db.execute("delete from owner where call_date = ?", (night,))
            rows = [(sha256, call_id, night) for call_id, sha256 in sorted(claims.items())]
            db.executemany("insert or ignore into owner values (?, ?, ?)", rows)
            owners = {sha256: self._owner(db, sha256) for sha256 in set(claims.values())}
        return {
            call_id: DuplicateRecording(
                f"call {call_id} has the same sound as call {owners[sha256]}",
                hint="one recording was delivered under two calls; the other call keeps it",
            )
            for call_id, sha256 in sorted(claims.items())
            if owners[sha256] != call_id
        }

    @staticmethod
    def _owner(db: sqlite3.Connection, sha256: str) -> str:
        return str(db.execute("select call_id from owner where sha256 = ?", (sha256,)).fetchone()[0])

    # ── states of calls ──────────────────────────────────────────────────────

    def mark_seen(self, day: date, call_ids: Iterable[str]) -> None:
        """Begin a night: exactly these calls, none of them finished; what an earlier run of the night left is replaced."""
        rows = [(day.isoformat(), call_id, State.SEEN.value) for call_id in sorted(set(call_ids))]
        with self._writing() as db:
            db.execute("delete from call where call_date = ?", (day.isoformat(),))
            db.executemany("insert into call values (?, ?, ?, null)", rows)

    def mark(self, day: date, call_id: str, state: State, code: str | None = None) -> None:
        """Set the state of one call; ``code`` is the error's, for a call in quarantine."""
        with self._writing() as db:
            db.execute("insert or replace into call values (?, ?, ?, ?)", (day.isoformat(), call_id, state.value, code))

    def states(self, day: date) -> dict[str, CallState]:
        """State of every call of a night, in order of call_id."""
        rows = self._read("select call_id, state, code from call where call_date = ? order by call_id", (day.isoformat(),))
        return {call_id: CallState(State(state), code) for call_id, state, code in rows}

    # ── whose calls ──────────────────────────────────────────────────────────

    def remember_customers(self, day: date, records: Iterable[tuple[str, str | None, str | None]]) -> None:
        """Keep whose call records a night has: customer key, call id and path of the recording, as far as they are known."""
        rows = [
            (self._of_customer(customer), day.isoformat(), call_id or "", path or "")
            for customer, call_id, path in records
            if call_id or path
        ]
        with self._writing() as db:
            db.executemany("insert or ignore into customer values (?, ?, ?, ?)", rows)

    def of_customer(self, customer: str) -> tuple[set[str], set[tuple[date, str]]]:
        """Ids of a customer's calls; business day and path of their recordings."""
        rows = self._read("select call_date, call_id, path from customer where digest = ?", (self._of_customer(customer),))
        calls = {call_id for _, call_id, _ in rows if call_id}
        return calls, {(date.fromisoformat(day), path) for day, _, path in rows if path}

    def _of_customer(self, customer: str) -> str:
        # Keys may be telephone numbers, which are few enough to be tried one after another.
        return hmac.new(self._key, customer.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    # ── erasure ──────────────────────────────────────────────────────────────

    def sounds_of(self, call_ids: Iterable[str], paths: Iterable[str]) -> set[str]:
        """SHA-256 of the sounds that calls own, and of the files at paths."""
        owned = [self._read("select sha256 from owner where call_id = ?", (call_id,)) for call_id in call_ids]
        hashed = [self._read("select sha256 from file where path = ?", (path,)) for path in paths]
        return {row[0] for rows in (*owned, *hashed) for row in rows}

    def forget(self, call_ids: Iterable[str], paths: Iterable[str], sounds: Iterable[str] = ()) -> None:
        """Erase calls, files and sounds for good: a path or an id may hold a telephone number."""
        hashes = [(sha256,) for sha256 in sounds]
        with self._writing() as db:
            ids = [(call_id,) for call_id in call_ids]
            db.executemany("delete from call where call_id = ?", ids)
            db.executemany("delete from owner where call_id = ?", ids)
            db.executemany("delete from customer where call_id = ?", ids)
            db.executemany("delete from customer where path = ?", [(path,) for path in paths])
            db.executemany("delete from file where path = ?", [(path,) for path in paths])
            db.executemany("delete from file where sha256 = ?", hashes)
            db.executemany("delete from owner where sha256 = ?", hashes)
        self._truncate()

    def days_of_sounds(self) -> dict[str, date]:
        """SHA-256 of each sound -> business day of the call that owns it."""
        return {sha256: date.fromisoformat(day) for sha256, day in self._read("select sha256, call_date from owner", ())}

    def forget_before(self, day: date) -> int:
        """Erase calls and owners of days before one for good; how many calls."""
        with self._writing() as db:
            gone = db.execute("delete from call where call_date < ?", (day.isoformat(),)).rowcount
            db.execute("delete from file where sha256 in (select sha256 from owner where call_date < ?)", (day.isoformat(),))
            db.execute("delete from owner where call_date < ?", (day.isoformat(),))
            db.execute("delete from customer where call_date < ?", (day.isoformat(),))
        self._truncate()
        return gone

    def calls_before(self, day: date) -> int:
        """How many states of calls of days before one there are."""
        return int(self._read("select count(*) from call where call_date < ?", (day.isoformat(),))[0][0])

    def _truncate(self) -> None:
        with self._lock, _as_storage_error():
            # The log still holds the old pages; this writes them over and cuts it off.
            self._db.execute("pragma wal_checkpoint(truncate)").fetchall()

    # ── transactions ─────────────────────────────────────────────────────────

    def _read(self, query: str, values: tuple[str | int, ...]) -> list[tuple[str, ...]]:
        with self._lock, _as_storage_error(), closing(self._db.execute(query, values)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing. It takes the write lock at once, so two runs wait for each other, not fail."""
        with self._lock, _as_storage_error():
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.execute("commit")
            finally:
                if self._db.in_transaction:
                    self._db.execute("rollback")


@contextmanager
def _as_storage_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"the ledger cannot be used: {error}", hint=_hint(error)) from error


def _hint(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another run is writing to it; wait for it, or end it"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"move {FILE_NAME} away: it is built again, files are hashed anew"
    if name.startswith("SQLITE_FULL"):
        return "the disk is full"
    return "the store folder must be there, on a local disk, and writable"
