"""What is known of who is where in one recording, as it is found out step by step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from flows.settings import Recorder
from postcall.acoustics import Acoustics
from postcall.recording import Recording
from postcall.roles import EmptyChannel, Heard, Layout, empty_channel, reaches_agent_ms, told_layout
from postcall.spans import Span, Spans
from postcall.speakers import MENU, Diarized, SpeakerPolicy, filled, human_part, over_speech, with_menu, with_speakers
from postcall.telephony import Role, Telephony
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Transcript
from postcall.voiceprints import VoiceprintPolicy, clean_speech

ONE_CHANNEL_EMPTY = "one channel of the recording is empty: everybody may be on the other one"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of who is where, as far as it has been found out.

    Attributes
    ----------
    record
        The call record.
    layout
        What is told of the channels.
    timeline, acoustics
        Of the call: by channel, by diarized speaker, or under `MIXED`.
    channel_speech
        Speech by what a recogniser hears: channels, or `MIXED`.
    one_channel
        Speaker label of the channel that everybody is on, as the ear has it; None where each party has one.
    empty
        A channel that carries nothing.
    reaches_agent_ms
        Before this no agent speaks.
    diarized
        What a diarizer said; None where it was not asked.
    """

    record: Telephony
    duration_ms: int
    layout: Layout
    timeline: SpeakerTimeline
    acoustics: Acoustics
    channel_speech: Mapping[str, Spans]
    one_channel: str | None
    empty: EmptyChannel | None
    reaches_agent_ms: int
    diarized: Diarized | None = None

    @classmethod
    def of(
        cls,
        record: Telephony,
        recording: Recording,
        timeline: SpeakerTimeline,
        acoustics: Acoustics,
        recorder: Recorder,
        started_at: datetime | None,
    ) -> Scene:
        """Before anybody is told apart."""
        empty = empty_channel(recording, timeline, acoustics)
        one = empty.other if empty is not None else None if recording.topology.is_separated else MIXED
        return cls(
            record,
            recording.duration_ms,
            told_layout(record, recording, recorder.layouts),
            timeline,
            acoustics,
            timeline.by_label,
            one,
            empty,
            reaches_agent_ms(record, started_at, acoustics, timeline.by_label),
        )

    @property
    def is_one_channel(self) -> bool:
        """Whether a diarizer has to tell the parties apart."""
        return self.one_channel is not None

    @property
    def why_one_channel(self) -> str:
        """For the tables."""
        return ONE_CHANNEL_EMPTY if self.empty is not None else self.layout.reason or "the recording has one channel"

    @property
    def human_part(self) -> Spans:
        """What the diarizer is given of the one channel."""
        assert self.one_channel is not None
        heard = Acoustics({self.one_channel: self.acoustics.channels[self.one_channel]})
        return human_part(self.duration_ms, heard, self.channel_speech[self.one_channel], self.reaches_agent_ms)

    def told_apart(self, diarized: Diarized, policy: SpeakerPolicy) -> Scene:
        """With what a diarizer says of the one channel."""
        assert self.one_channel is not None
        if self.empty is not None and len(diarized.overlapping.by_label) < 2:
            # One voice on one channel, nothing on the other: a customer who says nothing.
            return replace(self, one_channel=None, empty=None)
        speech = self.channel_speech[self.one_channel]
        reason = ONE_CHANNEL_EMPTY if self.empty is not None else self.layout.reason

        def whole(told: SpeakerTimeline) -> SpeakerTimeline:
            return filled(over_speech(speech, told), round(policy.fill_max_s * 1000))

        return replace(
            self,
            layout=Layout({}, None, reason),
            timeline=with_menu(whole(diarized.overlapping), self.reaches_agent_ms),
            acoustics=Acoustics({MIXED: self.acoustics.channels[self.one_channel]}),
            channel_speech={MIXED: speech},
            diarized=replace(diarized, exclusive=whole(diarized.exclusive)),
        )

    def spoken(self, transcript: Transcript, policy: SpeakerPolicy) -> Transcript:
        """Words with their speakers."""
        if self.diarized is None:
            return transcript
        told = self.diarized.exclusive
        exclusive = replace(told, by_label={label: spans for label, spans in told.by_label.items() if label != MIXED})
        if self.reaches_agent_ms > 0:
            before = (Span(0, self.reaches_agent_ms),)
            exclusive = replace(exclusive, by_label={**exclusive.by_label, MENU: before})
        words = with_speakers(transcript.words, exclusive, self.diarized.overlapping, sure_share=policy.sure_share)
        return replace(transcript, words=words)

    def heard(self, transcript: Transcript | None) -> Heard:
        """What roles are told by."""
        speech = {label: spans for label, spans in self.timeline.by_label.items() if label not in (MIXED, MENU)}
        return Heard(
            speech=speech,
            words=transcript.words if transcript is not None else None,
            opens_ms=self.reaches_agent_ms,
            direction=self.record.direction,
            agent_name=self.record.agent_name,
            language=(transcript.language if transcript is not None else None) or self.record.language,
            acoustics=self.acoustics if self.diarized is None else None,
            # On two channels the agents share one; a diarizer has to hear each of them.
            fewest_voices=2 if self.diarized is None or not self.record.transfers else 3,
            is_one_channel=self.diarized is not None,
            unheard_share=transcript.unheard_share if transcript is not None else 0.0,
        )

    def channel_of(self, label: str) -> str:
        """The channel that a speaker is on, as the ear has it."""
        return label if self.one_channel is None else self.one_channel

    def clean_speech(self, label: str, policy: VoiceprintPolicy, only: Spans | None = None) -> Spans:
        """Where a speaker alone is heard, and well."""
        channel = self.acoustics.channels.get(MIXED if self.diarized is not None else label)
        most_ms = round(policy.most_s * 1000)
        return clean_speech(label, self.timeline.by_label, channel, self.reaches_agent_ms, most_ms, only)

    def with_menu_role(self, roles: Mapping[str, Role]) -> Mapping[str, Role]:
        """Roles of all speakers."""
        return {**roles, MENU: Role.IVR} if MENU in self.timeline.by_label else roles
