"""The words of a call, and how they were made.

Definition
----------
``stage_word`` has one row per word, ``position`` counting from 0 in order of start over the whole call; ``call_transcript`` one
row per call with a transcript: engine, options, and how far its words fit the speech that was found without it.

Edge cases
----------
No transcript, no row in either table. A transcript without words has a row in ``call_transcript`` and none in ``stage_word``.
The speaker is empty when it is not known who said a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, EndMs, LabelRole, Language, SpeakerLabel, StartMs
from postcall.tables import Field, table
from postcall.telephony import Role


@table("stage_word", grain="word", primary_key=("call_id", "position"))
class StageWord:
    """Words of the transcript, fitted to the speech of their speaker."""

    call_id: CallId
    position: Annotated[int, Field("Place of the word in the call, from 0, in order of start.", minimum=0)]
    speaker: SpeakerLabel | None
    speaker_role: LabelRole | None
    start_ms: StartMs
    end_ms: EndMs
    text: Annotated[str, Field("The word as the engine wrote it.", pii=True)]
    probability: Annotated[float | None, Field("The engine's own probability of the word.", minimum=0, maximum=1)]
    is_in_doubt: Annotated[
        bool, Field("Whether its speaker is in doubt: it lies at a change of speakers, or two speak. Only on one channel.")
    ]


@table("call_transcript", grain="call with a transcript", primary_key=("call_id",))
class CallTranscript:
    """How the words of a call were made, and how well they fit its speech."""

    call_id: CallId
    engine: Annotated[str, Field("What recognised the words, or where they came from.")]
    options: Annotated[str, Field("Options of the engine in force, as a JSON object.")]
    language: Language
    words: Annotated[int, Field("Words of the transcript that lie in speech.", minimum=0)]
    agent_mean_probability: Annotated[
        float | None, Field("Mean of the engine's own probability of the agent's words.", minimum=0, maximum=1)
    ]
    customer_mean_probability: Annotated[
        float | None, Field("Mean of the engine's own probability of the customer's words.", minimum=0, maximum=1)
    ]
    words_clipped: Annotated[int, Field("Words that reached out of speech and were clipped to it.", minimum=0)]
    words_dropped: Annotated[int, Field("Words with no speech under them, dropped.", minimum=0)]
    marks_ignored: Annotated[int, Field("Annotations such as [noise] that are no words.", minimum=0)]
    speech_without_words_ms: Annotated[int, Field("Speech under which no word was recognised.", unit="ms", minimum=0)]


@analyzer(version=2)
def spoken_words(call: Call) -> Iterator[StageWord | CallTranscript]:
    """The row of the transcript, and one for each of its words."""
    transcript = call.need_transcript()
    yield CallTranscript(
        call_id=call.call_id,
        engine=transcript.engine,
        options=json.dumps(dict(transcript.options), ensure_ascii=False, sort_keys=True),
        language=transcript.language,
        words=len(transcript.words),
        agent_mean_probability=_mean_probability(call, Role.AGENT),
        customer_mean_probability=_mean_probability(call, Role.CUSTOMER),
        words_clipped=transcript.words_clipped,
        words_dropped=transcript.words_dropped,
        marks_ignored=transcript.marks_ignored,
        speech_without_words_ms=transcript.speech_without_words_ms,
    )
    call_id, roles = call.call_id, {label: role.value for label, role in call.roles.items()}
    for position, word in enumerate(transcript.words):
        yield StageWord(
            call_id=call_id,
            position=position,
            speaker=word.speaker,
            speaker_role=roles.get(word.speaker) if word.speaker is not None else None,
            start_ms=word.span.start_ms,
            end_ms=word.span.end_ms,
            text=word.text,
            probability=word.probability,
            is_in_doubt=word.is_in_doubt,
        )


def _mean_probability(call: Call, role: Role) -> float | None:
    """How sure the engine is of a party's words; None where it does not say, or the parties are not told apart."""
    known = [word.probability for word in (call.words(role) if call.has_parties else ()) if word.probability is not None]
    return round(sum(known) / len(known), 4) if known else None
