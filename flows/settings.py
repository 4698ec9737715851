"""Where and on what the night runs: folders, devices, models, how this centre's recorder and telephony write things.

What the business means by its measures is the policy (`postcall.policy`), another file with another owner.

Order of precedence: command line, environment (``POSTCALL_STORE``, ``POSTCALL_TRANSCRIBER__MODEL``, …), settings file, default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from flows.pages.settings import PageSettings
from postcall.errors import SettingsError
from postcall.nearest import did_you_mean
from postcall.telephony import Direction, Role
from storage.recorder_layouts import LAYOUTS
from storage.telephony import RecordFormat

SETTINGS_FILE = "postcall.toml"
"""Settings file that is read from the working folder when none is named."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recorder(_Section):
    """How this centre's recorder writes its files."""

    starts_at: Literal["started", "offered", "answered"] = Field(
        "answered",
        description="Time of the call record at which a recording starts, where there is no recording_started_at.",
    )
    layout: str | None = Field(
        None, description=f"Who is on which channel, by recorder: {', '.join(LAYOUTS)}. The two settings below win over it."
    )
    channels_inbound: tuple[Role, ...] | None = Field(
        None,
        description="Who is on channel 0, 1 of an inbound call, where the record has no channel_map.",
    )
    channels_outbound: tuple[Role, ...] | None = Field(None, description="The same for outbound calls.")
    name_pattern: str | None = Field(
        None,
        description="Regular expression with named groups (call_id, started_at, …) that reads fields from file names.",
    )

    @field_validator("layout")
    @classmethod
    def _known_layout(cls, layout: str | None) -> str | None:
        if layout is not None and layout not in LAYOUTS:
            raise ValueError(f"unknown layout '{layout}'; {did_you_mean(layout, LAYOUTS)}")
        return layout

    @property
    def layouts(self) -> dict[Direction, tuple[Role, ...]]:
        """Role of each channel by direction, as far as it is set."""
        given = {Direction.INBOUND: self.channels_inbound, Direction.OUTBOUND: self.channels_outbound}
        named = LAYOUTS[self.layout] if self.layout is not None else {}
        return named | {direction: roles for direction, roles in given.items() if roles is not None}


class TranscriberSettings(_Section):
    """Which recogniser writes the words."""

    engine: str = Field(
        "faster-whisper",
        description="faster-whisper, an installed plug-in, or none. Transcripts beside a recording always win.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Options of the engine; for faster-whisper model (name or folder), device, compute_type, language, …",
    )


class DiarizerSettings(_Section):
    """Who tells speakers apart where everybody is on one channel."""

    engine: str = Field("pyannote", description="pyannote, an installed plug-in, or none. Separate channels need no engine.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Options of the engine; for pyannote model (folder or name), device, min_speakers, max_speakers, …",
    )


class VoiceprintSettings(_Section):
    """Whether agents' voices are kept, to tell who is the agent where that is in doubt: biometric data, docs/privacy.md."""

    use: bool = Field(
        False,
        description="Keep prints of agents' voices and compare doubtful calls with them. Biometric data: ask consent first.",
    )
    agents: tuple[str, ...] | None = Field(
        None, description="Ids of the agents who have consented; all others are left out. Without a list all have."
    )


class DaskSettings(_Section):
    """Whether calls are heard by other processes, here or on other machines: docs/operations.md, More than one machine."""

    local_workers: int | None = Field(None, ge=1, le=256, description="Processes on this machine that a night starts and ends.")
    scheduler: str | None = Field(
        None, description="Address of a Dask scheduler whose workers hear the calls, tls://host:8786."
    )
    resources: dict[str, float] = Field(
        default_factory=dict, description="What a worker must offer, as `dask worker --resources` names it, e.g. { GPU = 1 }."
    )
    batch: int = Field(8, ge=1, le=1000, description="Calls that a worker is given at a time.")
    threads: int = Field(1, ge=1, le=64, description="Recordings that a worker listens to side by side.")
    wait_s: float = Field(300.0, gt=0, description="Seconds without any worker after which the night stops.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.local_workers is not None and self.scheduler is not None:
            raise ValueError("set either local_workers or scheduler: they are two clusters")
        return self

    @property
    def is_asked(self) -> bool:
        """Whether somebody else is to hear the calls."""
        return self.local_workers is not None or self.scheduler is not None


class RetentionSettings(_Section):
    """For how many days each class of data is kept; without a number for ever. `postcall retain` applies it."""

    sound_days: int | None = Field(None, ge=1, description="What was found in the sound: speech, tones, levels, speakers.")
    words_days: int | None = Field(None, ge=1, description="Transcripts: artifacts, and the table stage_word.")
    calls_days: int | None = Field(None, ge=1, description="Rows of calls in all other tables, and in the ledger.")
    kpis_days: int | None = Field(None, ge=1, description="KPIs, and what ran.")
    reports_days: int | None = Field(None, ge=1, description="Published reports and call pages.")
    audit_days: int | None = Field(None, ge=1, description="Who opened which call.")
    voiceprints_days: int | None = Field(None, ge=1, description="Prints of agents' voices.")


class Settings(BaseSettings):
    """All settings of a night."""

    model_config = SettingsConfigDict(
        env_prefix="POSTCALL_", env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    store: Path = Field(Path("postcall-store"), description="Folder of tables, artifacts and ledger.")
    tables: str | None = Field(
        None,
        description="Address of the tables where they are not in the store, s3://bucket/prefix. Set before the first night.",
    )
    artifacts: str | None = Field(
        None,
        description="Folder, or s3:// address, of the artifacts where they are not in the store. Set before the first night.",
    )
    recordings: str = Field(
        "recordings", description="Folder or fsspec address of the recordings; may hold {date}, e.g. calls/{date:%Y/%m/%d}."
    )
    calls: str | None = Field(
        None, description="Call-record file, CSV or JSON Lines; may hold {date}. Without it records come from file names."
    )
    policy: Path | None = Field(None, description="Policy file; without one the default policy is in force.")
    manuals: tuple[str, ...] | None = Field(
        None, description="Conduct manuals: ids of those that come along, or files; without it all, each for its language."
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Recordings that are decoded side by side."
    )
    max_failed_share: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="Share of a day's calls that may fail; beyond it the night stops and writes of the day what failed alone. "
        "1 lets all fail; days of fewer than 20 calls are never stopped.",
    )
    listen_limit_s: float = Field(
        900.0, gt=0, description="Seconds that reading and listening to one recording may take before it is put aside."
    )
    engine_limit_times: float = Field(
        10.0,
        gt=0,
        description="How many times the length of its sound the recogniser or the diarizer may take for a call, and at least "
        "listen_limit_s; then the call goes on without, and another engine is loaded.",
    )
    engine_calls: int | None = Field(
        None, ge=1, description="Calls after which the recogniser and the diarizer are loaded anew; without a number never."
    )
    records: RecordFormat = Field(
        default_factory=lambda: RecordFormat(time_zone="UTC"), description="How call records are written."
    )
    recorder: Recorder = Field(default_factory=Recorder, description="How recordings are written.")
    transcriber: TranscriberSettings = Field(default_factory=TranscriberSettings, description="Who writes the words.")
    diarizer: DiarizerSettings = Field(default_factory=DiarizerSettings, description="Who tells speakers apart.")
    voiceprints: VoiceprintSettings = Field(
        default_factory=VoiceprintSettings, description="Whether agents' voices are kept and compared; not by default."
    )
    dask: DaskSettings = Field(default_factory=DaskSettings, description="Whether other processes hear the calls.")
    pages: PageSettings = Field(default_factory=PageSettings, description="Reports and pages of calls.")
    retention: RetentionSettings = Field(default_factory=RetentionSettings, description="How long data is kept.")
    metrics_file: Path | None = Field(
        None,
        description="File for metrics of the nights in Prometheus' text format, e.g. /var/lib/node_exporter/postcall.prom.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Progress and failures of a night on standard error: text, or one JSON object a line."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments (the command line), then the environment, then the file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, _OF_THE_FILE.get())


_OF_THE_FILE: ContextVar[dict[str, Any]] = ContextVar("values of the settings file", default={})  # noqa: B039  # never changed
"""The settings file while `load_settings` reads it; it comes last, so it cannot be an argument."""


def load_settings(path: Path | None = None, **given: Any) -> Settings:
    """Settings of a night.

    Parameters
    ----------
    path
        Settings file; None reads `SETTINGS_FILE` of the working folder where there is one. Relative paths
        in it count from its folder.
    given
        Values of the command line; None means not given.

    Raises
    ------
    SettingsError
        The file is missing, is no TOML, or has an unknown key (with the nearest known one) or an impossible value.
    """
    where = path or (Path(SETTINGS_FILE) if Path(SETTINGS_FILE).is_file() else None)
    arguments = {name: value for name, value in given.items() if value is not None}
    if "time_zone" in arguments:
        arguments["records"] = {"time_zone": arguments.pop("time_zone")}
    token = _OF_THE_FILE.set(_from_file(where) if where is not None else {})
    try:
        return Settings(**arguments)
    except ValidationError as error:
        raise _explained(error) from error
    except UnreadableVariable as error:
        raise SettingsError(
            f"an environment variable cannot be read: {error}",
            hint="a whole section is written as JSON, one key of it as POSTCALL_RECORDS__TIME_ZONE=Europe/Moscow",
        ) from error
    finally:
        _OF_THE_FILE.reset(token)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise SettingsError(f"no settings file '{path}'", hint="`postcall init` writes one to start from") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"settings file '{path}' cannot be read: {error}") from error
    for name in ("store", "tables", "artifacts", "recordings", "calls", "policy", "metrics_file"):
        value = values.get(name)
        if isinstance(value, str) and "://" not in value:
            values[name] = str(path.parent / value)
    return values


def _explained(error: ValidationError) -> SettingsError:
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        return SettingsError(f"unknown setting '{key}'", hint=did_you_mean(path[-1], _keys_of(path[:-1])))
    said = problem["msg"].removeprefix("Value error, ")
    return SettingsError(f"setting {key}: {said}")


def _keys_of(section: list[str]) -> Iterable[str]:
    """Keys of a section of the file, itself named by the keys that lead to it."""
    kind: Any = Settings
    for key in section:
        kind = kind.model_fields[key].annotation
    return cast("type[BaseModel]", kind).model_fields


def yesterday(time_zone: str) -> date:
    """The last whole business day in a time zone."""
    return (datetime.now(ZoneInfo(time_zone)) - timedelta(days=1)).date()
