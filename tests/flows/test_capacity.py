"""What a night needs, from constants that a test can reckon with in its head."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.capacity import PUBLISHED, Constants, Demand, estimate, read_constants
from postcall.errors import SettingsError
from tests.flows.conftest import Command

HOUR = 3600.0

TOLD: dict[str, Any] = {
    "machine": {"processor": "a processor", "cores": 2, "memory_gb": 16},
    "measured_on": "2026-03-02",
    "load_before": 0.1,
    "listening_core_s_per_channel_hour": 10.0,
    "words": {
        "small": {"digest": "a", "core_s_per_channel_hour": 350.0, "gpu_s_per_channel_hour": None},
        "large": {"digest": "b", "core_s_per_channel_hour": None, "gpu_s_per_channel_hour": 36.0},
    },
    "measuring_core_s": {"per_night": 600.0, "per_call": 0.1, "per_hour": 1.0},
    "disk_bytes": {"per_night": 1e6, "per_call": 1e3, "per_hour": 1e6},
    "memory_mb": {"per_night": 400.0, "per_call": 0.1, "per_hour": 0.6},
    "extent": {"calls": 10_000, "cores": 2, "minutes": [0.5, 10.0]},
}

DEMAND = Demand(calls=6_000, minutes=10, model="small", cores=2)
"""1,000 hours of calls, 2,000 channel hours; measuring takes 600 + 600 + 1,000 s."""


@pytest.fixture
def constants() -> Constants:
    return Constants.model_validate(TOLD)


def test_a_night_on_cores(constants: Constants) -> None:
    found = estimate(DEMAND, constants)
    assert found.listening_core_hours == pytest.approx(20_000 / HOUR)
    assert found.words_core_hours == pytest.approx(700_000 / HOUR)
    assert found.measuring_hours == pytest.approx(2_200 / HOUR)
    assert found.night_hours == pytest.approx((2_200 + 720_000 / 2) / HOUR)
    assert found.cores_needed == 35  # 720,000 s in 8 h less a fifth less 2,200 s: 20,840 s
    assert found.disk_gb_per_year == pytest.approx(365 * (1e6 + 6e6 + 1e9) / 1e9)
    assert found.memory_gb == pytest.approx(1.6)
    assert found.core_hours_per_million == pytest.approx(722_200 / HOUR / 6_000 * 1e6)
    assert found.cost_per_million is None and found.gpu_hours_per_million is None
    assert found.limits == ()


def test_the_cores_that_are_needed_fit_and_one_less_does_not(constants: Constants) -> None:
    needed = estimate(DEMAND, constants).cores_needed
    assert needed is not None
    fits, does_not = (estimate(replace(DEMAND, cores=cores), constants).night_hours for cores in (needed, needed - 1))
    assert fits is not None and does_not is not None and fits <= 8 * 0.8 < does_not


def test_a_night_on_gpus(constants: Constants) -> None:
    demand = replace(DEMAND, model="large", gpus=2, core_hour_price=0.1, gpu_hour_price=2.0)
    found = estimate(demand, constants)
    assert found.words_gpu_hours == pytest.approx(72_000 / HOUR) and found.words_core_hours is None
    assert found.night_hours == pytest.approx((2_200 + 36_000) / HOUR)  # GPUs are the slower part
    assert (found.cores_needed, found.gpus_needed) == (1, 4)
    assert found.cost_per_million == pytest.approx((22_200 * 0.1 + 72_000 * 2.0) / HOUR / 6_000 * 1e6)
    slow_cores = replace(demand, cores=1, gpus=10)
    assert estimate(slow_cores, constants).night_hours == pytest.approx((2_200 + 20_000) / HOUR)  # listening is
    assert estimate(replace(demand, gpu_hour_price=None), constants).cost_per_million is None


def test_what_was_not_measured_is_no_number(constants: Constants) -> None:
    for demand, where in ((replace(DEMAND, gpus=1, core_hour_price=1.0), "GPU"), (replace(DEMAND, model="large"), "CPU")):
        found = estimate(demand, constants)
        assert found.night_hours is found.cores_needed is found.cost_per_million is found.core_hours_per_million is None
        assert any("not measured" in limit and where in limit for limit in found.limits)
        assert found.disk_gb_per_year > 0
    with pytest.raises(SettingsError, match="nothing was measured of a model 'smal'") as error:
        estimate(replace(DEMAND, model="smal"), constants)
    assert "small" in str(error.value.hint)


def test_the_answer_says_how_far_it_goes(constants: Constants) -> None:
    said = " ".join(estimate(replace(DEMAND, calls=50_000, minutes=20, cores=64, channels=1), constants).limits)
    for part in ("10,000 calls", "2 cores", "0.5 to 10.0 minutes", "telling speakers apart"):
        assert part in said
    short = estimate(replace(DEMAND, night_hours=0.5), constants)
    assert short.cores_needed is None and "several stores" in " ".join(short.limits)


def test_what_is_noted_of_a_model_is_said() -> None:
    noted = {**TOLD, "words": {"small": {**TOLD["words"]["small"], "note": "by its shape alone"}}}
    assert estimate(DEMAND, Constants.model_validate(noted)).limits == ("by its shape alone",)


def test_more_work_needs_more(constants: Constants) -> None:
    one, two = (estimate(replace(DEMAND, calls=calls), constants) for calls in (3_000, 6_000))
    for name in ("night_hours", "cores_needed", "disk_gb_per_year", "memory_gb"):
        assert getattr(one, name) < getattr(two, name)


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    for content in (
        "no JSON",
        "[]",
        json.dumps({**TOLD, "listening_core_s_per_channel_hour": -1}),
        json.dumps({**TOLD, "more": 1}),
    ):
        (tmp_path / "own.json").write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError, match="holds no measured constants"):
            read_constants(tmp_path / "own.json")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_constants(tmp_path / "none.json")


def test_the_command(postcall: Command, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps(TOLD), encoding="utf-8")
    own = ("--measured", str(tmp_path / "own.json"), "--calls", "6000", "--minutes", "10", "--cores", "2", "--model", "small")
    ended = postcall("capacity", *own, "--core-hour-price", "0.05")
    assert ended.code == 0, ended.err
    assert "1,000 hours a night" in ended.out and "a processor" in ended.out
    [needed] = [line.split() for line in ended.out.splitlines() if "cores needed" in line]
    assert needed[-1] == "35"
    on_gpu = postcall("capacity", *own, "--gpus", "1")
    assert on_gpu.code == 0 and on_gpu.out.count("not measured") >= 4
    told = json.loads(postcall("capacity", *own, "--json").out)
    assert told["cores_needed"] == 35 and told["words_gpu_hours"] is None
    wrong = postcall("capacity", *own[:-1], "smal")
    assert wrong.code == 2 and "did you mean 'small'?" in wrong.err


def test_the_constants_that_come_along(postcall: Command) -> None:
    constants = read_constants(PUBLISHED)
    assert "demo" in constants.words
    ended = postcall("capacity", "--calls", "1000", "--minutes", "2")
    assert ended.code == 0, ended.err
    assert "knows synthetic voices only" in " ".join(ended.out.split())
