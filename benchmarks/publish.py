"""Writes docs/benchmarks.md and flows/capacity.json from what the benchmarks found (`benchmarks.results`).

    python -m benchmarks.publish [--results FOLDER] [--document FILE] [--constants FILE]

Definitions
-----------
ratios
    Lead the document: they depend less on the machine than seconds do. Each has its goal where there is one.
constants
    Of `flows.capacity`. Listening: of ``speed``. Words: what postcall takes from file to words in ``peers``, less listening;
    ``peers-<anything>.json`` beside it are of further models, and ``shapes.json`` of shapes of models.
    Measuring, disk and memory: three parts (a night, a call, an hour of calls) fitted to the plain nights of ``growth`` by
    least squares of relative errors, none below 0.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from benchmarks import results
from benchmarks.growth.__main__ import GOAL_SHARE
from flows.capacity import PUBLISHED, Constants
from postcall.speech.faster_whisper_engine import DEMO_MODEL

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BENCHMARKS = ("peers", "growth", "speed")
SHAPES = "shapes"
DEMO_NOTE = "the demo model is small and knows synthetic voices only: a model for real calls takes many times as long"
GOAL_TIMES = 2.0
"""How many times as fast as the fastest peer postcall is to be."""

GOAL_REAL_TIME = 150
BUSY_LOAD = 0.5
"""From so many programs that want a core on, a machine was not idle."""

Found = Mapping[str, Mapping[str, Any]]
"""Results by benchmark; those of further models are ``peers-…``."""

OPENING = """# Benchmarks

Written by `python -m benchmarks.publish` from the figures in `benchmarks/results/`; a test holds this page to them.
`make bench-peers`, `make bench-growth` and `make bench-speed` write them with `JSON=benchmarks/results/peers.json` and so
on. The definitions stand in `peers/__main__.py`, `growth/__main__.py` and `speed.py` of `benchmarks/`. Other benchmarks are in
[benchmarks/README.md](../benchmarks/README.md); what a night needs on a machine of yours, in [capacity](capacity.md).
"""


def read_all(folder: Path) -> Found:
    """Results of all benchmarks that the documents are made from."""
    further = sorted(path.stem for path in (*folder.glob("peers-*.json"), *folder.glob("shapes.json")))
    return {name: results.read(folder, name) for name in (*BENCHMARKS, *further)}


# ── constants ────────────────────────────────────────────────────────────────


def constants(found: Found) -> dict[str, Any]:
    """What `flows.capacity` reckons with."""
    peers, growth, speed = (found[name]["figures"] for name in BENCHMARKS)
    listening_s = speed["listening_core_s_per_hour"] / speed["channels"]
    nights = plain_nights(growth)
    lengths = sorted(60 * night["hours"] / night["calls"] for night in nights)
    return {
        "machine": found["peers"]["machine"],
        "measured_on": max(one["measured_on"] for one in found.values()),
        "load_before": max(one["load_before"] for one in found.values()),
        "listening_core_s_per_channel_hour": _short(listening_s),
        "words": {
            **dict(_words(one["figures"], listening_s) for name, one in found.items() if name.partition("-")[0] == "peers"),
            **dict(_of_shapes(found[SHAPES]["figures"] if SHAPES in found else {"rows": []})),
        },
        "measuring_core_s": fitted(nights, lambda night: night["cpu_s"]),
        "disk_bytes": fitted(nights, lambda night: night["artifact_bytes"] + night["table_bytes"]),
        "memory_mb": fitted(nights, lambda night: night["peak_mb"]),
        "extent": {
            "calls": max(night["calls"] for night in nights),
            "cores": peers["cores"],
            "minutes": [_short(lengths[0]), _short(lengths[-1])],
        },
    }


def _words(peers: Mapping[str, Any], listening_s: float) -> tuple[str, dict[str, Any]]:
    """A model, and what it costs beyond listening."""
    [own] = [row for row in peers["rows"] if (row["contestant"], row["calls"]) == ("postcall", "corpus")]
    core_s = own["cpu_s"] / (2 * peers["calls"]["corpus"]["hours"]) - listening_s
    name, digest = peers["model"]["name"], peers["model"]["digest"]
    note = DEMO_NOTE if name == DEMO_MODEL else ""
    return name, {"digest": digest, "core_s_per_channel_hour": _short(core_s), "gpu_s_per_channel_hour": None, "note": note}


def _of_shapes(shapes: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Models of which only the shape was measured."""
    for row in shapes["rows"]:
        tokens = row["tokens"] / row["windows"]
        note = f"'{row['shape']}' was measured by its shape with random weights, {tokens:.0f} tokens a window of 30 s"
        core_s = _short(row["core_s_per_channel_hour"])
        told = {"digest": "", "core_s_per_channel_hour": core_s, "gpu_s_per_channel_hour": None, "note": note}
        yield row["shape"], told


def plain_nights(growth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Nights without Prefect, with as many workers as most had."""
    workers = max(night["workers"] for night in growth["nights"])
    return [night for night in growth["nights"] if night["how"] == "plain" and night["workers"] == workers]


def fitted(nights: Sequence[Mapping[str, Any]], amount: Callable[[Mapping[str, Any]], float]) -> dict[str, float]:
    """An amount of nights as so much a night, a call and an hour of calls."""
    amounts = np.array([amount(night) for night in nights], float)
    parts = np.array([[1, night["calls"], night["hours"]] for night in nights], float)
    # Relative errors: else the largest night alone would count.
    solved, _ = nnls(parts / amounts[:, None], np.ones(len(nights)))
    return dict(zip(("per_night", "per_call", "per_hour"), map(_short, solved), strict=True))


def _short(number: float) -> float:
    """Four digits that count: no more were measured."""
    return float(f"{number:.4g}")


# ── document ─────────────────────────────────────────────────────────────────


def document(found: Found) -> str:
    """docs/benchmarks.md."""
    parts = [OPENING, "\n".join(_ratios(found)), "\n".join(_machine(found)), "\n".join(_peers(found["peers"]["figures"]))]
    parts += ["\n".join(_nights(found["growth"]["figures"])), "\n".join(_tables(found["growth"]["figures"]))]
    parts.append("\n".join(_listening(found["speed"]["figures"])))
    if SHAPES in found:
        parts.append("\n".join(_models(found[SHAPES]["figures"])))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join([' --- '] + [' ---: '] * (len(heads) - 1))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _ratios(found: Found) -> Iterator[str]:
    peers, growth, speed = (found[name]["figures"] for name in BENCHMARKS)
    rows = []
    for calls, by_kind in peers["ratios"].items():
        for kind, told in by_kind.items():
            what = "that times words, too" if kind == "with_word_times" else "of all"
            is_met = "met" if told["times"] >= GOAL_TIMES else "missed"
            rows.append(
                (
                    f"words of {calls} calls: core hours of the fastest peer {what} ({told['peer']}) over postcall's",
                    f"{told['times']:.2f}",
                    f"≥ {GOAL_TIMES:g}, {is_met}",
                )
            )
        own, best = (_rate(peers, calls, name) for name in ("postcall", by_kind["any"]["peer"]))
        if own is not None and best is not None:
            rows.append(
                (
                    f"words of {calls} calls: WER of postcall over that of {by_kind['any']['peer']}",
                    f"{own / best:.2f}",
                    f"≤ 1, {'met' if own <= best else 'missed'}",
                )
            )
    pace = speed["times_real_time"]
    is_met = "met" if pace >= GOAL_REAL_TIME else "missed"
    rows.append(("listening: time of calls over core time", f"{pace:.0f}", f"≥ {GOAL_REAL_TIME}, {is_met}"))
    first, *_, last = short_nights(growth)
    ratio = (last["cpu_s"] / last["calls"]) / (first["cpu_s"] / first["calls"])
    rows.append(
        (
            f"night: core time a call with {last['calls']:,} calls over that with {first['calls']:,}",
            f"{ratio:.2f}",
            "≤ 1 is linear",
        )
    )
    for night in growth["nights"]:
        if night["how"] == "prefect" and (share := prefect_share(night, growth)) is not None:
            is_met = "met" if share <= GOAL_SHARE else "missed"
            what = f"night of {night['calls']:,} calls: time outside steps, by Prefect less plainly, over the night's"
            rows.append((what, f"{share:.2%}", f"≤ {GOAL_SHARE:.0%}, {is_met}"))
    for table in growth["tables"]:
        steps = table["steps"]
        day, write = steps["day"], steps["write"]
        rows.append(
            (
                f"{table['table']} of {table['days']} days: files that a query of one day reads",
                f"{day['files_read']} of {day['files_in_table']}",
                "1, " + ("met" if day["files_read"] == 1 and table["is_pruned"] else "missed"),
            )
        )
        rows.append(
            (
                f"{table['table']}: time of a day's commit, the last days over the first",
                f"{write['last_s'] / write['first_s']:.1f}",
                "–",
            )
        )
    yield from _table(("ratio", "measured", "goal"), rows)


def _rate(peers: Mapping[str, Any], calls: str, contestant: str) -> float | None:
    rates = [row["word_error_rate"] for row in peers["rows"] if (row["contestant"], row["calls"]) == (contestant, calls)]
    return rates[0] if rates else None


def short_nights(growth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Plain nights of the same short calls, from few to many."""
    nights = plain_nights(growth)
    shortest = min(night["words"] / night["calls"] for night in nights)
    alike = [night for night in nights if night["words"] / night["calls"] < 2 * shortest]
    return sorted(alike, key=lambda night: night["calls"])


def prefect_share(night: Mapping[str, Any], growth: Mapping[str, Any]) -> float | None:
    """What Prefect takes for itself of a night, beside a plain night of the same calls; None without one."""
    alike = [
        one
        for one in growth["nights"]
        if one["how"] == "plain" and (one["calls"], one["words"]) == (night["calls"], night["words"])
    ]
    alike.sort(key=lambda one: one["workers"] != night["workers"])
    outside = [one["wall_s"] - one["work_s"] for one in (night, *alike[:1])]
    return (outside[0] - outside[1]) / night["wall_s"] if alike else None


def _machine(found: Found) -> Iterator[str]:
    yield "## Machine"
    yield ""
    for name, one in found.items():
        machine = one["machine"]
        libraries = ", ".join(f"{library} {version}" for library, version in machine["libraries"].items())
        load = one["load_before"]
        alone = f"load {load:g} before" + ("" if load < BUSY_LOAD else ": others used the machine at the same time")
        yield (
            f"- *{name}* ({one['measured_on']}, `{one['command']}`): {machine['processor']}, {machine['cores']} cores, "
            f"{machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; {libraries}; {alone}."
        )
    yield ""
    yield (
        "Where others used the machine, wall times are longer than they would be alone, and differ between rows by what ran "
        "beside them. Core time is disturbed much less; ratios and constants are made of it."
    )


def _peers(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Words: postcall beside its peers"
    yield ""
    amounts = "; ".join(
        f"{name}: {of['count']} calls, {60 * of['hours']:.0f} min, {_languages(of['languages'])}"
        for name, of in figures["calls"].items()
    )
    yield (
        f"The same two-channel calls ({amounts}), weights (`{figures['model']['name']}`, int8, digest "
        f"`{figures['model']['digest']}`), beam {figures['beam_size']}, batches of {figures['batch_size']}, "
        f"{figures['cores']} core(s) each, best of {figures['rounds']} round(s). The demo model knows synthetic voices only: "
        "its WER on real calls says nothing of recognition, only that all hear the same."
    )
    yield ""
    yield (
        "How long a window is fed to the encoder decides much of the time. The peers fill every window up to 3,000 "
        "frames, which are 60 s for this model with its frames of 20 ms, and 30 s for Whisper's own. postcall fills it up "
        "to what a model was taught: 10, 20 or 30 s here (`pad_to_s` in the model's folder), always 30 s for Whisper's "
        "published weights, which repeat themselves in shorter ones. With those weights this part of the lead is not "
        "there, unless they were fine-tuned for it."
    )
    yield ""
    rows = []
    for row in figures["rows"]:
        if row["hours_per_core_hour"] is None:
            rows.append((row["calls"], row["contestant"], row["why"], "", "", "", "", ""))
            continue
        rate = row["word_error_rate"]
        rows.append(
            (
                row["calls"],
                row["contestant"],
                f"{row['hours_per_core_hour']:.1f}",
                f"{row['hours_per_hour']:.1f}",
                "–" if rate is None else f"{rate:.1%}",
                "yes" if row["has_word_times"] else "no",
                f"{row['start_s']:.0f} s",
                f"{row['peak_mb']:.0f} MB",
            )
        )
    heads = ("calls", "contestant", "hours per core hour", "hours per hour", "WER", "word times", "start", "peak memory")
    yield from _table(heads, rows)


def _languages(languages: Mapping[str, int]) -> str:
    return " and ".join(f"{count} {code}" for code, count in languages.items())


def _nights(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Growth of a night"
    yield ""
    yield (
        "Engines are scripted and take no time: this is call records, ledger, artifacts, turns, roles, every analyzer, rule, "
        "KPI and table. *Outside steps* is what the runner of the steps takes, and the run's id, lock and ledger."
    )
    yield ""
    heads = (
        "night",
        "calls",
        "min a call",
        "words a call",
        "workers",
        "wall",
        "core ms a call",
        "peak memory",
        "disk a call",
        "outside steps",
    )
    rows = [
        (
            night["how"],
            f"{night['calls']:,}",
            f"{60 * night['hours'] / night['calls']:.1f}",
            f"{night['words'] / night['calls']:.0f}",
            str(night["workers"]),
            f"{night['wall_s']:.0f} s",
            f"{1000 * night['cpu_s'] / night['calls']:.1f}",
            f"{night['peak_mb']:.0f} MB",
            f"{(night['artifact_bytes'] + night['table_bytes']) / night['calls'] / 1000:.1f} kB",
            f"{night['wall_s'] - night['work_s']:.2f} s, {night['orchestration_share']:.2%}",
        )
        for night in figures["nights"]
    ]
    yield from _table(heads, rows)


def _tables(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Growth of tables"
    for one in figures["tables"]:
        rows_total = one["calls"] if one["table"] == "call_contact" else one["words"]
        yield ""
        proved = (
            "One day is read with all other days' files away."
            if one["is_pruned"]
            else "One day CANNOT be read with all other days' files away."
        )
        yield f"`{one['table']}`, {rows_total:,} rows, {one['days']} days of {one['a_day']:,} calls. {proved}"
        yield ""
        heads = (
            "step",
            "took",
            "peak memory",
            "rows",
            "a commit, first and last days",
            "files read",
            "files a day, mean and most",
            "files, MB on disk",
        )
        rows = []
        for what, step in one["steps"].items():
            is_read = step["files_read"] is not None
            commit = "" if step["first_s"] is None else f"{1000 * step['first_s']:.0f}, {1000 * step['last_s']:.0f} ms"
            rows.append(
                (
                    what,
                    f"{step['took_s']:.2f} s",
                    f"{step['peak_mb']:.0f} MB",
                    f"{step['rows']:,}" if step["rows"] else "",
                    commit,
                    f"{step['files_read']} of {step['files_in_table']}" if is_read else "",
                    "" if is_read else f"{step['files_a_day']:.2f}, {step['most_files_a_day']}",
                    "" if is_read else f"{step['files_on_disk']:,}, {step['bytes_on_disk'] / 1e6:.0f} MB",
                )
            )
        yield from _table(heads, rows)


def _listening(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Listening"
    yield ""
    yield (
        f"{figures['calls']} two-channel calls of the corpus, {60 * figures['hours']:.0f} min, one core: "
        f"{figures['times_real_time']:.0f} times real time; measuring takes "
        f"{sum(figures['measuring_ms_per_call'].values()):.1f} core ms a call."
    )
    yield ""
    yield from _table(
        ("stage", "core ms per second of call"), [(name, f"{took:.2f}") for name, took in figures["stages_ms_per_s"].items()]
    )


def _models(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Models by shape"
    yield ""
    yield (
        f"Shapes of real models with random weights, int8, beam {figures['beam_size']}, {figures['cores']} core(s): they take "
        "as long as real ones that say as many tokens. The corpus calls have "
        f"{figures['windows_per_channel_hour']:.0f} windows a channel hour, of {figures['window_s']:.0f} s on average."
    )
    yield ""
    rows = [
        (
            row["shape"],
            str(row["windows"]),
            f"{row['tokens'] / row['windows']:.0f}",
            f"{row['cpu_s'] / row['windows']:.1f} s",
            f"{row['core_s_per_channel_hour'] / 3600:.2f} h",
            f"{row['peak_mb']:,.0f} MB",
        )
        for row in figures["rows"]
    ]
    heads = ("shape", "windows", "tokens a window", "core time a window", "core time a channel hour", "peak memory")
    yield from _table(heads, rows)


def as_json(told: Mapping[str, Any]) -> str:
    """As it is kept."""
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, default=results.FOLDER, help="folder of the figures")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--constants", type=Path, default=PUBLISHED)
    given = parser.parse_args()
    found = read_all(given.results)
    measured = constants(found)
    Constants.model_validate(measured)
    given.document.write_text(document(found), encoding="utf-8")
    given.constants.write_text(as_json(measured), encoding="utf-8")
    print(f"{given.document} and {given.constants} are written")


if __name__ == "__main__":
    main()
