"""What a night needs: time, cores, memory, disk and money, from what was measured. Pure.

Conventions
-----------
No constant stands here: all are read from ``capacity.json`` beside this file, which ``python -m benchmarks.publish`` writes
from what the benchmarks found, or from a file of the same form that was measured on another machine. What was not measured is
None, here and in the answer: never a guess, never 0.

Definition
----------
channel hours
    Hours of calls times channels: each channel is listened to and recognised by itself.
listening
    Decoding, channels, speech, tones, music, voices: core seconds for a channel hour. Recordings are listened to side by side,
    one to a core.
words
    Recognition by a model, and all that goes with it until the words are kept: core seconds for a channel hour, or seconds of a
    GPU. A recogniser uses all cores.
measuring
    Call records, ledger, turns, roles, analyzers, rules, KPIs, tables: core seconds for a night, for a call and for an hour of
    calls. It is done on one core, however many there are.
time
    On CPU: measuring, and then listening and words over all cores. On GPU: measuring, and then the longer of listening over all
    cores and words over all GPUs, as recordings are listened to ahead. Measuring goes on beside the rest in truth, so the time
    is not underrated by this; that cores are never shared out perfectly is what the reserve is for.
cores needed
    Fewest with which the time fits into the night less its reserve.
disk
    Artifacts and tables of a night: bytes for a night, for a call and for an hour of calls. Neither recordings nor pages are in
    it, nor days that are written twice.
memory
    Largest of the process, in the same three parts; neither models nor sound that is being listened to are in it.
cost
    Core hours (and GPU hours) that a million such calls use, times the price of one; what a machine does not use is not in it.

Edge cases
----------
One channel: telling its speakers apart is not measured, so the time lacks it and the answer says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean

PUBLISHED = Path(__file__).with_name("capacity.json")
"""Constants that come along."""

MILLION = 1_000_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parts(_Part):
    """An amount in three parts."""

    per_night: float = Field(ge=0)
    per_call: float = Field(ge=0)
    per_hour: float = Field(ge=0)

    def of(self, calls: float, hours: float) -> float:
        """The amount of a night of so many calls and hours of calls."""
        return self.per_night + self.per_call * calls + self.per_hour * hours


class Words(_Part):
    """What a model costs; None where it was not measured. The note says how far the figures go."""

    digest: str
    note: str = ""
    core_s_per_channel_hour: float | None = Field(None, gt=0)
    gpu_s_per_channel_hour: float | None = Field(None, gt=0)


class Extent(_Part):
    """How far measuring went: beyond it everything is extrapolated."""

    calls: int
    cores: int
    minutes: tuple[float, float]


class Constants(_Part):
    """What was measured, and where."""

    machine: dict[str, Any]
    measured_on: str
    load_before: float
    listening_core_s_per_channel_hour: float = Field(gt=0)
    words: dict[str, Words]
    measuring_core_s: Parts
    disk_bytes: Parts
    memory_mb: Parts
    extent: Extent


def read_constants(path: Path | None = None) -> Constants:
    """Constants of a file, or those that come along.

    Raises
    ------
    SettingsError
        There is no such file, or it holds something else.
    """
    try:
        return Constants.model_validate(json.loads((path or PUBLISHED).read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"the measured constants cannot be read: {error.strerror}") from error
    except (ValueError, ValidationError) as error:
        where = f" '{path}'" if path else ""
        raise SettingsError(
            f"the file{where} holds no measured constants",
            hint="`python -m benchmarks.publish` writes them; see docs/capacity.md",
        ) from error


@dataclass(frozen=True, slots=True)
class Demand:
    """What a night has to do, and with what.

    Attributes
    ----------
    calls, minutes, channels
        Calls a night, their mean length, channels of their recordings.
    model
        Which writes the words.
    cores, gpus
        Of the machine; 0 GPUs recognise on the cores.
    night_hours, reserve_share
        Length of the night, and which share of it is to stay free.
    days_a_year
        Nights whose tables and artifacts are kept for a year.
    core_hour_price, gpu_hour_price
        In any currency; None where costs are not asked for.
    """

    calls: int
    minutes: float
    model: str
    channels: int = 2
    cores: int = 1
    gpus: int = 0
    night_hours: float = 8.0
    reserve_share: float = 0.2
    days_a_year: int = 365
    core_hour_price: float | None = None
    gpu_hour_price: float | None = None

    @property
    def hours(self) -> float:
        """Hours of calls."""
        return self.calls * self.minutes / 60

    @property
    def channel_hours(self) -> float:
        """Hours of channels."""
        return self.hours * self.channels


@dataclass(frozen=True, slots=True)
class Estimate:
    """What it takes; None where something was not measured, or cannot be.

    Attributes
    ----------
    listening_core_hours, words_core_hours, words_gpu_hours, measuring_hours
        Of a night; words either on cores or on GPUs.
    night_hours
        Wall time.
    cores_needed, gpus_needed
        Fewest that keep within the night.
    core_hours_per_million, gpu_hours_per_million, cost_per_million
        Of a million such calls.
    disk_gb_per_year, memory_gb
        Artifacts and tables; largest memory of a night, without models and sound.
    limits
        What the answer does not say, in words.
    """

    listening_core_hours: float
    words_core_hours: float | None
    words_gpu_hours: float | None
    measuring_hours: float
    night_hours: float | None
    cores_needed: int | None
    gpus_needed: int | None
    core_hours_per_million: float | None
    gpu_hours_per_million: float | None
    cost_per_million: float | None
    disk_gb_per_year: float
    memory_gb: float
    limits: tuple[str, ...]


def estimate(demand: Demand, constants: Constants) -> Estimate:
    """What a night needs.

    Raises
    ------
    SettingsError
        Nothing was measured of such a model.
    """
    if demand.model not in constants.words:
        raise SettingsError(
            f"nothing was measured of a model '{demand.model}'",
            hint=f"{did_you_mean(demand.model, constants.words)}; docs/capacity.md tells how to measure one",
        )
    model = constants.words[demand.model]
    listening_s = constants.listening_core_s_per_channel_hour * demand.channel_hours
    words_core_s = _times(model.core_s_per_channel_hour, demand.channel_hours) if not demand.gpus else None
    words_gpu_s = _times(model.gpu_s_per_channel_hour, demand.channel_hours) if demand.gpus else None
    measuring_s = constants.measuring_core_s.of(demand.calls, demand.hours)
    for_the_rest_s = demand.night_hours * 3600 * (1 - demand.reserve_share) - measuring_s
    night_s: float | None = None
    cores_needed = gpus_needed = None
    if words_core_s is not None:
        night_s = measuring_s + (listening_s + words_core_s) / demand.cores
        cores_needed = _fewest(listening_s + words_core_s, for_the_rest_s)
    elif words_gpu_s is not None:
        night_s = measuring_s + max(listening_s / demand.cores, words_gpu_s / demand.gpus)
        cores_needed, gpus_needed = _fewest(listening_s, for_the_rest_s), _fewest(words_gpu_s, for_the_rest_s)
    is_known = night_s is not None
    core_s = listening_s + measuring_s + (words_core_s or 0.0) if is_known else None
    core_hours, gpu_hours = (_per_million(seconds, demand.calls) for seconds in (core_s, words_gpu_s))
    return Estimate(
        listening_s / 3600,
        _hours(words_core_s),
        _hours(words_gpu_s),
        measuring_s / 3600,
        _hours(night_s),
        cores_needed,
        gpus_needed,
        core_hours,
        gpu_hours,
        _cost(demand, core_hours, gpu_hours),
        constants.disk_bytes.of(demand.calls, demand.hours) * demand.days_a_year / 1e9,
        constants.memory_mb.of(demand.calls, demand.hours) / 1000,
        tuple(_limits(demand, constants, is_known=is_known, fits=for_the_rest_s > 0)),
    )


def _times(each: float | None, number: float) -> float | None:
    return None if each is None else each * number


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600


def _fewest(work_s: float, within_s: float) -> int | None:
    return max(1, ceil(work_s / within_s)) if within_s > 0 else None


def _per_million(seconds: float | None, calls: int) -> float | None:
    return None if seconds is None else seconds / 3600 / calls * MILLION


def _cost(demand: Demand, core_hours: float | None, gpu_hours: float | None) -> float | None:
    if core_hours is None or demand.core_hour_price is None or (demand.gpus and demand.gpu_hour_price is None):
        return None
    return core_hours * demand.core_hour_price + (gpu_hours or 0.0) * (demand.gpu_hour_price or 0.0)


def _limits(demand: Demand, constants: Constants, *, is_known: bool, fits: bool) -> list[str]:
    said = []
    extent = constants.extent
    if not is_known:
        said.append(f"words of '{demand.model}' are not measured on {'GPU' if demand.gpus else 'CPU'}")
    if constants.words[demand.model].note:
        said.append(constants.words[demand.model].note)
    if not fits:
        said.append(
            "measuring alone, which is done on one core, is longer than the night: share the calls among several stores"
        )
    if demand.channels == 1:
        said.append("telling speakers apart on one channel is not measured: the time lacks it")
    if demand.calls > extent.calls:
        said.append(f"nights of more than {extent.calls:,} calls were not measured: extrapolated")
    if demand.cores > extent.cores:
        cores = "one core" if extent.cores == 1 else f"{extent.cores} cores"
        said.append(f"measured on {cores}: taken as shared out evenly over {demand.cores}")
    if not extent.minutes[0] <= demand.minutes <= extent.minutes[1]:
        said.append(f"calls were {extent.minutes[0]:.1f} to {extent.minutes[1]:.1f} minutes long: extrapolated")
    return said
