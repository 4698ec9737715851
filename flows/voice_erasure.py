"""Erasing an agent's voice: prints and what was compared with them go for good, and no night makes new ones.

Definition
----------
All prints of the agent go, of every day, and the files that say how far speakers of a call sounded like this agent. Calls,
measures and roles in the tables stay: they are no voices. A digest of the agent's id stays among the tombstones
(`storage.tombstones`), by which nights leave this agent's voice alone from then on.

The proof lies beside those of customers and is made in the same way (`flows.erasure`): when, how much, the SHA-256 of every
file removed, and a digest of the agent's id.

Edge cases
----------
An agent without prints is barred all the same: an objection may come before the first print. Broken off, it is run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.erasure import Proof
from postcall.errors import StorageError
from storage.artifacts import likeness_files
from storage.erasure import removed_file
from storage.one_run import only_run
from storage.retention import remove_files
from storage.tombstones import Tombstones
from storage.voiceprints import Voiceprints, agent_key, count_prints


@dataclass(frozen=True, slots=True)
class VoicePlan:
    """What erasing an agent's voice would remove.

    Attributes
    ----------
    prints
        How many prints there are.
    files, likeness
        Files of prints; files that say how far speakers sounded like this agent.
    """

    prints: int
    files: tuple[Path, ...] = field(repr=False)
    likeness: tuple[Path, ...] = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.files or self.likeness)


def plan_voice_erasure(store: Path, agent_id: str) -> VoicePlan:
    """What there is of an agent's voice; nothing is changed."""
    files = tuple(Voiceprints(store).files(agent=agent_key(agent_id)))
    return VoicePlan(count_prints(files), files, tuple(likeness_files(store, agent_key(agent_id))))


def erase_voice(store: Path, agent_id: str) -> tuple[Path, dict[str, Any]]:
    """Remove all that there is of an agent's voice, for good, and keep nights from making more.

    Returns
    -------
    The file of the proof, and what it says.

    Raises
    ------
    StorageError
        The store cannot be read or written, or another run is at work; run it again.
    """
    with only_run(store):
        plan = plan_voice_erasure(store, agent_id)
        proof = Proof.begin(store, agent_id, "agent")
        Tombstones.read(store).add(store, voices=[agent_id])
        proof.note_counts({"voiceprints": plan.prints, "comparisons": len(plan.likeness)}, {})
        proof.note([removed_file("voiceprints", file) for file in plan.files])
        proof.note([removed_file("artifact", file) for file in plan.likeness])
        Voiceprints(store).remove(plan.files)
        remove_files(store, list(plan.likeness))
        if plan_voice_erasure(store, agent_id):
            raise StorageError("something of the agent's voice is left in the store", hint="run it again")
        return proof.finish()
