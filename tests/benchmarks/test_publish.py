"""The published document and constants are what the generator makes of the figures in the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.publish import DOCUMENT, as_json, constants, document, fitted, prefect_share, read_all
from flows.capacity import PUBLISHED, Constants


def test_the_document_is_what_the_figures_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(read_all(results.FOLDER)), "run `make publish`"


def test_the_constants_are_what_the_figures_say() -> None:
    made = constants(read_all(results.FOLDER))
    Constants.model_validate(made)
    assert PUBLISHED.read_text(encoding="utf-8") == as_json(made), "run `make publish`"


def test_another_figure_makes_another_document(tmp_path: Path) -> None:
    found = {name: dict(one) for name, one in read_all(results.FOLDER).items()}
    before = document(found)
    rows = [{**row, "why": "not installed", "hours_per_core_hour": None} for row in found["peers"]["figures"]["rows"][-1:]]
    found["peers"]["figures"] = {**found["peers"]["figures"], "rows": rows}
    assert document(found) != before and "not installed" in document(found)


def test_ratios_lead_and_each_says_whether_its_goal_is_met() -> None:
    lines = document(read_all(results.FOLDER)).splitlines()
    [head] = [at for at, line in enumerate(lines) if line.startswith("| ratio")]
    assert head < next(at for at, line in enumerate(lines) if line.startswith("## "))
    assert any(", met |" in line or ", missed |" in line for line in lines[head:])


def test_prefects_share_is_what_it_takes_beside_a_plain_night() -> None:
    plain = {"how": "plain", "calls": 10, "words": 50, "workers": 2, "wall_s": 20.0, "work_s": 19.0}
    night = {"how": "prefect", "calls": 10, "words": 50, "workers": 2, "wall_s": 20.0, "work_s": 18.0}
    with_one = {**plain, "workers": 1, "work_s": 10.0}
    assert prefect_share(night, {"nights": [with_one, plain, night]}) == pytest.approx(0.05)
    assert prefect_share(night, {"nights": [{**plain, "calls": 11}, night]}) is None


def test_three_parts_are_found_again() -> None:
    nights = [
        {"calls": calls, "hours": calls * each} for calls, each in ((100, 0.01), (1_000, 0.01), (10_000, 0.01), (500, 0.1))
    ]
    parts = fitted(nights, lambda night: 5 + 0.02 * night["calls"] + 3 * night["hours"])
    assert parts == {"per_night": pytest.approx(5), "per_call": pytest.approx(0.02), "per_hour": pytest.approx(3)}


def test_further_models_are_constants_too(tmp_path: Path) -> None:
    for path in results.FOLDER.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    other = results.read(results.FOLDER, "peers")
    other["figures"]["model"] = {"name": "other", "digest": "d"}
    (tmp_path / "peers-other.json").write_text(json.dumps(other), encoding="utf-8")
    words = constants(read_all(tmp_path))["words"]
    assert {"demo", "other"} <= set(words)
    assert words["other"]["core_s_per_channel_hour"] == words["demo"]["core_s_per_channel_hour"]


def test_figures_are_written_with_the_machine_and_without_its_name(tmp_path: Path) -> None:
    results.write(tmp_path / "x.json", "x", "make x", 0.1, {"a": 1})
    told = results.read(tmp_path, "x")
    assert told["figures"] == {"a": 1} and told["machine"]["cores"] >= 1
    assert results.memory_mb("VmHWM") >= results.memory_mb("VmRSS") > 0
