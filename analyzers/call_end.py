"""The end of a call: who hung up, and how.

Conventions
-----------
Milliseconds of the recording.

Definition
----------
``hung_up_by`` goes by the first that tells:

1. ``call_record``: the record says who hung up;
2. ``busy_tone``: a leg on which the busy tone sounds after the last word is the leg that was put down;
3. ``leg_off``: one leg falls dead or drops to a switch's noise after the last word while the other goes on;
4. ``said``: in its last turn a party says that it ends the call ("я кладу трубку", "I'm ending this call", "我挂了");
5. ``one_sided_farewell``: the party that speaks last says goodbye, and the other did so in neither of its last two turns, nor
   gave thanks nor said in the last that all is said.

``hung_up_confidence`` is what each is worth: 1 for the record, which is taken at its word, else about the share that came out
right on calls whose end is known (`benchmarks/accuracy.py`), held down where these were few. What is worth less than
``call_end.min_confidence`` is not told: by default a one-sided farewell, for who is bid goodbye in anger may hang up as well.

``after_last_word_ms`` is from the last word to the end of the recording, ``release_ms`` from the last word to the first sign
that the line was released (2 or 3).

::

    agent      ####        ####
    customer        #####       ##
    busy                           # # # #     on the customer's leg: the customer hung up
                                ^  ^     ^
                                last word, release, end of the recording

Edge cases
----------
A record that says ``unknown`` says nothing: sound and words are asked then. ``is_record_confirmed`` compares the record with
what is heard, where both tell. On one channel a busy tone belongs to nobody: there the record and the words alone tell who hung
up. The last speaker is no evidence: who says goodbye last is as often the one who stays. Nor are farewells of both: that the
customer then hangs up first is what good manners ask of the agent, and a measure that took it for granted could not tell
whether they were kept. Words need a transcript, and parties told apart.

References
----------
cabletv-08: let the customer hang up first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from postcall.acoustics import SoundKind
from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, NotMeasurable
from postcall.language.parting import announces_hanging_up, lets_end, parts
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.spans import hull
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.turns import Turn

_CONFIDENCE = {"call_record": 1.0, "busy_tone": 0.98, "leg_off": 0.95, "said": 0.95, "one_sided_farewell": 0.7}


class CallEndPolicy(Policy):
    """When it is told who hung up."""

    min_confidence: float = Setting(
        0.9,
        ge=0,
        le=1,
        description="Least confidence at which it is told who hung up. 0.7 tells also by one-sided farewells, 0.98 no more by "
        "what is said or dead legs, 1 by nothing but the call record.",
    )


@table("call_end", grain="call with a recording", primary_key=("call_id",))
class CallEnd:
    """How the call ended."""

    call_id: CallId
    hung_up_by: Annotated[str | None, Field("Who hung up.", enum=("agent", "customer", "ivr", "unknown"))]
    hung_up_source: Annotated[str | None, Field("What tells.", enum=tuple(_CONFIDENCE))]
    hung_up_confidence: Annotated[
        float | None, Field("How sure hung_up_by is, by what tells; 1 is the call record.", minimum=0, maximum=1)
    ]
    is_record_confirmed: Annotated[
        bool | None, Field("Whether the sound names the same party as the record; empty where only one of them tells.")
    ]
    last_speaker: Annotated[str | None, Field("Who speaks last.", enum=("agent", "customer"))]
    after_last_word_ms: Annotated[int | None, Field("From the last word to the end of the recording.", unit="ms", minimum=0)]
    release_ms: Annotated[
        int | None, Field("From the last word to the first sign that a leg was put down.", unit="ms", minimum=0)
    ]
    has_busy_tone: Annotated[bool | None, Field("Whether a busy tone is heard after the last word.")]
    not_measurable: NotMeasurable


@analyzer(version=3)
def call_end(call: Call, policy: CallEndPolicy) -> Iterator[CallEnd]:
    """The row of the call."""
    why = Reasons()
    call.need_recording()
    recorded = _recorded(call)
    heard = why.attempt("release_ms, has_busy_tone", lambda: _heard(call))
    by, _, release_ms, has_busy = heard or (None, None, None, None)
    told = _told(call, heard)
    if told is not None and _CONFIDENCE[told[1]] < policy.min_confidence:
        told = None
    if told is None:
        nothing = "neither the call record nor sound nor words tell who hung up"
        for column in ("hung_up_by", "hung_up_source", "hung_up_confidence"):
            why.note(column, nothing)
    if heard is not None and release_ms is None:
        why.note("release_ms", "no leg is heard being put down")
    last = hull(call.speech())
    yield CallEnd(
        call_id=call.call_id,
        hung_up_by=told and told[0].value,
        hung_up_source=told and told[1],
        hung_up_confidence=_CONFIDENCE[told[1]] if told else None,
        is_record_confirmed=why.known(
            "is_record_confirmed",
            recorded is by if recorded is not None and by is not None else None,
            "record and sound do not both tell who hung up",
        ),
        last_speaker=why.attempt("last_speaker", lambda: _last_speaker(call)),
        after_last_word_ms=why.known("after_last_word_ms", call.duration_ms - last.end_ms if last else None, "nobody speaks"),
        release_ms=release_ms,
        has_busy_tone=has_busy,
        not_measurable=why.text(),
    )


def _last_speaker(call: Call) -> str:
    ends = {role: call.talk(role)[-1].end_ms for role in (Role.CUSTOMER, Role.AGENT) if call.talk(role)}
    if not ends:
        raise MissingInput("speech", "neither party speaks")
    return max(ends, key=lambda role: ends[role]).value


def _recorded(call: Call) -> Role | None:
    """Who hung up by the record; None also where it says that it does not know, so that sound and words are asked."""
    by = call.telephony.disconnected_by
    return None if by is Role.UNKNOWN else by


def _told(call: Call, heard: tuple[Role | None, str | None, int | None, bool] | None) -> tuple[Role, str] | None:
    """Who hung up, and the first that tells it."""
    recorded = _recorded(call)
    if recorded is not None:
        return recorded, "call_record"
    if heard is not None and heard[0] is not None and heard[1] is not None:
        return heard[0], heard[1]
    if not call.has_parties or not call.has_words or call.timeline is None:
        return None
    return _said([turn for turn in call.turns if turn.words], call.language)


def _said(turns: Sequence[Turn], language: str | None) -> tuple[Role, str] | None:
    """Who hung up by the words of the last turns."""
    if not turns:
        return None
    last = turns[-1]
    others = [_texts(turn) for turn in turns if turn.role is not last.role][-2:]
    if announces_hanging_up(_texts(last), language):
        return last.role, "said"
    if not others:
        return None
    if announces_hanging_up(others[-1], language):
        return last.role.other, "said"
    is_answered = lets_end(others[-1], language) or any(parts(texts, language) for texts in others)
    return (last.role, "one_sided_farewell") if parts(_texts(last), language) and not is_answered else None


def _texts(turn: Turn) -> list[str]:
    return [word.text for word in turn.words or ()]


def _heard(call: Call) -> tuple[Role | None, str | None, int | None, bool]:
    """Whose leg is heard being put down, by what, how long after the last word, and whether a busy tone sounds."""
    acoustics = call.need_acoustics()
    last = hull(call.speech())
    if last is None:
        raise MissingInput("speech", "nobody speaks")
    busy = [(label, s) for label, s in acoustics.sounds(SoundKind.BUSY) if s.span.end_ms > last.end_ms]
    if busy:
        label, first = min(busy, key=lambda one: one[1].span)
        by = call.roles.get(label) if call.has_parties else None
        return by, "busy_tone" if by else None, max(0, first.span.start_ms - last.end_ms), True
    off = {
        label: sound.span.start_ms
        for label, sound in sorted(acoustics.sounds(SoundKind.DROPPED, SoundKind.MUTE), key=lambda one: one[1], reverse=True)
        if sound.span.end_ms >= call.duration_ms - 200 and sound.span.end_ms > last.end_ms
    }
    if len(off) == 1 and call.has_parties:
        [(label, start_ms)] = off.items()
        return call.roles.get(label), "leg_off", max(0, start_ms - last.end_ms), False
    return None, None, None, False
