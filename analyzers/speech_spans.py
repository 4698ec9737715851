"""Who spoke when: every span of speech, by speaker.

Definition
----------
The speech timeline as the analyzers saw it, one row per span. A *speaker* is a label of the channel or the diarizer; its *role*
is who that is.

Edge cases
----------
No timeline, no row. The role is empty where the parties are not told apart. Spans of one speaker are disjoint; those of two may
overlap.
"""

from __future__ import annotations

from collections.abc import Iterator

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, EndMs, LabelRole, SpeakerLabel, StartMs
from postcall.tables import table


@table("stage_speech", grain="span of speech of one speaker", primary_key=("call_id", "speaker", "start_ms"))
class StageSpeech:
    """Spans of speech by speaker, as every timing measure uses them."""

    call_id: CallId
    speaker: SpeakerLabel
    speaker_role: LabelRole | None
    start_ms: StartMs
    end_ms: EndMs


@analyzer(version=1)
def speech_spans(call: Call) -> Iterator[StageSpeech]:
    """A row for each span of the timeline."""
    for label, spans in call.need_timeline().by_label.items():
        role = call.roles.get(label)
        for span in spans:
            yield StageSpeech(
                call_id=call.call_id,
                speaker=label,
                speaker_role=role.value if role else None,
                start_ms=span.start_ms,
                end_ms=span.end_ms,
            )
