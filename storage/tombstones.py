"""What was erased and must not come back: digests of calls, paths, sounds, and of agents whose voice is not to be kept.

Conventions
-----------
One JSON file in the store. Ids and paths may hold telephone numbers, which are few enough to be tried one after another; so
they are kept as HMACs with a key that is drawn once for the store and lies in the same file. Sounds are kept by their
SHA-256, as everywhere. A night leaves out every call whose id, recording's path or sound is among them, whoever delivers it
again; and it learns no voice of an agent whose prints were erased.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from postcall.errors import StorageError
from storage.recordings import OF_NOTHING

FILE_NAME = "tombstones.json"


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The tombstones of a store.

    Attributes
    ----------
    key
        Of the HMACs.
    calls, paths
        HMACs of call ids and of paths below the recordings folder.
    sounds
        SHA-256 of recordings.
    voices
        HMACs of ids of agents.
    """

    key: bytes = field(repr=False)
    calls: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    sounds: frozenset[str] = frozenset()
    voices: frozenset[str] = frozenset()

    @classmethod
    def read(cls, store: Path) -> Tombstones:
        """Those of a store; none where nothing was ever erased.

        Raises
        ------
        StorageError
            They cannot be read: without them a night would bring back what was erased.
        """
        try:
            content = json.loads((store / FILE_NAME).read_text(encoding="utf-8"))
            return cls(
                bytes.fromhex(content["key"]),
                frozenset(content["calls"]),
                frozenset(content["paths"]),
                frozenset(content["sounds"]),
                frozenset(content.get("voices", ())),
            )
        except FileNotFoundError:
            return cls(secrets.token_bytes(32))
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise StorageError(
                f"{FILE_NAME} of the store cannot be read: {type(error).__name__}",
                hint="take it from a backup: it keeps erased calls from coming back",
            ) from error

    def has_call(self, call_id: str) -> bool:
        """Whether a call was erased."""
        return bool(self.calls) and self._digest(call_id) in self.calls

    def has_path(self, path: str) -> bool:
        """Whether the recording at a path was of an erased call."""
        return bool(self.paths) and self._digest(path) in self.paths

    def has_sound(self, sha256: str) -> bool:
        """Whether a sound was of an erased call."""
        return sha256 in self.sounds and sha256 != OF_NOTHING

    def has_voice(self, agent_id: str) -> bool:
        """Whether an agent's voice is not to be kept."""
        return bool(self.voices) and self._digest(agent_id) in self.voices

    def add(
        self,
        store: Path,
        *,
        calls: Iterable[str] = (),
        paths: Iterable[str] = (),
        sounds: Iterable[str] = (),
        voices: Iterable[str] = (),
    ) -> Tombstones:
        """Keep more of them, on disk before this returns.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        more = Tombstones(
            self.key,
            self.calls | {self._digest(call_id) for call_id in calls},
            self.paths | {self._digest(path) for path in paths},
            self.sounds | frozenset(sounds),
            self.voices | {self._digest(agent_id) for agent_id in voices},
        )
        content = {
            "key": more.key.hex(),
            "calls": sorted(more.calls),
            "paths": sorted(more.paths),
            "sounds": sorted(more.sounds),
            "voices": sorted(more.voices),
        }
        write_whole(store / FILE_NAME, json.dumps(content, indent=1))
        return more

    def _digest(self, text: str) -> str:
        return hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a small file beside its place, synced, then renamed: never half of it.

    Raises
    ------
    StorageError
        The disk refused.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write to the store: {error.strerror}", hint="is the disk full?") from error
