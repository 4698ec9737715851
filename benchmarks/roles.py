"""Who is who, and what one channel costs: roles, swapped channels, speakers of words, and every timing measure on mono.

    python -m benchmarks.roles [FOLDER] [--calls 36] [--seed 52] [--real FOLDER] [--diarizer demo] [--recogniser demo]
        [--history 120] [--history-seed 60] [--table NAME …] [--words NAME …]

Definitions
-----------
calls
    Of the corpus, by default of a draw on which no weight was set, heard as the night hears them, with their call records; and
    four real calls. Each two-channel call is heard a second time as its mono mix.
words
    ``true``: those of the synthesis (of real calls: human) lie beside the recording; ``recognised``: by the recogniser, with
    its errors, synthetic calls only; ``none``.
map
    ``record``: as the call records have it, missing or wrong in some; ``no map``: what is heard decides; ``wrong map``: the
    truth turned round.
right
    On two channels, the roles of the channels are the true ones. On one, what is taken for the agent's talk shares more time
    with the agent's true talk than with the customer's, and the other way round. Calls without roles are not right. *likely*
    are the most probable roles however unsure, *sure* those of which the default policy lets parties be measured.
swapped
    Of wrong maps: found to be contradicted; of the others: contradicted all the same. *judged wrongly* are calls of which a
    party is measured in the other's place.
with voiceprints
    The same calls, with prints of their agents' voices (`postcall.voiceprints`) that earlier days left: those of another draw,
    of which the two-channel calls are heard with their records and true words, day by day. An agent of the corpus has one voice
    in all calls but for scripts that change it, and customers of other calls have it, too. *source voice* are calls whose roles
    rest on it. *prints of another*: the record names another agent of the language, of whom prints are known.
DER, WDER
    Diarization error rate of `pyannote.metrics` (`benchmarks.diarization`), of what tables hold. Share of true words that go to
    the wrong speaker, with speakers matched to parties as fits best; of words that are not in doubt; share of words in doubt.
cpWER
    Of true words, where speakers alone are wrong, and of recognised ones (`benchmarks.cpwer`).
timing
    Mean absolute error of a call against the truth, the same calls on two channels with the right map and on their mono mix,
    as far as parties were told there; of all calls of the corpus that have two channels.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.io import wavfile

from benchmarks.accuracy import plans
from benchmarks.bench_calls import make_calls, truths
from benchmarks.cpwer import cpwer
from benchmarks.diarization import errors
from benchmarks.talk_time import FOLDER as REAL
from flows.equipment import policy_sections
from flows.listen import Listener
from flows.plan import PlannedCall
from flows.settings import Recorder, VoiceprintSettings
from flows.voices import AgentVoices
from postcall.analyzer import discover
from postcall.audio.decode import DecodePolicy, decode
from postcall.call import Call
from postcall.language.word_errors import WordErrors
from postcall.policy import PolicySet, load_policy
from postcall.roles import RolePolicy
from postcall.spans import Span, Spans, at_least, bridge, intersect, total_ms, union
from postcall.speakers import MENU
from postcall.speech.engines import Diarizer, Transcriber, VoiceTeller, load_diarizer, load_transcriber
from postcall.telephony import Role, Telephony
from postcall.timeline import MIXED, SpeakerTimeline, channel_label
from postcall.voiceprints import VoiceprintPolicy
from storage.artifacts import Artifacts
from storage.record_schema import RecordFormat
from storage.recordings import Recordings
from storage.telephony import business_day, read_call_records

WORDS = ("true", "recognised", "none")
MAPS = ("record", "no map", "wrong map")
PARTIES = (Role.AGENT, Role.CUSTOMER)
LONGEST_WAIT_MS = 5_000
"""A longer wait is a search or a hold, no answer."""
BRIDGE_MS = 400
"""``speech.bridge_gap_ms``: shorter pauses are talk in the tables, so they are in the truth too."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A call that is heard.

    Attributes
    ----------
    group
        ``synthetic`` or ``real``.
    record
        Its call record.
    recording, transcript
        Paths below the folder.
    channels
        Role of each channel; empty for one channel.
    speech
        True speech by speaker: ``agent``, ``agent2``, ``customer``.
    words
        True words: start, end, speaker, text.
    silences
        Of at least 3 s, or None where truth does not tell.
    is_mix
        Whether it is the mono mix of a two-channel call.
    """

    group: str
    record: Telephony
    recording: str
    transcript: str
    channels: tuple[Role, ...]
    speech: Mapping[str, Spans]
    words: tuple[tuple[Span, str, str], ...]
    silences: Spans | None
    is_mix: bool

    @property
    def is_mono(self) -> bool:
        """Whether everybody is on one channel."""
        return not self.channels

    def talk(self, role: Role) -> Spans:
        """True talk of a party; a second agent's is the agent's."""
        return union(*(spans for by, spans in self.speech.items() if _party(by) is role))


def _party(by: str) -> Role:
    return Role.CUSTOMER if by == "customer" else Role.AGENT


# ── the calls ────────────────────────────────────────────────────────────────


def synthetic(folder: Path) -> Iterator[Staged]:
    """Calls of the corpus, two-channel ones with their mono mixes."""
    read = read_call_records(str(folder / "calls.csv"), RecordFormat(time_zone="Europe/Moscow", empty_holds="unknown"))
    records = {record.call_id: record for record in read.records}
    for truth in truths(folder):
        call_id = truth["call_id"]
        rttm = SpeakerTimeline.from_rttm((folder / "truth" / f"{call_id}.rttm").read_text(encoding="utf-8"))
        whole = Staged(
            "synthetic",
            records[call_id],
            f"recordings/{truth['recording']}",
            f"recordings/{call_id}.ctm",
            tuple(Role(parties[0]) for parties in truth["channels"]) if truth["topology"] == "separate" else (),
            {by: spans for by, spans in rttm.by_label.items() if by != "ivr"},
            tuple(
                (Span(w["start_ms"], max(w["end_ms"], w["start_ms"] + 1)), w["by"], w["text"])
                for w in truth["words"]
                if w["by"] != "ivr"
            ),
            tuple(Span(one["start_ms"], one["end_ms"]) for one in truth["silences"]),
            is_mix=False,
        )
        yield whole
        if whole.channels:
            yield _mixed(folder, whole)


def real(folder: Path, source: Path) -> Iterator[Staged]:
    """Real two-channel calls, the caller on the first channel, with their mono mixes."""
    (folder / "real").mkdir(exist_ok=True)
    for path in sorted(source.glob("*.stereo.wav")):
        name = path.name.removesuffix(".stereo.wav")
        shutil.copyfile(path, folder / "real" / f"{name}.wav")
        shutil.copyfile(source / f"{name}.stm", folder / "real" / f"{name}.stm")
        true = SpeakerTimeline.from_rttm((source / f"{name}.rttm").read_text(encoding="utf-8")).by_label
        spoken = []
        for line in (source / f"{name}.ctm").read_text(encoding="utf-8").splitlines():
            cells = line.split()
            start_ms = round(float(cells[2]) * 1000)
            length_ms = max(round(float(cells[3]) * 1000), 1)
            spoken.append((Span(start_ms, start_ms + length_ms), "customer" if cells[1] == "1" else "agent", cells[4]))
        call = Staged(
            "real",
            Telephony(name, channel_map=(Role.CUSTOMER, Role.AGENT), language="en"),
            f"real/{name}.wav",
            f"real/{name}.stm",
            (Role.CUSTOMER, Role.AGENT),
            {"customer" if by == "caller" else by: spans for by, spans in true.items()},
            tuple(spoken),
            None,
            is_mix=False,
        )
        yield call
        yield _mixed(folder, call)


def _mixed(folder: Path, call: Staged) -> Staged:
    """The call on one channel: the mean of both, as a down-mix must be."""
    (folder / "mono").mkdir(exist_ok=True)
    path = folder / "mono" / f"{Path(call.recording).stem}.wav"
    if not path.exists():
        sound = decode(io.BytesIO((folder / call.recording).read_bytes()), DecodePolicy())
        mixed = np.clip(np.round(sound.samples.mean(axis=0) * 32767), -32768, 32767).astype(np.int16)
        wavfile.write(path, sound.sample_rate_hz, mixed)
    beside = path.with_suffix(Path(call.transcript).suffix)
    shutil.copyfile(folder / call.transcript, beside)
    return replace(
        call,
        record=replace(call.record, channel_map=None),
        recording=f"mono/{path.name}",
        transcript=f"mono/{beside.name}",
        channels=(),
        is_mix=True,
    )


# ── hearing ──────────────────────────────────────────────────────────────────


class Ears:
    """The night's listener, with words and policy of one's choice; what engines find is kept in the folder."""

    def __init__(self, folder: Path, diarizer: Diarizer, recogniser: Transcriber) -> None:
        self._recordings, self._artifacts = Recordings(str(folder)), Artifacts(folder / "store")
        self._diarizer, self._recogniser = diarizer, recogniser
        self._folder = folder
        default = load_policy(None, policy_sections(discover()))
        sections = {name: default.section(name, type_) for name, type_ in policy_sections(discover()).items()}
        every = RolePolicy(minimum_confidence=0.5, override_confidence=0.5, smallest_voice_s=0, most_unheard_share=1)
        self._policies = {False: default, True: PolicySet({**sections, "roles": every}, "every role")}

    def voices(self, store: Path, day: date, calls: Sequence[Staged] = ()) -> AgentVoices | None:
        """What is known on a day of agents' voices, by what earlier days left in ``store``."""
        policy = self._policies[False].section("voiceprints", VoiceprintPolicy)
        revision = self._diarizer.voice_revision if isinstance(self._diarizer, VoiceTeller) else None
        planned = [self._planned(call, "true") for call in calls]
        return AgentVoices.of(store, day, policy, VoiceprintSettings(use=True), revision, planned)

    def _planned(self, call: Staged, words: str) -> PlannedCall:
        beside = (call.transcript, _sha256(self._folder / call.transcript)) if words == "true" else (None, None)
        return PlannedCall(call.record, call.recording, _sha256(self._folder / call.recording), *beside)

    def hear(self, call: Staged, words: str, *, names_everybody: bool = False, voices: AgentVoices | None = None) -> Call:
        """One call.

        Parameters
        ----------
        call
            Which.
        words
            One of `WORDS`.
        names_everybody
            Whether roles are given however unsure they are.
        voices
            Agents' voices; None for none.
        """
        listener = Listener(
            self._recordings,
            self._artifacts,
            self._policies[names_everybody],
            recorder=Recorder(),
            transcriber=self._recogniser,
            why_no_transcriber="",
            diarizer=self._diarizer,
            why_no_diarizer="",
            use_transcripts=words != "none",
            voices=voices,
        )
        heard = listener.hear(self._planned(call, words))
        if heard.failures:
            raise heard.failures[0].error
        return heard.call


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def with_map(call: Staged, kind: str) -> Staged:
    """The call with its record's map, none, or the wrong one."""
    if kind == "record":
        return call
    turned = tuple(role.other for role in call.channels) if kind == "wrong map" else None
    return replace(call, record=replace(call.record, channel_map=turned))


def is_right(call: Staged, heard: Call) -> bool | None:
    """Whether the parties are who they are taken for; None where they are not told apart."""
    if not heard.has_parties:
        return None
    if call.channels:
        return all(heard.roles.get(channel_label(n)) is role for n, role in enumerate(call.channels))
    return all(
        total_ms(intersect(heard.talk(role), call.talk(role))) > total_ms(intersect(heard.talk(role), call.talk(role.other)))
        for role in PARTIES
        if heard.talk(role)
    )


# ── tables ───────────────────────────────────────────────────────────────────


ROLE_HEADS = ("calls", "likely right", "sure", "sure right", "sure wrong", "confidence")


def _role_cells(
    calls: Sequence[Staged], ears: Ears, words: str, voices: AgentVoices | None = None
) -> tuple[tuple[str, ...], int]:
    """Cells under `ROLE_HEADS`, and of how many calls a voice decided."""
    likely, sure, by_voice, confidences = Counter[bool | None](), Counter[bool | None](), 0, []
    for call in calls:
        likely[is_right(call, ears.hear(call, words, names_everybody=True, voices=voices))] += 1
        heard = ears.hear(call, words, voices=voices)
        sure[is_right(call, heard)] += 1
        by_voice += heard.role_source == "voice"
        confidences.append(heard.role_confidence or 0.5)
    cells = (
        str(len(calls)),
        f"{likely[True] / len(calls):.1%}",
        f"{(sure[True] + sure[False]) / len(calls):.1%}",
        str(sure[True]),
        str(sure[False]),
        f"{np.mean(confidences):.2f}",
    )
    return cells, by_voice


def roles_table(calls: Sequence[Staged], ears: Ears) -> Iterator[str]:
    """How often the roles are right."""
    yield f"{'':52}" + "".join(f"{head:>13}" for head in ROLE_HEADS)
    for group, is_mono, words, kind in product(("synthetic", "real"), (False, True), WORDS, MAPS[:2]):
        chosen = [call for call in calls if call.group == group and call.is_mono is is_mono]
        if not chosen or (group == "real" and (words == "recognised" or kind == "record")) or (is_mono and kind == "record"):
            continue
        name = f"{group}, one channel, {_said(words)}" if is_mono else f"{group}, two channels, {_said(words)}, {kind}"
        cells, _ = _role_cells([with_map(call, kind) for call in chosen], ears, words)
        yield f"{name:52}" + "".join(f"{cell:>13}" for cell in cells)


def learned(history: Path, store: Path, diarizer: Diarizer, recogniser: Transcriber) -> date:
    """Let the two-channel calls of another folder leave prints in ``store``, day by day; the day after the last."""
    ears = Ears(history, diarizer, recogniser)
    by_day: dict[date, list[Staged]] = defaultdict(list)
    for call in synthetic(history):
        day = business_day(call.record, "Europe/Moscow")
        if call.channels and day is not None:
            by_day[day].append(call)
    for day, calls in sorted(by_day.items()):
        voices = ears.voices(store, day, calls)
        for call in calls:
            ears.hear(call, "true", voices=voices)
        if voices is not None:
            voices.write(store)
    return max(by_day) + timedelta(days=1)


VOICES_HEARD = ((True, "record"), (False, "record"), (False, "no map"), (False, "wrong map"))
"""Whether on one channel, and with which map."""


def _another(call: Staged, calls: Sequence[Staged], voices: AgentVoices) -> str | None:
    """The next agent of the same language of whom enough is known."""
    own = call.record.agent_id
    same = {one.record.agent_id for one in calls if one.record.language == call.record.language}
    known = sorted(agent for agent in same if agent is not None and agent != own and voices.can_tell(agent))
    return next((agent for agent in known if own is None or agent > own), known[0] if known else None)


def voices_table(
    calls: Sequence[Staged], ears: Ears, voices: AgentVoices | None, spoken: Sequence[str] = WORDS
) -> Iterator[str]:
    """Roles without and with voiceprints, of synthetic calls."""
    yield f"{'':52}" + "".join(f"{head:>13}" for head in (*ROLE_HEADS, "source voice"))
    if voices is not None:
        prints = voices.known.prints
        yield f"prints: {sum(map(len, prints.values()))} of {len(prints)} agents"
    rows = [(*heard, False) for heard in product(VOICES_HEARD, spoken, (None, voices))]
    rows += [(*heard, True) for heard in product(((True, "record"), (False, "no map")), spoken, (voices,)) if voices]
    for (is_mono, kind), words, known, is_another in rows:
        chosen = [call for call in calls if call.group == "synthetic" and call.is_mono is is_mono]
        asked = [with_map(call, kind) for call in chosen]
        if is_another and known is not None:
            asked = [replace(call, record=replace(call.record, agent_id=_another(call, calls, known))) for call in asked]
        where = "one channel" if is_mono else f"two channels, {kind}"
        beside = "" if known is None else ", prints of another" if is_another else ", voiceprints"
        name = f"{where}, {_said(words)}{beside}"
        cells, by_voice = _role_cells(asked, ears, words, known)
        yield f"{name:52}" + "".join(f"{cell:>13}" for cell in (*cells, str(by_voice)))


def _said(words: str) -> str:
    return "no words" if words == "none" else f"{words} words"


def swapped_table(calls: Sequence[Staged], ears: Ears) -> Iterator[str]:
    """How often a map is found to be wrong."""
    heads = ("calls", "contradicted", "roles right", "not measured", "judged wrongly")
    yield f"{'':52}" + "".join(f"{head:>15}" for head in heads)
    apart = [call for call in calls if call.channels]
    for group, words, is_wrong in product(("synthetic", "real"), WORDS, (True, False)):
        chosen = [call for call in apart if call.group == group]
        if not chosen or (group == "real" and words == "recognised"):
            continue
        told: Counter[bool | None] = Counter()
        contradicted = 0
        for call in chosen:
            right_map = replace(call, record=replace(call.record, channel_map=call.channels))
            heard = ears.hear(with_map(call, "wrong map") if is_wrong else right_map, words)
            contradicted += bool(heard.is_map_contradicted)
            told[is_right(call, heard)] += 1
        name = f"{group}, {_said(words)}, {'wrong' if is_wrong else 'right'} map"
        share = f"{contradicted / len(chosen):.1%}"
        cells = (str(len(chosen)), share, str(told[True]), str(told[None]), str(told[False]))
        yield f"{name:52}" + "".join(f"{cell:>15}" for cell in cells)


def speakers_table(calls: Sequence[Staged], ears: Ears) -> Iterator[str]:
    """Errors of speakers and of the speakers of words, on one channel."""
    heads = ("calls", "speech", "DER", "missed", "false", "confused", "WDER", "not in doubt", "in doubt", "ghosts")
    heads = (*heads, "cpWER", "recognised")
    yield f"{'':16}" + "".join(f"{head:>13}" for head in heads)
    for group in ("synthetic", "real"):
        parts: Counter[str] = Counter()
        words: Counter[str] = Counter()
        chosen = [call for call in calls if call.group == group and call.is_mono]
        ghosts, rows, recognised = 0, WordErrors(), WordErrors()
        for call in chosen:
            heard = ears.hear(call, "true")
            found = {label: spans for label, spans in heard.need_timeline().by_label.items() if label not in (MIXED, MENU)}
            true = {by: bridge(spans, BRIDGE_MS) for by, spans in call.speech.items()}
            parts += errors(true, found, heard.duration_ms)
            words += _word_errors(call, heard)
            ghosts += heard.ghost_speakers or 0
            rows += _errors_by_speaker(call, heard)
            if group == "synthetic":
                recognised += _errors_by_speaker(call, ears.hear(call, "recognised"))
        if not chosen:
            continue
        whole = parts["total"]
        share = [parts[name] / whole for name in ("missed detection", "false alarm", "confusion")]
        cells = (
            str(len(chosen)),
            f"{whole / 60:.0f} min",
            *(f"{value:.1%}" for value in (sum(share), *share)),
            f"{words['wrong'] / words['all']:.1%}",
            f"{words['sure wrong'] / max(words['sure'], 1):.1%}",
            f"{1 - words['sure'] / words['all']:.1%}",
            str(ghosts),
            _rate(rows),
            _rate(recognised),
        )
        yield f"{group:16}" + "".join(f"{cell:>13}" for cell in cells)


def _rate(errors: WordErrors) -> str:
    return "-" if errors.rate is None else f"{errors.rate:.1%}"


def _errors_by_speaker(call: Staged, heard: Call) -> WordErrors:
    """cpWER of a call; what a menu says is nobody's."""
    said, found = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for _, by, text in sorted(call.words):
        said[by].append(text)
    for word in heard.need_transcript().words:
        if word.speaker != MENU:
            found[word.speaker or MIXED].append(word.text)
    return cpwer(said, found, call.record.language)


def _word_errors(call: Staged, heard: Call) -> Counter[str]:
    """Words with the wrong speaker: true words, each found at its place in time."""
    if not heard.need_transcript().words:
        return Counter()
    said = sorted((word.span, word.speaker or MIXED, word.is_in_doubt) for word in heard.need_transcript().words)
    starts = np.array([span.start_ms for span, *_ in said])
    pairs = []
    for span, by, _ in call.words:
        near = int(np.argmin(np.abs(starts - span.start_ms)))
        if abs(starts[near] - span.start_ms) <= 500:
            pairs.append((by, said[near][1], said[near][2]))
    labels = {label for _, label, _ in pairs} - {MIXED, MENU}
    votes = Counter((label, by) for by, label, _ in pairs)
    speakers = {by for by, *_ in pairs}
    owner = {label: max(sorted(speakers), key=lambda by: votes[label, by]) for label in labels}
    found: Counter[str] = Counter()
    for by, label, is_in_doubt in pairs:
        is_wrong = owner.get(label) != by
        found.update({"all": 1, "wrong": int(is_wrong), "sure": int(not is_in_doubt)})
        found["sure wrong"] += int(is_wrong and not is_in_doubt)
    return found


MEASURES: Mapping[str, tuple[Callable[[Staged], float | None], Callable[[Call], float]]] = {
    "talk of the agent": (lambda call: _ms(call.talk(Role.AGENT)), lambda heard: total_ms(heard.talk(Role.AGENT))),
    "talk of the customer": (lambda call: _ms(call.talk(Role.CUSTOMER)), lambda heard: total_ms(heard.talk(Role.CUSTOMER))),
    "overtalk": (
        lambda call: total_ms(intersect(*(bridge(call.talk(role), BRIDGE_MS) for role in PARTIES))),
        lambda heard: total_ms(heard.overtalk()),
    ),
    "speech": (lambda call: _ms(union(*map(call.talk, PARTIES))), lambda heard: total_ms(heard.speech())),
    "silence from 3 s": (
        lambda call: total_ms(call.silences) if call.silences is not None else None,
        lambda heard: total_ms(at_least(heard.silence(), 3_000)),
    ),
    "agent's latency": (lambda call: _latency_ms(*map(call.talk, PARTIES)), lambda heard: _latency_ms(*_talks(heard))),
    "turns of the agent": (
        lambda call: float(_turns(*map(call.talk, PARTIES))),
        lambda heard: float(_turns(*_talks(heard))),
    ),
}
"""Measure -> truth of a call; what the product has of it."""


def _ms(spans: Spans) -> int:
    return total_ms(bridge(spans, BRIDGE_MS))


def _talks(heard: Call) -> tuple[Spans, Spans]:
    return heard.talk(Role.AGENT), heard.talk(Role.CUSTOMER)


def _latency_ms(agent: Spans, customer: Spans) -> float:
    """Median from the end of the customer's talk to the agent's next, where nobody speaks between; 0 without any."""
    order = sorted([(span, Role.AGENT) for span in agent] + [(span, Role.CUSTOMER) for span in customer])
    waits = [
        after.start_ms - before.end_ms
        for (before, by), (after, then) in pairwise(order)
        if by is Role.CUSTOMER and then is Role.AGENT and before.end_ms <= after.start_ms <= before.end_ms + LONGEST_WAIT_MS
    ]
    return float(np.median(waits)) if waits else 0.0


def _turns(agent: Spans, customer: Spans) -> int:
    """Changes to the agent's talk."""
    order = sorted([(span.start_ms, Role.AGENT) for span in agent] + [(span.start_ms, Role.CUSTOMER) for span in customer])
    before = [None, *(role for _, role in order)]
    return sum(role is Role.AGENT and last is not Role.AGENT for (_, role), last in zip(order, before, strict=False))


def timing_table(calls: Sequence[Staged], ears: Ears) -> Iterator[str]:
    """Errors of timing measures on two channels and on one."""
    mixes = {call.record.call_id: call for call in calls if call.is_mix}
    pairs = [(call, mixes[call.record.call_id]) for call in calls if call.channels]
    for group in ("synthetic", "real"):
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in MEASURES}
        left_out = 0
        chosen = [(call, mix) for call, mix in pairs if call.group == group]
        for call, mix in chosen:
            right_map = replace(call, record=replace(call.record, channel_map=call.channels))
            two, one = ears.hear(right_map, "true"), ears.hear(mix, "true")
            if not (two.has_parties and one.has_parties):
                left_out += 1
                continue
            for name, (true, measured) in MEASURES.items():
                value = true(call)
                if value is not None:
                    found[name].append((value, measured(two), measured(one)))
        if not chosen:
            continue
        yield f"{group}: {len(chosen) - left_out} calls; {left_out} without parties on one channel are left out"
        yield f"  {'mean absolute error':24}{'two channels':>16}{'one channel':>16}{'one: bias':>16}"
        for name, values in found.items():
            if not values:
                continue
            true, two, one = np.array(values).T
            unit, scale = ("", 1) if name.startswith("turns") else (" s", 1000)
            cells = (np.abs(two - true).mean(), np.abs(one - true).mean(), (one - true).mean())
            yield f"  {name:24}" + "".join(f"{cell / scale:>{16 - len(unit)}.2f}{unit}" for cell in cells)


TABLES: Mapping[str, Callable[[Sequence[Staged], Ears], Iterator[str]]] = {
    "roles": roles_table,
    "swapped channels": swapped_table,
    "speakers on one channel": speakers_table,
    "timing": timing_table,
}
VOICES = "with voiceprints"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-roles"), help="where calls are made")
    parser.add_argument("--calls", type=int, default=36)
    parser.add_argument("--seed", type=int, default=52)
    parser.add_argument("--real", type=Path, default=REAL / "harper_valley", help="folder of real two-channel calls")
    parser.add_argument("--diarizer", default="demo", help="folder of another pipeline")
    parser.add_argument("--recogniser", default="demo", help="folder of another model")
    parser.add_argument("--history", type=int, default=120, help="calls of earlier days, which leave voiceprints")
    parser.add_argument("--history-seed", type=int, default=60)
    parser.add_argument("--table", nargs="*", choices=(*TABLES, VOICES), default=(*TABLES, VOICES), help="print these alone")
    parser.add_argument("--words", nargs="*", choices=WORDS, default=WORDS, help="words of the calls with voiceprints")
    options = parser.parse_args()
    make_calls(options.folder, plans(options.calls, options.seed))
    calls = [*synthetic(options.folder), *real(options.folder, options.real)]
    if not any(call.group == "real" for call in calls):
        print(f"no real calls: there is no <call>.stereo.wav in {options.real.name}")
    diarizer = load_diarizer("pyannote", {"model": options.diarizer, "device": "cpu"})
    recogniser = load_transcriber("faster-whisper", {"model": options.recogniser, "device": "cpu"})
    ears = Ears(options.folder, diarizer, recogniser)
    for title, table in TABLES.items():
        if title in options.table:
            print(f"\n{title}\n")
            print("\n".join(table(calls, ears)), flush=True)
    if VOICES in options.table:
        history = options.folder / "history"
        make_calls(history, plans(options.history, options.history_seed))
        with TemporaryDirectory() as store:
            day = learned(history, Path(store), diarizer, recogniser)
            print(f"\n{VOICES}\n")
            print("\n".join(voices_table(calls, ears, ears.voices(Path(store), day), options.words)), flush=True)


if __name__ == "__main__":
    main()
