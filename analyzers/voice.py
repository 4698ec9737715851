"""How each party's voice sounds: level, pitch and its movement, shouting, and whether one follows the other.

Conventions
-----------
Levels in dBFS by mean power, a full-scale sine at -3. Pitch of a party in Hz, its movement and comparisons in semitones, which
are heard alike in low and high voices. `postcall.party_voice` defines blocks, own level and own pitch.

Definition
----------
level           the party's own level
pitch           the party's own pitch
pitch movement  standard deviation of the voiced frames' pitch in semitones: below 2 a voice sounds flat
shouting        blocks in a row, together at least ``shout_min_s``, each at least ``shout_level_db`` louder and
                ``shout_pitch_st`` higher than the party's own level and pitch. Who strains the voice raises both; a party that
                only comes nearer to the microphone raises the level alone, and one that asks a question the pitch alone.
following       Pearson's correlation, over pairs of a turn with the other party's turn before it, of how much louder (higher)
                each is than the party's own level (pitch): 1 goes along, 0 takes no notice, -1 does the opposite

after loud      mean level, over own, of the agent's turns that follow a turn of the customer of at least ``loud_turn_db`` over
                own: above 0 the agent got louder with the customer, below 0 calmer

::

    customer  0 dB        8 dB        0 dB        over own level
    agent            0 dB        4 dB        0 dB    follows: correlation 1; after loud: 4 dB

Edge cases
----------
A party with less than ``min_voiced_s`` of voiced speech: empty, with the reason. Pitch that moves more than
``max_movement_st`` is that of two voices (a call handed over), or of one whose period cannot be told from its harmonics: pitch,
shouting and whether the pitch follows are empty then. Shouting is measured against the call's own middle, so a party that
shouts through half of the call does not count as shouting. Gain control of a line flattens levels: it hides shouting, and never
makes any. Where channels are clipped (`call_sound_quality`), levels are too low. Fewer than ``min_pairs`` pairs of turns, or
turns that do not differ: no correlation. Where the parties share a channel, overtalk is left out.

References
----------
rostelecom-14 (do not shout), rostelecom-06 and rostelecom-08 (stay calm), tomtel-17 (the calmer, the more emotional the
customer), golden-06 and cabletv-16 (a live voice, not flat). Liénard & Di Benedetto (1999), J. Acoust. Soc. Am. 106:411, and
Traunmüller & Eriksson (2000), J. Acoust. Soc. Am. 107:3438: vocal effort raises level and pitch together. Levitan &
Hirschberg (2011), Interspeech: correlation of adjacent turns ("synchrony").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, EndMs, NotMeasurable, SpeakerRole, StartMs
from postcall.not_measurable import Reasons
from postcall.party_voice import BLOCK_MS, PartyVoice, party_voice
from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, intersect, total_ms, union
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.turns import Turn

_PARTIES = (Role.AGENT, Role.CUSTOMER)
_UNITS = {"level": "db", "pitch": "st"}


class VoicePolicy(Policy):
    """When a voice can be judged, and what shouting is."""

    min_voiced_s: float = Setting(
        5.0, gt=0, le=120, description="Voiced speech that a party needs to be measured. Larger: fewer calls, steadier figures."
    )
    max_movement_st: float = Setting(
        6.0,
        gt=0,
        le=24,
        description="Pitch that moves more than this, in semitones, is not one voice's. Larger: more calls measured.",
    )
    shout_level_db: float = Setting(
        8.0,
        gt=0,
        le=40,
        description="How much louder than its own level a shout is. Larger: less shouting.",
        source="Liénard 1999",
    )
    shout_pitch_st: float = Setting(
        3.0,
        gt=0,
        le=24,
        description="How many semitones higher than its own pitch a shout is. Larger: less shouting.",
        source="Traunmüller & Eriksson 2000",
    )
    shout_min_s: float = Setting(1.0, ge=0.5, le=10, description="Shortest shout. Larger: less shouting.")
    loud_turn_db: float = Setting(
        4.0,
        gt=0,
        le=40,
        description="How much louder than own level a turn is loud. Larger: fewer loud turns.",
        source="tomtel-17",
    )
    min_pairs: int = Setting(
        8, ge=3, le=100, description="Pairs of turns that a correlation needs. Larger: fewer calls, steadier figures."
    )


def _level(party: str) -> object:
    return Field(f"Level of the {party}'s speech; comparable within the call only.", unit="dbfs", additive=False)


def _following(party: str, other: str, what: str) -> object:
    return Field(
        f"Correlation of the {party}'s turns with the {other}'s before them in {what}, each against own.",
        minimum=-1,
        maximum=1,
        additive=False,
    )


@table("call_voice", grain="call whose parties are told apart", primary_key=("call_id",))
class CallVoice:
    """How each party's voice sounds."""

    call_id: CallId
    agent_level_dbfs: Annotated[float | None, _level("agent")]
    agent_pitch_hz: Annotated[float | None, Field("Pitch of the agent's voice.", unit="hz", minimum=0, additive=False)]
    agent_pitch_movement_st: Annotated[
        float | None, Field("Standard deviation of the agent's pitch, in semitones.", unit="st", minimum=0, additive=False)
    ]
    agent_voiced_ms: Annotated[int, Field("Voiced speech of the agent, on which the figures rest.", unit="ms", minimum=0)]
    agent_shouting_ms: Annotated[int | None, Field("Time that the agent shouts.", unit="ms", minimum=0)]
    agent_level_following: Annotated[float | None, _following("agent", "customer", "level")]
    agent_pitch_following: Annotated[float | None, _following("agent", "customer", "pitch")]
    customer_level_dbfs: Annotated[float | None, _level("customer")]
    customer_pitch_hz: Annotated[float | None, Field("Pitch of the customer's voice.", unit="hz", minimum=0, additive=False)]
    customer_pitch_movement_st: Annotated[
        float | None, Field("Standard deviation of the customer's pitch, in semitones.", unit="st", minimum=0, additive=False)
    ]
    customer_voiced_ms: Annotated[int, Field("Voiced speech of the customer, on which the figures rest.", unit="ms", minimum=0)]
    customer_shouting_ms: Annotated[int | None, Field("Time that the customer shouts.", unit="ms", minimum=0)]
    customer_level_following: Annotated[float | None, _following("customer", "agent", "level")]
    customer_pitch_following: Annotated[float | None, _following("customer", "agent", "pitch")]
    customer_loud_turns: Annotated[int | None, Field("Loud turns of the customer that a turn of the agent follows.", minimum=0)]
    agent_level_after_loud_db: Annotated[
        float | None,
        Field("Mean level, over own, of the agent's turns after them.", unit="db", additive=False),
    ]
    agent_to_customer_level_db: Annotated[
        float | None,
        Field("agent_level_dbfs - customer_level_dbfs: above 0 the agent is the louder.", unit="db", additive=False),
    ]
    not_measurable: NotMeasurable


@table("event_turn_voice", grain="turn of a party whose voice can be measured", primary_key=("call_id", "start_ms", "role"))
class EventTurnVoice:
    """How loud and high each turn is, against the party's own voice."""

    call_id: CallId
    start_ms: StartMs
    end_ms: EndMs
    role: SpeakerRole
    level_over_own_db: Annotated[
        float | None, Field("Level of the turn over the party's own; empty when nothing can be heard alone.", unit="db")
    ]
    pitch_over_own_st: Annotated[
        float | None,
        Field("Pitch of the turn over the party's own, in semitones; empty when nothing is voiced or clear.", unit="st"),
    ]
    turn_shouting_ms: Annotated[
        int | None, Field("Time that the party shouts in the turn; empty where its pitch is not clear.", unit="ms", minimum=0)
    ]


@analyzer(version=1)
def voice(call: Call, policy: VoicePolicy) -> Iterator[CallVoice | EventTurnVoice]:
    """The row of the call, then its turns."""
    why = Reasons()
    agent, customer = party_voice(call, Role.AGENT), party_voice(call, Role.CUSTOMER)
    of_agent, of_customer = _figures(Role.AGENT, agent, policy, why), _figures(Role.CUSTOMER, customer, policy, why)
    measured = {
        role: (one, figures.shouts)
        for role, one, figures in ((Role.AGENT, agent, of_agent), (Role.CUSTOMER, customer, of_customer))
        if figures is not None
    }
    events = [_event(call.call_id, turn, *measured[turn.role]) for turn in call.turns if turn.role in measured]
    after_loud = _after_loud(events, policy) if len(measured) == len(_PARTIES) else None

    def following(role: Role, name: str) -> float | None:
        column = f"{role}_{name}_following"
        return why.attempt(column, lambda: _following_of(role, events, f"{name}_over_own_{_UNITS[name]}", policy))

    a, c = of_agent or _NOTHING, of_customer or _NOTHING
    difference = a.level_dbfs - c.level_dbfs if a.level_dbfs is not None and c.level_dbfs is not None else None
    yield CallVoice(
        call_id=call.call_id,
        agent_level_dbfs=a.level_dbfs,
        agent_pitch_hz=a.pitch_hz,
        agent_pitch_movement_st=a.pitch_movement_st,
        agent_voiced_ms=agent.voiced_ms,
        agent_shouting_ms=a.shouting_ms,
        agent_level_following=following(Role.AGENT, "level"),
        agent_pitch_following=following(Role.AGENT, "pitch"),
        customer_level_dbfs=c.level_dbfs,
        customer_pitch_hz=c.pitch_hz,
        customer_pitch_movement_st=c.pitch_movement_st,
        customer_voiced_ms=customer.voiced_ms,
        customer_shouting_ms=c.shouting_ms,
        customer_level_following=following(Role.CUSTOMER, "level"),
        customer_pitch_following=following(Role.CUSTOMER, "pitch"),
        customer_loud_turns=why.known(
            "customer_loud_turns", None if after_loud is None else len(after_loud), "one party's voice cannot be measured"
        ),
        agent_level_after_loud_db=why.known(
            "agent_level_after_loud_db",
            round(sum(after_loud) / len(after_loud), 1) if after_loud else None,
            "no loud turn of the customer, or one party's voice cannot be measured",
        ),
        agent_to_customer_level_db=why.known(
            "agent_to_customer_level_db",
            None if difference is None else round(difference, 1),
            "one party's voice cannot be measured",
        ),
        not_measurable=why.text(),
    )
    yield from events


@dataclass(frozen=True, slots=True)
class _Figures:
    """What is said of a party by itself."""

    level_dbfs: float | None = None
    pitch_hz: float | None = None
    pitch_movement_st: float | None = None
    shouts: Spans | None = None

    @property
    def shouting_ms(self) -> int | None:
        """None where shouting cannot be told."""
        return None if self.shouts is None else total_ms(self.shouts)


_NOTHING = _Figures()


def _figures(role: Role, one: PartyVoice, policy: VoicePolicy, why: Reasons) -> _Figures | None:
    """Figures of a party; None, with the reason noted, when too little of its voice is heard."""
    own_pitch_st = one.own_pitch_st
    if one.voiced_ms < policy.min_voiced_s * 1000 or np.isnan(own_pitch_st):
        for name in ("level_dbfs", "pitch_hz", "pitch_movement_st", "shouting_ms"):
            why.note(f"{role}_{name}", f"too little of the {role}'s voice is heard")
        return None
    level_dbfs, movement_st = round(one.own_level_dbfs, 1), float(np.nanstd(one.pitch_st))
    if movement_st > policy.max_movement_st:
        for name in ("pitch_hz", "pitch_movement_st", "shouting_ms"):
            why.note(f"{role}_{name}", f"more than one voice speaks as the {role}, or its pitch is not clear")
        return _Figures(level_dbfs)
    return _Figures(
        level_dbfs=level_dbfs,
        pitch_hz=round(float(2 ** (own_pitch_st / 12)), 1),
        pitch_movement_st=round(movement_st, 2),
        shouts=_shouts(one, policy),
    )


def _shouts(one: PartyVoice, policy: VoicePolicy) -> Spans:
    """Blocks that are raised, of rows that are long enough."""
    raised = (one.block_levels >= one.own_level_dbfs + policy.shout_level_db) & (
        one.block_pitches >= one.own_pitch_st + policy.shout_pitch_st
    )
    joined = union(Span(start, start + BLOCK_MS) for start in one.block_starts_ms[raised].tolist())
    return tuple(span for span in joined if span.duration_ms >= policy.shout_min_s * 1000)


def _event(call_id: str, turn: Turn, one: PartyVoice, shouts: Spans | None) -> EventTurnVoice:
    level, pitch = one.level_within(turn.span) - one.own_level_dbfs, one.pitch_within(turn.span) - one.own_pitch_st
    if shouts is None:
        pitch = np.nan
    return EventTurnVoice(
        call_id=call_id,
        start_ms=turn.span.start_ms,
        end_ms=turn.span.end_ms,
        role=turn.role.value,
        level_over_own_db=None if np.isnan(level) else round(level, 1),
        pitch_over_own_st=None if np.isnan(pitch) else round(pitch, 1),
        turn_shouting_ms=None if shouts is None else total_ms(intersect(shouts, (turn.span,))),
    )


def _after_loud(events: Sequence[EventTurnVoice], policy: VoicePolicy) -> list[float]:
    """Level over own of the agent's turns that follow a loud turn of the customer."""
    return [
        after.level_over_own_db
        for before, after in pairwise(events)
        if before.role == Role.CUSTOMER.value
        and after.role == Role.AGENT.value
        and (before.level_over_own_db or 0.0) >= policy.loud_turn_db
        and after.level_over_own_db is not None
    ]


def _following_of(role: Role, events: Sequence[EventTurnVoice], column: str, policy: VoicePolicy) -> float:
    """Correlation of a party's turns with the other's before them."""
    pairs = [
        (getattr(before, column), getattr(after, column))
        for before, after in pairwise(events)
        if after.role == role.value != before.role
    ]
    values = np.array([pair for pair in pairs if None not in pair], dtype=float).reshape(-1, 2)
    if len(values) < policy.min_pairs:
        raise MissingInput("turns", "too few turns follow one of the other party")
    if np.any(values.std(axis=0) == 0):
        raise MissingInput("turns", "the turns do not differ")
    return round(float(np.corrcoef(values.T)[0, 1]), 3)
