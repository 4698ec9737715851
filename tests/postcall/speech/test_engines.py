from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from pydantic import Field

from postcall.errors import SettingsError
from postcall.speech import engines
from postcall.speech.engines import EngineOptions, load_diarizer, load_transcriber, read_options


class Options(EngineOptions):
    beam_size: int = Field(5, ge=1)


class Scripted:
    def __init__(self, options: Mapping[str, object]) -> None:
        self.given = read_options("scripted", Options, options)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def point(name: str, value: str) -> EntryPoint:
        return EntryPoint(name, value, "any")

    points = [
        point("scripted", f"{__name__}:Scripted"),
        point("scripted", f"{__name__}:Scripted"),  # seen twice on the path, still one engine
        point("broken", "no_such_module_at_all:Engine"),
        point("twice", "a:A"),
        point("twice", "b:B"),
    ]
    monkeypatch.setattr(EntryPoint, "load", lambda self: Scripted if self.name == "scripted" else _import_nothing())
    monkeypatch.setattr(engines, "entry_points", lambda group: EntryPoints(points))


def _import_nothing() -> None:
    raise ModuleNotFoundError("no module")


def test_our_own_engine_is_registered(tmp_path: object) -> None:
    with pytest.raises(SettingsError, match="no folder"):
        load_transcriber("faster-whisper", {"model": f"{tmp_path}/none"})


@pytest.mark.usefixtures("installed")
def test_an_engine_is_made_with_its_options() -> None:
    made = load_diarizer("scripted", {"beam_size": 2})
    assert isinstance(made, Scripted)
    assert made.given == Options(beam_size=2)


@pytest.mark.usefixtures("installed")
def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="no transcriber 'scriptd'") as caught:
        load_transcriber("scriptd", {})
    assert caught.value.hint == "did you mean 'scripted'?"


def test_without_any_engine_the_hint_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "entry_points", lambda group: EntryPoints([]))
    with pytest.raises(SettingsError, match="no diarizer 'pyannote' is installed") as caught:
        load_diarizer("pyannote", {})
    assert caught.value.hint == "known: none"


@pytest.mark.usefixtures("installed")
def test_an_engine_that_cannot_be_imported_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="transcriber 'broken' cannot be imported: ModuleNotFoundError"):
        load_transcriber("broken", {})


@pytest.mark.usefixtures("installed")
def test_two_packages_with_one_name_are_not_chosen_between() -> None:
    with pytest.raises(SettingsError, match="several installed packages"):
        load_transcriber("twice", {})


def test_a_misspelt_option_gets_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="unknown option 'beamsize'") as caught:
        read_options("x", Options, {"beamsize": 1})
    assert "did you mean 'beam_size'?" in caught.value.hint


def test_an_option_out_of_bounds_says_which() -> None:
    with pytest.raises(SettingsError, match="option 'beam_size' of engine 'x'"):
        read_options("x", Options, {"beam_size": 0})
