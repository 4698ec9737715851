"""How exact is every timing measure? Calls whose truth is known to the millisecond, heard as the night hears them.

    python -m benchmarks.accuracy [FOLDER] [--calls 200] [--seed 41] [--publish]

Definitions
-----------
calls
    Of the corpus, drawn by a seed that nothing was tuned on, with every trouble of a line. Nothing is taken from the call
    records: holds, the answer and who hung up are what is heard. Who is on which channel is told, as a right record would.
calls drawn for it
    Mutes and silences of 10 s are rare: more calls of two channels are drawn that have one, and say of nothing else.
event
    Found when it shares at least 30 % of the hull of both with a true one (rings and tones: 50 %). Precision is the share of
    found ones that are true, recall of true ones that are found, F1 their harmonic mean. Errors of edges are of those found,
    starts and ends together: median and 95th percentile of absolute differences.
amount
    Mean absolute error of a call, and its bias: measured less true.
share
    Of calls, or of events, that come out right.
words
    Backchannels need words: those of the synthesis are given, so that no recogniser's errors are in it. *without words* has
    none, *with words* has them where the plain name has none. On one channel nobody says whose they are.
what preceded a silence
    Against what people said of the scripts (``preceded_by.toml`` beside this file). The phrases that the product knows were
    drawn up with some of these scripts in sight.
who hung up
    *right where told* leaves out the calls that say nothing; *of all calls* counts them as wrong. *With record* asks the
    call's own record first, which in one call of seven does not know either. *Busy tone*: of the calls whose recording goes on
    into it.
announcements
    Of what telephony says to who is on hold, in as many calls drawn for it: told as such; their time in a hold that is heard,
    and taken for the agent's talk; and of an agent who looks in between two holds, the talk that stays his. *No announcement
    invented*: calls in which nothing else is taken for one. Wordings are of a list that nothing was tuned on.
peer
    F1 and mean absolute error of call-ai-metrics on the same two channels, where it measures the same. Its interruptions are
    joint speech and not utterances, so one is found when it shares any of a true one.
real calls
    Telephone calls acted by two people (`benchmarks.talk_time`), when they are at hand; truth is human, to some 0.2 s.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from analyzers.call_end import CallEndPolicy, call_end
from analyzers.overtalk import EventOvertalk, OvertalkPolicy, overtalk
from benchmarks.accuracy_lines import LAYOUTS, REAL, Found, Result, beside, in_unit, lines, publish, table
from benchmarks.bench_calls import hear, make_calls, truths
from benchmarks.corpus.announcements import SUFFIX, announced, can_be_announced
from benchmarks.corpus.planning import draw_calls
from benchmarks.corpus.script import load, paths
from benchmarks.talk_time import FOLDER, PARTIES
from benchmarks.true_calls import ROLES, bridged_speech, call_of, side, spans_of, speech_of, words_of
from flows.accuracy import PUBLISHED
from postcall.acoustics import SoundKind
from postcall.audio.decode import DecodePolicy, decode
from postcall.call import Call
from postcall.silence_owner import owned_silences
from postcall.spans import Span, Spans, at_least, gaps, intersect, total_ms, union, whole
from postcall.speech.listening import side_by_side
from postcall.telephony import Role
from postcall.timeline import SpeakerTimeline, channel_label

NEAR_LIMIT_MS = 100
PRECEDED = Path(__file__).with_name("preceded_by.toml")
RARE: dict[str, Callable[[Any], bool]] = {
    "mute": lambda played: played.item.kind == "mute",
    "silence 10 s": lambda played: played.item.kind == "pause" and played.item.ms[0] >= 10_000,
}
"""Events that are too rare in calls drawn by chance to say anything of them, and what of a plan makes them."""
SEPARATE = ("separate", "swapped")
_OF_ANNOUNCEMENTS = ("announcement ", "agent looks in")
_SNR_BANDS_DB = (-20, 10, 15, 20, 30, 120)


def measure(folder: Path, truth: Mapping[str, Any]) -> Result:
    """Hear one call and compare it with its truth."""
    sound = (folder / "recordings" / truth["recording"]).read_bytes()
    began = time.process_time()
    heard = hear(sound)
    took_s = time.process_time() - began
    call = call_of(truth, heard.recording, heard.timeline, heard.acoustics)
    events, amounts, shares = {}, {}, {}
    conversation = union(speech_of(truth, "agent"), speech_of(truth, "customer"))
    first_ms = conversation[0].start_ms
    rings = [s.span for _, s in heard.acoustics.sounds(SoundKind.RING) if s.span.end_ms <= first_ms + 100]
    events["ring"] = _found([Span(*pair) for pair in truth["rings"]], rings, 0.5)
    shares["ring count exact"] = (int(len(rings) == len(truth["rings"])), 1)
    events["busy tone"] = _found(
        [Span(*pair) for pair in truth["busy"]], [s.span for _, s in heard.acoustics.sounds(SoundKind.BUSY)], 0.5
    )
    holds = [Span(hold["start_ms"], hold["end_ms"]) for hold in truth["holds"]]
    audible = [hold for hold in call.audible_holds if not hold.is_mute]
    events["hold"] = _found(holds, [hold.span for hold in audible])
    spoken = replace(call, transcript=words_of(truth))
    with_words = union((hold.span for hold in spoken.audible_holds if not hold.is_mute), spoken.announced_holds)
    events["hold with words"] = _found(holds, with_words)
    amounts["time on hold"] = (total_ms(union(holds)), total_ms(union(hold.span for hold in audible)))
    silences = [Span(silence["start_ms"], silence["end_ms"]) for silence in truth["silences"]]
    for least_ms in (3_000, 5_000, 10_000):
        events[f"silence {least_ms // 1000} s"] = _found_from(silences, call.silence(), least_ms)
    amounts["speech"] = (total_ms(bridged_speech(conversation)), total_ms(call.speech()))
    amounts["non-talk"] = (
        total_ms(gaps(bridged_speech(conversation), whole(truth["duration_ms"]))),
        total_ms(call.non_talk()),
    )
    if call.has_parties:
        mutes = [hold.span for hold in call.audible_holds if hold.is_mute]
        events["mute"] = _found([Span(*pair) for pair in truth["mutes"]], mutes)
        _of_parties(call, truth, events, amounts, shares, _disconnected_by(folder).get(truth["call_id"]))
    elif truth["topology"] == "separate":
        shares["channels told"] = (0, 1)
    peer_events, peer_amounts = _of_peer(sound, truth) if call.has_parties else ({}, {})
    return Result(
        truth["call_id"],
        _conditions(truth),
        events,
        amounts,
        shares,
        heard.recording.duration_ms,
        took_s,
        peer_events,
        peer_amounts,
        list(_wrong(call, truth)) if call.has_parties else [],
    )


@cache
def _disconnected_by(folder: Path) -> dict[str, str]:
    """Who hung up as the call records have it, some of which do not know."""
    with (folder / "calls.csv").open(encoding="utf-8", newline="") as file:
        return {row["call_id"]: row["disconnected_by"] for row in csv.DictReader(file)}


def _wrong(call: Call, truth: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Of each party whose noise is heard."""
    channels = call.need_acoustics().channels
    for label, role in call.roles.items():
        snr_db, true, found = channels[label].quality.snr_db, bridged_speech(speech_of(truth, role.value)), call.talk(role)
        if snr_db is not None and true:
            both = total_ms(intersect(true, found))
            yield snr_db, (total_ms(true) + total_ms(found) - 2 * both) / total_ms(true)


def _of_peer(sound: bytes, truth: Mapping[str, Any]) -> tuple[dict[str, Found], dict[str, tuple[int, int]]]:
    """What the peer makes of a call."""
    from benchmarks.peer import listen  # of the extra "bench"; the tests of this module go without it

    decoded = decode(io.BytesIO(sound), DecodePolicy())
    peer = listen(decoded.samples, decoded.sample_rate_hz)
    talk = {side(parties[0]): spans for parties, spans in zip(truth["channels"], peer.talk, strict=True)}
    true = {role.value: bridged_speech(speech_of(truth, role.value)) for role in (Role.AGENT, Role.CUSTOMER)}
    amounts = {f"talk of the {role}": (total_ms(spans), total_ms(talk[role])) for role, spans in true.items()}
    both = union(*true.values())
    amounts["speech"] = (total_ms(bridged_speech(both)), total_ms(peer.speech))
    amounts["non-talk"] = (truth["duration_ms"] - total_ms(bridged_speech(both)), truth["duration_ms"] - total_ms(peer.speech))
    amounts["overtalk"] = (total_ms(intersect(*true.values())), total_ms(intersect(*talk.values())))
    silences = [Span(one["start_ms"], one["end_ms"]) for one in truth["silences"]]
    events = {
        f"silence {least_ms // 1000} s": _found_from(silences, peer.silence, least_ms) for least_ms in (3_000, 5_000, 10_000)
    }
    interruptions = [Span(one["start_ms"], one["end_ms"]) for one in truth["interruptions"]]
    events["interruption without words"] = _found(interruptions, peer.interruptions, 0.0)
    return events, amounts


def real_calls(folder: Path) -> Iterator[Result]:
    """Talk of both parties of real calls."""
    from benchmarks.peer import listen

    for path in sorted(folder.glob("*.stereo.wav")):
        call = path.name.removesuffix(".stereo.wav")
        true = SpeakerTimeline.from_rttm(path.with_name(f"{call}.rttm").read_text(encoding="utf-8")).by_label
        heard = hear(path.read_bytes())
        decoded = decode(io.BytesIO(path.read_bytes()), DecodePolicy())
        peer = listen(decoded.samples, decoded.sample_rate_hz)
        amounts, peer_amounts = {}, {}
        for number, party in enumerate(PARTIES):
            name, spans = f"talk of the {side(ROLES.get(party, party))}", true.get(party, ())
            amounts[name] = (total_ms(spans), total_ms(heard.timeline.by_label[channel_label(number)]))
            peer_amounts[name] = (total_ms(spans), total_ms(peer.talk[number]))
        of_anybody = union(*true.values())
        amounts["speech"] = (total_ms(of_anybody), total_ms(union(*heard.timeline.by_label.values())))
        peer_amounts["speech"] = (total_ms(of_anybody), total_ms(peer.speech))
        of = frozenset({REAL})
        yield Result(call, of, {}, amounts, {}, heard.recording.duration_ms, 0.0, {}, peer_amounts)


def _of_parties(
    call: Call,
    truth: Mapping[str, Any],
    events: dict[str, Found],
    amounts: dict[str, tuple[int, int]],
    shares: dict[str, tuple[int, int]],
    disconnected_by: str | None,
) -> None:
    """What needs agent and customer apart."""
    shares["channels told"] = (1, 1)
    for name, one in (("", call), (" with words", replace(call, transcript=words_of(truth)))):
        shares |= _of_announcements(one, truth, name)
    true = {role: bridged_speech(speech_of(truth, role.value)) for role in (Role.AGENT, Role.CUSTOMER)}
    for role, spans in true.items():
        amounts[f"talk of the {role.value}"] = (total_ms(spans), total_ms(call.talk(role)))
    amounts["overtalk"] = (total_ms(intersect(*true.values())), total_ms(call.overtalk()))
    greeting = next((span for span in call.talk(Role.AGENT) if span.end_ms > truth["answered_ms"]), None)
    if greeting is not None:
        amounts["answer to greeting"] = (truth["answer_delay_ms"], max(0, greeting.start_ms - truth["answered_ms"]))
    interruptions = [Span(one["start_ms"], one["end_ms"]) for one in truth["interruptions"]]
    with_words = replace(call, transcript=words_of(truth))
    for name, one in (("", with_words), (" without words", call)):
        joint = [
            row for row in overtalk(one, OvertalkPolicy()) if isinstance(row, EventOvertalk) and row.kind == "interruption"
        ]
        ours = [_utterance_at(one, row) for row in joint]
        events[f"interruption{name}"] = _found(interruptions, ours)
        backchannels = [Span(b["start_ms"], b["end_ms"]) for b in truth["backchannels"]]
        events[f"backchannel{name}"] = _found(backchannels, [u.span for u in one.utterances if u.is_backchannel])
    owned = owned_silences(with_words, 2_500)
    owners, preceded = [], []
    for true_silence in truth["silences"]:
        here = [s for s in owned if s.span.overlaps(Span(true_silence["start_ms"], true_silence["end_ms"]))]
        if len(here) == 1:
            owners.append(here[0].owner is not None and here[0].owner.value == true_silence["owner"])
            kinds = preceding_kinds(truth["script"], true_silence)
            preceded += [here[0].preceded_by in kinds] if kinds else []
    shares["owner of a silence"] = (sum(owners), len(owners))
    shares["what preceded a silence"] = (sum(preceded), len(preceded))
    for name, one in (("", call), (" with words", with_words)):
        [end] = call_end(one, CallEndPolicy())
        is_told = end.hung_up_by is not None
        shares[f"who hung up{name}, right where told"] = (int(end.hung_up_by == truth["hung_up_by"]), int(is_told))
        shares[f"who hung up{name}, told"] = (int(is_told), 1)
        shares[f"who hung up{name}, of all calls"] = (int(end.hung_up_by == truth["hung_up_by"]), 1)
        if truth["busy"]:
            shares[f"who hung up{name}, busy tone"] = (int(end.hung_up_by == truth["hung_up_by"]), 1)
    if disconnected_by is not None:
        by_record = Role(disconnected_by)
        [end] = call_end(replace(with_words, telephony=replace(call.telephony, disconnected_by=by_record)), CallEndPolicy())
        shares["who hung up with record, of all calls"] = (int(end.hung_up_by == truth["hung_up_by"]), 1)
        if by_record is not Role.UNKNOWN:
            shares["who hung up, record says it"] = (int(end.hung_up_by == truth["hung_up_by"]), 1)
    [bold] = call_end(with_words, CallEndPolicy(min_confidence=0.0))
    if bold.hung_up_source == "one_sided_farewell":
        shares["one-sided farewell, right"] = (int(bold.hung_up_by == truth["hung_up_by"]), 1)


def _of_announcements(call: Call, truth: Mapping[str, Any], name: str) -> dict[str, tuple[int, int]]:
    """What becomes of the announcements on hold, and of an agent who looks in between two stretches of music."""
    said = union(spans_of(truth.get("announcements", ())))
    taken = call.hold_recordings
    invented = [span for span in taken if not intersect((span,), said)]
    shares = {f"no announcement invented{name}": (int(not invented), 1)}
    if not said:
        return shares
    held = union(hold.span for hold in call.audible_holds if not hold.is_mute)
    shares[f"announcement told{name}"] = (sum(bool(intersect((span,), taken)) for span in said), len(said))
    shares[f"announcement in a hold{name}"] = (total_ms(intersect(said, held)), total_ms(said))
    shares[f"announcement as agent's talk{name}"] = (
        total_ms(intersect(said, call.talk(Role.AGENT))),
        total_ms(said),
    )
    between = [Span(one.end_ms, other.start_ms) for one, other in pairwise(union(spans_of(truth["holds"])))]
    looks_in = intersect(speech_of(truth, "agent"), between)
    if looks_in:
        kept = total_ms(intersect(looks_in, call.talk(Role.AGENT)))
        shares[f"agent looks in, talk kept{name}"] = (kept, total_ms(looks_in))
    return shares


@cache
def _preceded() -> list[dict[str, Any]]:
    return tomllib.loads(PRECEDED.read_text(encoding="utf-8"))["silence"]  # type: ignore[no-any-return]


def preceding_kinds(script: str, silence: Mapping[str, Any]) -> Sequence[str]:
    """What a person says that a silence of a script is preceded by, any of several; empty where nobody said."""
    text = silence.get("after_text", "").replace(" ", "")
    for one in _preceded():
        is_owner = one.get("owner", silence["owner"]) == silence["owner"]
        if one["script"] == script and is_owner and one.get("has", "").replace(" ", "") in text:
            return tuple(one["is"])
    return ()


def _utterance_at(call: Call, row: EventOvertalk) -> Span:
    """The utterance that interrupts."""
    spans = [u.span for u in call.utterances if u.role.value == row.by_role and u.span.start_ms <= row.start_ms < u.span.end_ms]
    return spans[-1]


def _conditions(truth: Mapping[str, Any]) -> frozenset[str]:
    drawn = truth["conditions"]
    paths = [drawn["agent"], drawn["customer"]]
    codecs = {codec for path in paths for codec in path["codecs"]}
    troubles = {
        "low-rate codec": bool(codecs & {"gsm", "amr", "amr_low", "opus_low", "g726"}),
        "only G.711": not codecs - {"alaw", "mulaw"} and drawn["form"] in ("flac", "pcm", "alaw", "mulaw"),
        "noise (under 20 dB)": any(path["noise"] != "none" and path["snr_db"] < 20 for path in paths),
        "bleed": drawn["bleed"] is not None,
        "clipping": any(path["overdrive_db"] > 0 for path in paths),
        "MP3 or Opus file": drawn["form"] in ("mp3", "mp3_low", "opus", "opus_low"),
        "voices of training": truth["split"] == "train",
        "other voices": truth["split"] != "train",
    }
    layout = LAYOUTS[truth["topology"] != "separate"]
    return frozenset({layout, truth["language"], *(name for name, has in troubles.items() if has)})


def _found(true: Sequence[Span], found: Sequence[Span], least: float = 0.3) -> Found:
    """Match each true event with the found one that fits best, the best fits first."""
    fits = sorted(
        (
            (shared.duration_ms / (max(a.end_ms, b.end_ms) - min(a.start_ms, b.start_ms)), i, j)
            for i, a in enumerate(true)
            for j, b in enumerate(found)
            if (shared := a & b) is not None
        ),
        reverse=True,
    )
    used: tuple[set[int], set[int]] = (set(), set())
    edges: list[int] = []
    for fit, i, j in fits:
        if fit < least or i in used[0] or j in used[1]:
            continue
        used[0].add(i)
        used[1].add(j)
        edges += [abs(true[i].start_ms - found[j].start_ms), abs(true[i].end_ms - found[j].end_ms)]
    return Found(len(true), len(found), len(used[0]), tuple(edges))


def _found_from(true: Sequence[Span], found: Spans, least_ms: int) -> Found:
    """Match what is at least so long. Within `NEAR_LIMIT_MS` of the limit an event may fall on either side: unmatched, it is
    neither missed nor invented."""
    all_true = [span for span in true if span.duration_ms >= least_ms - NEAR_LIMIT_MS]
    all_found = at_least(found, least_ms - NEAR_LIMIT_MS)
    every = _found(all_true, all_found)
    sure_true = [span for span in all_true if span.duration_ms >= least_ms]
    sure_found = at_least(all_found, least_ms)
    # A match of which one side is sure counts; of two that are both below, none is asked.
    both = max(_found(sure_true, all_found).both, _found(all_true, sure_found).both)
    missed = len(sure_true) - _found(sure_true, all_found).both
    invented = len(sure_found) - _found(all_true, sure_found).both
    return Found(both + missed, both + invented, both, every.edges_ms)


# ── over all calls ───────────────────────────────────────────────────────────


def plans(calls: int, seed: int) -> list[Any]:
    """So many calls out of all scripts."""
    return list(draw_calls([load(path) for path in paths()], calls, seed))


def rare_plans(calls: int, each: int, seed: int, wordings: str = "report") -> list[Any]:
    """Of the calls that the same seed draws after the first ones, so many of two channels with each of the rare events.

    As many on top have announcements on hold, which no other call has.
    """
    later = plans(calls + 100 * each, seed)[len(plans(calls, seed)) :]
    chosen = {}
    for is_rare in RARE.values():
        of_kind = (plan for plan in later if plan.conditions.layout == "separate" and any(map(is_rare, plan.played)))
        chosen |= {plan.call_id: plan for plan in islice(of_kind, each)}
    of_holds = (plan for plan in later if plan.conditions.layout in SEPARATE and can_be_announced(plan))
    return [*chosen.values(), *(announced(plan, wordings) for plan in islice(of_holds, each))]


def of_rare(result: Result) -> Result:
    """What a call that was drawn for a rare event says: of that event alone, under a name that says so."""
    if result.call_id.endswith(SUFFIX):
        events = {f"{name}, announcements in it": result.events[name] for name in ("hold", "hold with words")}
        shares = {name: share for name, share in result.shares.items() if name.startswith(_OF_ANNOUNCEMENTS)}
    else:
        events = {f"{name}, calls drawn for it": result.events[name] for name in RARE if name in result.events}
        shares = {}
    return replace(result, events=events, amounts={}, shares=shares, peer_events={}, peer_amounts={}, wrong=[])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-accuracy"), help="where calls are made")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rare", type=int, default=40, help="calls that are drawn for each rare event, beside those")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--real", type=Path, default=FOLDER / "harper_valley", help="folder of real two-channel calls")
    parser.add_argument("--publish", action="store_true", help=f"write {PUBLISHED.name}, which `postcall accuracy` shows")
    options = parser.parse_args()
    drawn, rare = plans(options.calls, options.seed), rare_plans(options.calls, options.rare, options.seed)
    make_calls(options.folder, [*drawn, *rare])
    with side_by_side(), ProcessPoolExecutor(options.jobs) as workers:
        results = list(workers.map(partial(measure, options.folder), list(truths(options.folder)), chunksize=4))
    of_chance = {plan.call_id for plan in drawn}
    results = [result if result.call_id in of_chance else of_rare(result) for result in results]
    (options.folder / "results.json").write_text(
        json.dumps(
            [{"call_id": r.call_id, "events": {k: [v.true, v.found, v.both] for k, v in r.events.items()}} for r in results]
        )
    )
    conditions = ["all", *LAYOUTS, *sorted({c for r in results for c in r.conditions} - set(LAYOUTS))]
    made = {condition: list(lines(results, condition)) for condition in conditions}
    real = list(real_calls(options.real))
    if real:
        made[REAL] = list(lines(real, REAL))
    else:
        print(f"no real calls in {options.real}: their lines are left out")
    for layout in [layout for layout in (*LAYOUTS, REAL) if layout in made]:
        print(f"\n{layout}\n")
        print("\n".join(table(made[layout])))
    print("\nF1 of events, mean absolute error of amounts, share right, by condition (two channels and one together)\n")
    by_measure: dict[str, dict[str, str]] = defaultdict(dict)
    for condition, of in made.items():
        for line in of:
            value = in_unit(line.f1, "f") or in_unit(line.mean_absolute_error_ms, "s") or in_unit(line.right_share, "%")
            by_measure[line.measure][condition] = value
    shown = [c for c in conditions if c not in ("all", *LAYOUTS)]
    print("\n".join(beside(by_measure, shown)))
    print("\ntalk of a party that is missed or invented, by how far its speech is over the noise (two channels)\n")
    wrong = np.array([pair for result in results for pair in result.wrong])
    for low, high in pairwise(_SNR_BANDS_DB):
        of = wrong[(wrong[:, 0] >= low) & (wrong[:, 0] < high), 1]
        if of.size:
            print(f"{low:4} to {high:3} dB {of.size:5} parties: mean {of.mean():6.1%}, median {np.median(of):6.1%}")
    duration_s, took_s = sum(r.duration_ms for r in results) / 1000, sum(r.took_s for r in results)
    print(f"\n{len(results)} calls, {duration_s / 3600:.1f} h, {duration_s / took_s:.0f} times real time of a core")
    if options.publish:
        publish(made)


if __name__ == "__main__":
    main()
