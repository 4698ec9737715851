"""Agents' voices on a night: whose prints a speaker is compared with, and which calls of the day leave new ones.

Definition
----------
`postcall.voiceprints` says what is compared and who may teach. Made only where `voiceprints.use` of the settings asks for it;
without it no voice is ever computed, read or kept.

Edge cases
----------
A diarizer that tells no voices, or none: nothing is compared and nothing learned, the reason stands in the tables beside that
of a call whose roles stay in doubt, and the night goes on. A day that is run again finds its own prints and needs no sound for
them; they are never among those that its calls are compared with. Agents whose prints were erased leave no new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock

from flows.plan import PlannedCall
from flows.settings import VoiceprintSettings
from postcall.voiceprints import VERSION, Known, Print, Voice, VoiceprintPolicy
from storage.artifacts import digest
from storage.tombstones import Tombstones
from storage.voiceprints import Voiceprints, agent_key


@dataclass(frozen=True, slots=True)
class Teacher:
    """A call that may leave a print: its agent's key and its sound."""

    agent: str
    sha256: str


@dataclass
class AgentVoices:
    """Voices that a night knows and learns.

    Attributes
    ----------
    day
        Business day.
    policy
        Section ``voiceprints``.
    revision
        Of the voice model; None where there is none.
    known
        Prints of earlier days.
    before
        Prints that an earlier run of this day left.
    teachers
        Calls that may leave a print.
    allowed
        Keys of the agents who may be compared; None for all.
    """

    day: date
    policy: VoiceprintPolicy
    revision: str | None
    known: Known
    before: Mapping[str, list[Print]] = field(repr=False)
    teachers: frozenset[Teacher] = field(repr=False)
    allowed: frozenset[str] | None = None
    _learned: dict[str, dict[str, Print]] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def of(
        cls,
        store: Path,
        day: date,
        policy: VoiceprintPolicy,
        settings: VoiceprintSettings,
        revision: str | None,
        calls: Iterable[PlannedCall],
    ) -> AgentVoices | None:
        """What a night knows; None where the settings ask for no voices."""
        if not settings.use:
            return None
        kept = Voiceprints(store)
        erased = Tombstones.read(store)
        may = frozenset(settings.agents) if settings.agents is not None else None
        first = day - timedelta(days=policy.max_age_days)
        # Those of another model cannot be compared.
        known = {
            agent: ours
            for agent, prints in kept.of_days(first, day).items()
            if (ours := [one for one in prints if one.key.startswith(f"{revision}-")])
        }
        by_agent: dict[str, set[str]] = {}
        for call in calls:
            agent = call.telephony.agent_id
            if agent and call.sha256 and (may is None or agent in may) and not erased.has_voice(agent):
                by_agent.setdefault(agent_key(agent), set()).add(call.sha256)
        teachers = frozenset(
            Teacher(agent, sha256) for agent, sounds in by_agent.items() for sha256 in sorted(sounds)[: policy.calls_per_day]
        )
        allowed = frozenset(map(agent_key, may)) if may is not None else None
        return cls(day, policy, revision, Known(known), kept.of_day(day), teachers, allowed)

    @cached_property
    def identity(self) -> list[object]:
        """All that shapes what is compared."""
        known = [[agent, [_content(one) for one in prints]] for agent, prints in sorted(self.known.prints.items())]
        allowed = sorted(self.allowed) if self.allowed is not None else None
        return ["voices", VERSION, self.revision, digest(known), allowed]

    def can_tell(self, agent_id: str | None) -> bool:
        """Whether enough is known of an agent to compare a voice with."""
        if not agent_id:
            return False
        agent = agent_key(agent_id)
        return (self.allowed is None or agent in self.allowed) and self.known.can_tell(agent)

    def likeness(self, agent_id: str, voice: Voice) -> float:
        """How far a voice is an agent's, for whom `can_tell`."""
        return self.known.likeness(agent_key(agent_id), voice)

    def may_teach(self, agent_id: str | None, sha256: str) -> bool:
        """Whether a call may leave a print of its agent."""
        return bool(agent_id) and Teacher(agent_key(agent_id or ""), sha256) in self.teachers

    def key(self, *parts: object) -> str:
        """Key of a print: the model's revision, and a digest of what else shapes it."""
        return f"{self.revision}-{digest(VERSION, *parts)}"

    def found(self, agent_id: str, sha256: str, key: str) -> Print | None:
        """The print that an earlier run of this day left of a call."""
        prints = self.before.get(agent_key(agent_id), ())
        return next((one for one in prints if (one.sha256, one.key) == (sha256, key)), None)

    def learn(self, agent_id: str, learned: Print) -> None:
        """Keep a print until the day is written."""
        with self._lock:
            # By sound, for a step that is tried again hears its calls again.
            self._learned.setdefault(agent_key(agent_id), {})[learned.sha256] = learned

    def write(self, store: Path) -> None:
        """Make what was learned the prints of the day.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        if self.revision is not None:  # without a voice model nothing was learned, and what an earlier run left is still true
            Voiceprints(store).replace_day(self.day, {agent: list(ours.values()) for agent, ours in self._learned.items()})


def _content(one: Print) -> str:
    return digest(one.sha256, one.key, one.voice.tobytes().hex())
