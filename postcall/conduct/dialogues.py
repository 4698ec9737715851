"""Golden dialogues: short conversations with the results that a manual's rules must give for them.

Definition
----------
::

    [[dialogue]]
    name = "asks with other words"
    kind = "passing"                   # passing, failing, adversarial, not_applicable
    expect = { "mts-16" = "pass" }
    said = \"\"\"
    agent: Добрый день! Чем могу помочь?
    [3 s]
    customer: Сколько стоит тариф?
    [hold 40 s]
    @52.5 agent: Спасибо за ожидание.
    \"\"\"

Each line follows the one before after ``GAP_MS``; a word lasts ``WORD_MS``, a Chinese character ``CHARACTER_MS``.
``[3 s]`` is a pause, ``[hold 40 s]`` a hold of the call record, ``@52.5`` a line that starts then, whatever is being said.
Of the call record stand beside it ``direction``, ``queue``, ``grade``, ``disconnected_by``, ``transfers``, ``hold`` (from and
to, in seconds) and ``record`` (further columns);
``measures`` sets columns of ``call_`` tables.

Edge cases
----------
A measure that is set takes the place of the one that analyzers make of the dialogue: pitch and rings cannot be written down.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from postcall.call import Call
from postcall.conduct.evaluate import Judge
from postcall.conduct.results import Outcome
from postcall.errors import PolicyError
from postcall.recording import Recording, Topology
from postcall.spans import Span, bridge
from postcall.telephony import Direction, RecordedHold, Role, Telephony
from postcall.timeline import SpeakerTimeline, channel_label
from postcall.transcript import Transcript, Word

GAP_MS, WORD_MS, CHARACTER_MS = 300, 350, 200
_ANSWERED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_LABELS = {Role.CUSTOMER: channel_label(0), Role.AGENT: channel_label(1)}
_PAUSE = re.compile(r"\[(?:(hold)\s+)?([\d.]+)\s*s\]$")
_LINE = re.compile(r"(?:@([\d.]+)\s+)?(agent|agent2|customer):\s*(.+)$")

Rows = Mapping[str, Sequence[Any]]


class Dialogue(BaseModel):
    """One golden dialogue; see the module."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    kind: Literal["passing", "failing", "adversarial", "not_applicable"]
    expect: dict[str, Outcome]
    said: str
    direction: Direction = Direction.INBOUND
    queue: str | None = None
    grade: str | None = None
    disconnected_by: Role | None = None
    transfers: int | None = None
    hold: tuple[tuple[float, float], ...] = ()
    record: dict[str, str] = Field(default_factory=dict)
    measures: dict[str, float | bool | str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surprise:
    """A result that a dialogue does not expect.

    Attributes
    ----------
    rule, dialogue
        Which rule, and the name of the dialogue.
    expected, was
        Outcomes.
    reason
        The verdict's own.
    """

    rule: str
    dialogue: str
    expected: Outcome
    was: Outcome
    reason: str | None


def read_dialogues(path: Path) -> tuple[Dialogue, ...]:
    """Read a file of dialogues.

    Raises
    ------
    PolicyError
        It is missing, no TOML, or wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        if set(content) - {"dialogue"}:
            raise PolicyError(f"dialogues '{path.name}': only [[dialogue]] can stand in it")
        return tuple(Dialogue.model_validate(one) for one in content.get("dialogue", ()))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot read dialogues '{path.name}': {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"dialogues '{path.name}' are not valid TOML: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise PolicyError(f"dialogues '{path.name}': {where}: {problem['msg'].lower()}") from error


def call_of(dialogue: Dialogue, language: str) -> Call:
    """The call that a dialogue writes down.

    Raises
    ------
    PolicyError
        A line is neither speech nor pause.
    """
    words: list[Word] = []
    holds = [Span(round(start * 1000), round(end * 1000)) for start, end in dialogue.hold]
    at_ms = 0
    for line in filter(None, map(str.strip, dialogue.said.splitlines())):
        pause, said = _PAUSE.match(line), _LINE.match(line)
        if pause:
            length_ms = round(float(pause[2]) * 1000)
            if pause[1]:
                holds.append(Span(at_ms + GAP_MS // 2, at_ms + GAP_MS // 2 + length_ms))
            at_ms += length_ms
        elif said:
            start_ms = round(float(said[1]) * 1000) if said[1] else at_ms + GAP_MS
            role = Role.CUSTOMER if said[2] == "customer" else Role.AGENT
            spoken = _words(said[3], start_ms, _LABELS[role], language)
            words += spoken
            at_ms = max(at_ms, spoken[-1].span.end_ms)
        else:
            raise PolicyError(f"dialogue '{dialogue.name}': a line is neither speech nor pause", hint="agent: …  or  [3 s]")
    duration_ms = max([at_ms, *(hold.end_ms for hold in holds)]) + 1_000
    talk = {label: bridge((word.span for word in words if word.speaker == label), 0) for label in _LABELS.values()}
    return Call(
        telephony=_record(dialogue, holds, duration_ms, language),
        recording=Recording(
            source="dialogue",
            sha256="0" * 64,
            codec="pcm_s16le",
            container="wav",
            sample_rate_hz=8000,
            channels=2,
            duration_ms=duration_ms,
            topology=Topology.SEPARATE,
            topology_evidence={},
        ),
        timeline=SpeakerTimeline(talk, exclusive=False, source="dialogue"),
        transcript=Transcript(tuple(sorted(words, key=lambda word: word.span)), language, "dialogue"),
        roles={label: role for role, label in _LABELS.items()},
        role_source="call_record",
        recording_started_at=_ANSWERED_AT,
    )


def _words(text: str, start_ms: int, label: str, language: str) -> list[Word]:
    if language == "zh":
        pieces = re.findall(r"\d+[^\w]*|[^\W\d][^\w]*", text)
        length_ms = CHARACTER_MS
    else:
        pieces, length_ms = text.split(), WORD_MS
    spans = (Span(start_ms + index * length_ms, start_ms + (index + 1) * length_ms) for index in range(len(pieces)))
    return [Word(span, piece.strip(), 1.0, label) for span, piece in zip(spans, pieces, strict=True)]


def _record(dialogue: Dialogue, holds: Sequence[Span], duration_ms: int, language: str) -> Telephony:
    def instant(ms: int) -> datetime:
        return _ANSWERED_AT + timedelta(milliseconds=ms)

    return Telephony(
        call_id="dialogue",
        recording="dialogue",
        started_at=instant(-10_000),
        offered_at=instant(-5_000),
        answered_at=instant(0),
        ended_at=instant(duration_ms),
        direction=dialogue.direction,
        queue=dialogue.queue,
        agent_id="a-1",
        agent_grade=dialogue.grade,
        holds=tuple(RecordedHold(instant(hold.start_ms), instant(hold.end_ms)) for hold in holds),
        transfers=dialogue.transfers,
        disconnected_by=dialogue.disconnected_by,
        language=language,
        extra=dialogue.record,
    )


class _Set:
    """A row of which some columns are set."""

    def __init__(self, row: Any, columns: Mapping[str, Any]) -> None:
        self._row, self._columns = row, columns

    def __getattr__(self, name: str) -> Any:
        return self._columns[name] if name in self._columns else getattr(self._row, name, None)


def _with_measures(rows: Rows, measures: Mapping[str, Any]) -> Rows:
    by_table: dict[str, dict[str, Any]] = {}
    for name, value in measures.items():
        table, column = name.split(".", 1)
        by_table.setdefault(table, {})[column] = value
    merged = {name: list(found) for name, found in rows.items()}
    for table, columns in by_table.items():
        merged[table] = [_Set(next(iter(merged.get(table, [])), None), columns)]
    return merged


def surprises(judge: Judge, dialogues: Sequence[Dialogue], rows_of: Callable[[Call], Rows]) -> list[Surprise]:
    """Results that are not as the dialogues expect.

    Parameters
    ----------
    judge
        The manual.
    dialogues
        Of the manual.
    rows_of
        What the analyzers make of a call, by table.

    Raises
    ------
    PolicyError
        A dialogue expects something of a rule that there is not.
    """
    known = {rule.id for rule in judge.manual.rules}
    found = []
    for dialogue in dialogues:
        strangers = set(dialogue.expect) - known
        if strangers:
            raise PolicyError(f"dialogue '{dialogue.name}' is about rule '{sorted(strangers)[0]}', which there is not")
        call = call_of(dialogue, judge.manual.heading.language)
        verdicts = judge.verdicts(call, _with_measures(rows_of(call), dialogue.measures))
        found += [
            Surprise(rule, dialogue.name, expected, verdicts[rule].outcome, verdicts[rule].reason)
            for rule, expected in dialogue.expect.items()
            if verdicts[rule].outcome is not expected
        ]
    return found
