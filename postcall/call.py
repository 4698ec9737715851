"""One call as an analyzer sees it: the call record, who spoke when, and the words. Read-only.

Conventions
-----------
All spans are in ms from the start of the recording. A part that a call does not have raises `MissingInput` with a reason
that can stand in a table: a measure is a number or *not measurable*, never 0 for unknown.

Definitions
-----------
speech      at least one party speaks
talk        speech of one party
overtalk    agent and customer both speak
menu        speech on the agent's channel before the call reaches an agent: IVR's, not the agent's, and no speech
non-talk    nobody speaks; talk(agent) + talk(customer) - overtalk + non_talk == duration, exactly
conversation  from the first to the last speech; ringing before it and the open line after it are outside
silence     non-talk inside the conversation and outside hold, recorded or heard or told by words alone
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from postcall.acoustics import Acoustics, SoundKind
from postcall.announced_hold import AnnouncedHoldPolicy, SaidWords, announced_holds, is_told_by_sound
from postcall.audible_hold import AudibleHold, audible_holds
from postcall.errors import MissingInput
from postcall.hold_recording import hold_recordings
from postcall.language.tokens import Token, tokens
from postcall.recording import Recording
from postcall.roles.reach import RECORD_TOLERANCE_MS
from postcall.spans import Span, Spans, bridge, clip, gaps, hull, intersect, subtract, union, whole
from postcall.telephony import Direction, Role, Telephony, milliseconds_between
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Transcript, Word
from postcall.turns import Turn, TurnPolicy, Utterance, make_turns, mark_backchannels, utterances_of


@dataclass(frozen=True)
class Call:
    """A call, joined from its parts.

    Attributes
    ----------
    telephony
        The call record.
    recording, timeline, acoustics, transcript
        None when the call does not have them; ``missing`` then says why.
    roles
        Role of each speaker label; empty when the parties cannot be told apart.
    role_source
        What decided ``roles``: ``call_record``, ``settings``, ``opening_phrase``, ``talk_pattern``, ``voice``
        or None.
    role_confidence
        Probability that the roles are right, also where it was too low to give any; None where nothing can be said.
    is_map_contradicted
        Whether what is said contradicts the channel map; None without one.
    ghost_speakers
        Tiny speakers of the diarizer that were merged into others; None where no diarizer was asked.
    empty_channel
        What the channel that carries nothing holds: ``digital_silence`` or ``line_noise``; None when every channel is in use.
    recording_started_at
        UTC of the recording's first sample; None when it is not known, so that times of the record cannot be placed in the
        recording.
    turn_policy
        How utterances become turns.
    hold_policy
        When words alone make silence a hold.
    missing
        Part name -> why this call does not have it.
    """

    telephony: Telephony
    recording: Recording | None = None
    timeline: SpeakerTimeline | None = None
    acoustics: Acoustics | None = None
    transcript: Transcript | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    role_source: str | None = None
    role_confidence: float | None = None
    is_map_contradicted: bool | None = None
    ghost_speakers: int | None = None
    empty_channel: str | None = None
    recording_started_at: datetime | None = None
    turn_policy: TurnPolicy = field(default_factory=TurnPolicy)
    hold_policy: AnnouncedHoldPolicy = field(default_factory=AnnouncedHoldPolicy)
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def call_id(self) -> str:
        """Id of the call record."""
        return self.telephony.call_id

    def _missing(self, part: str, otherwise: str) -> MissingInput:
        if self.recording is None and part in ("timeline", "parties", "acoustics", "transcript"):
            # The first cause says more than what follows from it.
            part, otherwise = "recording", "no recording"
        return MissingInput(part, self.missing.get(part, otherwise))

    # ── the recording ────────────────────────────────────────────────────────

    def need_recording(self) -> Recording:
        """The recording.

        Raises
        ------
        MissingInput
            There is none.
        """
        if self.recording is None:
            raise self._missing("recording", "no recording")
        return self.recording

    @property
    def duration_ms(self) -> int:
        """Length of the recording in ms; raises as `need_recording` does."""
        return self.need_recording().duration_ms

    # ── who spoke when ───────────────────────────────────────────────────────

    @property
    def has_parties(self) -> bool:
        """Whether agent and customer are told apart."""
        return Role.AGENT in self.roles.values() and Role.CUSTOMER in self.roles.values()

    def need_timeline(self) -> SpeakerTimeline:
        """Who spoke when, by speaker label.

        Raises
        ------
        MissingInput
            Nobody listened to the call.
        """
        if self.timeline is None:
            raise self._missing("timeline", "nobody listened to the recording")
        return self.timeline

    def need_acoustics(self) -> Acoustics:
        """What is heard on the channels beside speech, and how good they sound.

        Raises
        ------
        MissingInput
            Nobody listened to the call.
        """
        if self.acoustics is None:
            raise self._missing("acoustics", "nobody listened to the recording")
        return self.acoustics

    @cached_property
    def _talk(self) -> dict[Role, Spans]:
        timeline = self.need_timeline()
        if not self.has_parties:
            raise self._missing("parties", "the parties cannot be told apart")
        talk = {
            role: union(*(spans for label, spans in timeline.by_label.items() if self.roles.get(label) is role))
            for role in Role
        }
        menu = self._menu | self._hold_recordings
        return talk | {
            Role.AGENT: tuple(span for span in talk[Role.AGENT] if span not in menu),
            Role.IVR: union(talk[Role.IVR], menu),
        }

    @cached_property
    def _menu(self) -> frozenset[Span]:
        """What the agent's channel says before an agent can be there, by the call record or by the ringing that follows it."""
        until_ms = self._reaches_agent_ms
        of_agent = (label for label, role in self.roles.items() if role is Role.AGENT)
        by_label = self.timeline.by_label if self.timeline is not None else {}
        return frozenset(span for label in of_agent for span in by_label.get(label, ()) if span.end_ms <= until_ms)

    @cached_property
    def _hold_recordings(self) -> frozenset[Span]:
        """What the agent's channel plays to a customer on hold, by `postcall.hold_recording`."""
        if self.acoustics is None or self.timeline is None or not self.has_parties:
            return frozenset()
        of_customer = (label for label, role in self.roles.items() if role is Role.CUSTOMER)
        customer = union(*(self.timeline.by_label.get(label, ()) for label in of_customer))
        words = self.transcript.words if self.transcript is not None else ()
        found: set[Span] = set()
        for label in (label for label, role in self.roles.items() if role is Role.AGENT and label in self.acoustics.channels):
            spoken = tuple(span for span in self.timeline.by_label.get(label, ()) if span not in self._menu)
            own = [word for word in words if word.speaker == label]
            played = hold_recordings(spoken, own, self.acoustics.channels[label], customer, self.language)
            found |= {span for span in spoken if intersect(played, (span,))} if played else set()
        return frozenset(found)

    @property
    def hold_recordings(self) -> Spans:
        """What is played to a customer on hold, by `postcall.hold_recording`; nothing where the parties are not told apart."""
        return union(self._hold_recordings)

    @cached_property
    def _reaches_agent_ms(self) -> int:
        """Before this no agent speaks; 0 where that cannot be told.

        The record's answer counts with a tolerance, for records round. Ringing counts when the customer said nothing before:
        ringing in the middle of a conversation is a transfer's.
        """
        if self.telephony.direction is Direction.OUTBOUND or not self.has_parties:
            return 0
        reached_ms = 0
        if self.telephony.answered_at is not None and self.recording_started_at is not None:
            reached_ms = self.at_ms(self.telephony.answered_at) - RECORD_TOLERANCE_MS
        if self.acoustics is not None and self.timeline is not None:
            rings = [sound.span.start_ms for _, sound in self.acoustics.sounds(SoundKind.RING)]
            of_customer = [label for label, role in self.roles.items() if role is Role.CUSTOMER]
            spoken = [s.start_ms for label in of_customer for s in self.timeline.by_label.get(label, ())[:1]]
            if rings and min(rings) <= min(spoken, default=min(rings)):
                reached_ms = max(reached_ms, min(rings))
        return max(0, reached_ms)

    @cached_property
    def _speech(self) -> Spans:
        timeline = self.need_timeline()
        others = (s for label, s in timeline.by_label.items() if self.roles.get(label) not in (Role.IVR, Role.AGENT))
        of_agent = (s for label, s in timeline.by_label.items() if self.roles.get(label) is Role.AGENT)
        played = self._menu | self._hold_recordings
        return union(*others, *([span for span in spans if span not in played] for spans in of_agent))

    def speech(self) -> Spans:
        """Where anybody but the IVR or a menu speaks; needs no parties."""
        return self._speech

    def talk(self, role: Role) -> Spans:
        """Where ``role`` speaks.

        Raises
        ------
        MissingInput
            No recording, or the parties cannot be told apart.
        """
        return self._talk[role]

    def overtalk(self) -> Spans:
        """Where agent and customer both speak."""
        return intersect(self.talk(Role.AGENT), self.talk(Role.CUSTOMER))

    def non_talk(self) -> Spans:
        """Where nobody speaks, over the whole recording; hold included. Needs no parties."""
        return gaps(self._speech, whole(self.duration_ms))

    def conversation(self) -> Span | None:
        """From the first to the last speech; None when nobody speaks."""
        return hull(self._speech)

    def silence(self) -> Spans:
        """Non-talk inside the conversation and outside hold; needs no parties.

        Holds that the record cannot tell or place are not taken out: `is_hold_known` says so.
        """
        return self._silence

    @cached_property
    def _silence(self) -> Spans:
        inside = clip(self.non_talk(), self.conversation())
        return subtract(inside, self.holds()) if self.is_hold_known else inside

    # ── hold ─────────────────────────────────────────────────────────────────

    @property
    def is_hold_recorded(self) -> bool:
        """Whether the call record's holds are known and can be placed in the recording."""
        holds = self.telephony.holds
        return holds is not None and (not holds or self.recording_started_at is not None)

    @property
    def is_hold_known(self) -> bool:
        """Whether it is known where the call was on hold, by its record or by what is heard."""
        return self.is_hold_recorded or self.acoustics is not None

    def at_ms(self, instant: datetime) -> int:
        """Where an instant of the call record lies in the recording, in ms; negative before its start.

        Raises
        ------
        MissingInput
            It is not known when the recording started.
        """
        if self.recording_started_at is None:
            raise self._missing("recording_start", "it is not known when the recording started")
        return milliseconds_between(self.recording_started_at, instant)

    def recorded_holds(self) -> Spans:
        """Holds of the call record, placed in the recording and clipped to it.

        Raises
        ------
        MissingInput
            The record does not say whether there was a hold, or it is not known when the recording started.
        """
        if self.telephony.holds is None:
            raise self._missing("holds", "the call record does not say whether there was a hold")
        spans = [
            Span(self.at_ms(hold.started_at), self.at_ms(hold.ended_at))
            for hold in self.telephony.holds
            if hold.duration_ms > 0
        ]
        return clip(bridge(spans, 0), whole(self.duration_ms))

    def holds(self) -> Spans:
        """Where the call is on hold, by its record or by what is heard; where both tell, by either. Mutes are no holds.

        Where the record does not tell, also holds that only words tell of.

        Raises
        ------
        MissingInput
            Neither can tell.
        """
        heard = [hold.span for hold in self.audible_holds if not hold.is_mute] if self.acoustics is not None else []
        if self.acoustics is not None and not self.is_hold_recorded:
            return union(heard, self.announced_holds if self.has_words else ())
        return union(self.recorded_holds(), heard)

    @cached_property
    def audible_holds(self) -> tuple[AudibleHold, ...]:
        """Holds and mutes as they are heard, by `postcall.audible_hold`; needs no parties.

        Raises
        ------
        MissingInput
            Nobody listened to the call.
        """
        channels = self.need_acoustics().channels
        speech = self.speech()
        if self.has_parties:
            agents = [label for label, role in self.roles.items() if role is Role.AGENT and label in channels]
            agent, customer = self.talk(Role.AGENT), self.talk(Role.CUSTOMER)
        else:
            agents, agent, customer = list(channels), speech, ()
        is_mixed, recordings = MIXED in channels, union(self._hold_recordings)
        found = (
            hold
            for label in (agents or list(channels))
            for hold in audible_holds(channels[label], agent, customer, speech, is_mixed=is_mixed, recordings=recordings)
        )
        return tuple(sorted(found, key=lambda hold: hold.span))

    @cached_property
    def announced_holds(self) -> Spans:
        """Holds that only words tell of, by `postcall.announced_hold`, whatever the call record says; needs no parties.

        Raises
        ------
        MissingInput
            Nobody listened to the call, or there is no transcript.
        """
        channels = self.need_acoustics().channels
        words = self.need_transcript().words
        agents = [label for label, role in self.roles.items() if role is Role.AGENT and label in channels]
        is_mixed = MIXED in channels
        if any(is_told_by_sound(channels[label].quality, is_mixed=is_mixed) for label in (agents or channels)):
            return ()
        said = SaidWords(self.words(Role.AGENT), self.words(Role.CUSTOMER)) if self.has_parties else SaidWords(words, None)
        heard = union(hold.span for hold in self.audible_holds)
        return announced_holds(said, self.speech(), heard, self.language, self.hold_policy)

    # ── words and turns ──────────────────────────────────────────────────────

    @property
    def language(self) -> str | None:
        """Language spoken, ISO 639-1: the transcript's, else the call record's; None when neither knows."""
        return (self.transcript.language if self.transcript else None) or self.telephony.language

    @property
    def has_words(self) -> bool:
        """Whether the call has a transcript."""
        return self.transcript is not None

    def need_transcript(self) -> Transcript:
        """The words and how they were made.

        Raises
        ------
        MissingInput
            No transcript.
        """
        if self.transcript is None:
            raise self._missing("transcript", "no transcript")
        return self.transcript

    @cached_property
    def _words(self) -> dict[Role, tuple[Word, ...]]:
        by_role: dict[Role, list[Word]] = {role: [] for role in Role}
        played, reaches_agent_ms = union(self._hold_recordings), self._reaches_agent_ms
        for word in self.need_transcript().words:
            role = self.roles.get(word.speaker or "", Role.UNKNOWN)
            if role is Role.AGENT and (
                word.span.end_ms <= reaches_agent_ms or (played and any(span.overlaps(word.span) for span in played))
            ):
                role = Role.IVR
            by_role[role].append(word)
        return {role: tuple(words) for role, words in by_role.items()}

    def words(self, role: Role) -> tuple[Word, ...]:
        """Words of ``role``, in order of start.

        Raises
        ------
        MissingInput
            No transcript, or the parties cannot be told apart.
        """
        if not self.has_parties:
            raise self._missing("parties", "the parties cannot be told apart")
        return self._words[role]

    def tokens(self, role: Role, language: str) -> tuple[Token, ...]:
        """Tokens of what ``role`` says, read as a language (ISO 639-1); raises as `words` does."""
        if (role, language) not in self._tokens:
            self._tokens[role, language] = tokens(self.words(role), language)
        return self._tokens[role, language]

    @cached_property
    def _tokens(self) -> dict[tuple[Role, str], tuple[Token, ...]]:
        return {}

    @cached_property
    def utterances(self) -> tuple[Utterance, ...]:
        """Utterances of agent and customer, in order of start, each marked whether it is a backchannel.

        Raises
        ------
        MissingInput
            No recording, or the parties cannot be told apart.
        """
        found = [
            utterance
            for role in (Role.AGENT, Role.CUSTOMER)
            for utterance in utterances_of(
                role, self.talk(role), self.words(role) if self.has_words else None, self.turn_policy
            )
        ]
        return mark_backchannels(found, self.language, self.turn_policy)

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Turns of agent and customer, backchannels left out, in order of start.

        Raises
        ------
        MissingInput
            No recording, or the parties cannot be told apart.
        """
        return make_turns(self.utterances)
