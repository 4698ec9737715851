"""Where a store's tables and artifacts lie: in its folder, or at an address that the store remembers.

Definition
----------
``places.json`` in the store's folder names the addresses; without it everything lies in the folder. The first night writes it,
so that every later command finds tables and artifacts by the store alone. Ledger, lock, rows under way, audit and proofs of
erasures stay in the folder: they belong to one machine at a time.

Conventions
-----------
Tables at an ``s3://`` address belong to one store. The first night leaves that store's mark beside them by a conditional
put, which of two at once only one can win; a store that finds another's mark does nothing. So one ledger and one lock stand for
the tables, wherever they lie. Keys come from the environment alone (``AWS_ACCESS_KEY_ID``, …), and no message shows an address.

Edge cases
----------
A store that has tables or artifacts in its folder is not sent elsewhere: its old days would be hidden. Where ``places.json``
and the settings differ, nothing is done.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from postcall.errors import SettingsError, StorageError
from storage.recordings import patiently

FILE_NAME = "places.json"

MARK = "postcall-store.json"
"""Object beside the tables that names their store."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie that are not in the store's folder; None for those that are.

    Attributes
    ----------
    tables
        An ``s3://`` address.
    artifacts
        A folder, or an ``s3://`` address.
    """

    tables: str | None = None
    artifacts: str | None = None


def places_of(store: Path) -> Places:
    """Where a store's things lie.

    Raises
    ------
    StorageError
        What the store remembers cannot be read.
    """
    try:
        kept = json.loads((store / FILE_NAME).read_text(encoding="utf-8"))
        return Places(kept["tables"], kept["artifacts"])
    except (FileNotFoundError, NotADirectoryError):
        return Places()
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StorageError(
            f"'{FILE_NAME}' of the store cannot be read: {type(error).__name__}",
            hint="it names the addresses of tables and artifacts: write it again from the settings",
        ) from error


def settle(store: Path, wanted: Places) -> Places:
    """Make sure that a store's things lie where the settings say.

    Parameters
    ----------
    store
        Folder of the store, which is there.
    wanted
        By the settings; None for wherever they are.

    Raises
    ------
    SettingsError
        They lie elsewhere already, or the address cannot be used or belongs to another store.
    StorageError
        The store cannot be written.
    """
    kept = places_of(store)
    if wanted.artifacts is not None and "://" not in wanted.artifacts:
        wanted = replace(wanted, artifacts=str(Path(wanted.artifacts).resolve()))
    for place in fields(Places):
        asked, is_there = getattr(wanted, place.name), getattr(kept, place.name)
        if asked is None or asked == is_there:
            continue
        if is_there is not None or (store / place.name).is_dir():
            raise SettingsError(
                f"the {place.name} of this store lie elsewhere than the setting '{place.name}' says",
                hint=f"move them there, then the folder '{place.name}' away or the new address into {FILE_NAME} of the store",
            )
    settled = Places(wanted.tables or kept.tables, wanted.artifacts or kept.artifacts)
    if settled.tables is not None and not is_s3(settled.tables):
        raise SettingsError("tables can lie in the store or at an s3:// address", hint="set tables = s3://bucket/prefix")
    if settled.artifacts is not None and "://" in settled.artifacts and not is_s3(settled.artifacts):
        raise SettingsError("artifacts can lie in a folder or at an s3:// address", hint="set artifacts = s3://bucket/prefix")
    if settled.tables is not None:
        _claim(settled.tables, _name(store))
    if settled != kept:
        _write(store / FILE_NAME, asdict(settled))
    return settled


def is_s3(address: str) -> bool:
    """Whether an address is one of an object store that speaks S3."""
    return address.startswith("s3://")


def s3() -> Any:
    """The object store as a file system of fsspec's.

    Raises
    ------
    SettingsError
        Its driver is not installed.
    """
    import fsspec  # noqa: PLC0415  # commands on a store in a folder need none

    try:
        return fsspec.filesystem("s3", use_listings_cache=False, default_cache_type="none")
    except ImportError as error:
        raise SettingsError("S3 needs a driver", hint="pip install --constraint constraints.txt 'postcall[s3]'") from error


def local_things(store: Path, what: str, *, with_tables: bool = True) -> None:
    """Refuse what is done to files of the store's folder alone, where tables or artifacts lie elsewhere.

    Parameters
    ----------
    store
        Folder of the store.
    what
        Is done, for the message.
    with_tables
        False for what is done to artifacts alone.

    Raises
    ------
    SettingsError
        They do.
    """
    there = places_of(store)
    if there.artifacts is not None or (with_tables and there.tables is not None):
        raise SettingsError(
            f"{what} reaches only tables and artifacts in the store's folder, and those of this store lie elsewhere",
            hint="docs/operations.md, Tables on an object store, says how it is done there",
        )


def _name(store: Path) -> str:
    """The store's own name, which its folder keeps."""
    file = store / "store-id"
    try:
        if not file.is_file():
            _write(file, uuid.uuid4().hex)
        return str(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise StorageError(f"the store cannot be written: {type(error).__name__}") from error


def _claim(address: str, name: str) -> None:
    """Make tables at an address those of a store, or make sure that they are."""
    files, mark = s3(), f"{address.rstrip('/')}/{MARK}"
    try:
        if not patiently(lambda: files.exists(mark)):
            # It is there when another store was quicker, or when our own request came twice.
            with suppress(FileExistsError):
                files.pipe_file(mark, json.dumps({"store": name}).encode(), mode="create")
        owner = json.loads(patiently(lambda: files.cat_file(mark)))["store"]
    except (OSError, ValueError, LookupError) as error:
        raise SettingsError(
            f"the address of the tables cannot be used: {type(error).__name__}",
            hint="check the bucket, the keys and AWS_ENDPOINT_URL in the environment",
        ) from error
    if owner != name:
        raise SettingsError(
            "the tables at this address belong to another store",
            hint=f"run from that store, or, when its folder is lost, remove the object {MARK} beside the tables",
        )


def _write(path: Path, content: object) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"the store cannot be written: {error.strerror}") from error
