"""An engine that hangs costs its call, not the night; engines are loaded anew after that, and after so many calls."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from flows import equipment
from flows.engines import MOST_GIVEN_UP, Asked, EngineCare
from flows.night import plainly, run_night
from flows.settings import load_settings
from postcall.errors import EngineError, EngineStuck
from postcall.speech.engines import SpokenChannel
from postcall.transcript import Transcript
from storage.tables import Tables
from tests.flows.conftest import Command
from tests.flows.small_nights import FIRST, MARKER, make_centre


class Engine:
    """Writes nothing; hangs on the calls it is told to, counted over all engines of a test."""

    name, revision = "scripted", "1"
    options: Mapping[str, object] = {}

    def __init__(self, test: Test) -> None:
        self._test = test
        test.loaded.append(weakref.ref(self))

    def transcribe(self, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
        self._test.asked += 1
        if self._test.asked in self._test.hangs_at:
            self._test.let_go.wait()
            raise RuntimeError(MARKER)
        return Transcript(words=(), language="ru", engine=self.name, options={})


class Test:
    """What all engines of a test share."""

    __test__ = False

    def __init__(self) -> None:
        self.hangs_at: set[int] = set()
        self.asked = 0
        self.loaded: list[weakref.ref[Engine]] = []
        self.let_go = threading.Event()

    @property
    def alive(self) -> int:
        return sum(one() is not None for one in self.loaded)

    def care(self, *, calls: int | None = None) -> EngineCare:
        return EngineCare(times=0.01, least_s=0.2, calls=calls, load_transcriber=lambda: Engine(self))

    def engine(self, care: EngineCare) -> Asked[Engine]:
        return Asked("the recogniser", Engine(self), care.load_transcriber, care)


@pytest.fixture
def test() -> Test:
    return Test()


def ask(engine: Asked[Engine]) -> Transcript:
    return engine.ask(lambda one: one.transcribe((), None), 1.0)


def test_one_that_hangs_is_given_up_and_another_one_loaded(test: Test) -> None:
    test.hangs_at = {2}
    engine = test.engine(test.care())
    ask(engine)
    with pytest.raises(EngineStuck, match="the recogniser did not end in 0 s") as caught:
        ask(engine)
    assert (caught.value.code, "engine_limit_times" in caught.value.hint) == ("engine_stuck", True)
    assert len(test.loaded) == 1  # the next call loads it
    ask(engine)
    ask(engine)
    assert len(test.loaded) == 2
    test.let_go.set()


def test_long_sound_may_take_longer(test: Test) -> None:
    test.hangs_at = {1}
    engine = test.engine(test.care())
    threading.Timer(0.5, test.let_go.set).start()
    with pytest.raises(RuntimeError, match=MARKER):
        engine.ask(lambda one: one.transcribe((), None), 1000.0)


def test_what_hangs_again_and_again_is_asked_no_more(test: Test) -> None:
    test.hangs_at = set(range(1, 99))
    engine = test.engine(test.care())
    for _ in range(MOST_GIVEN_UP):
        with pytest.raises(EngineStuck, match="did not end"):
            ask(engine)
    for _ in range(2):
        with pytest.raises(EngineStuck, match=f"hung on {MOST_GIVEN_UP} calls of this night and is asked no more"):
            ask(engine)
    assert (test.asked, len(test.loaded)) == (MOST_GIVEN_UP, MOST_GIVEN_UP)
    test.let_go.set()


def test_one_that_cannot_be_loaded_again_costs_its_call(test: Test) -> None:
    loads = []

    def load() -> Engine:
        loads.append(1)
        if len(loads) == 1:
            raise MemoryError(MARKER)
        return Engine(test)

    test.hangs_at = {1}
    care = EngineCare(times=0.01, least_s=0.2, load_transcriber=load)
    engine = test.engine(care)
    with pytest.raises(EngineStuck):
        ask(engine)
    with pytest.raises(EngineError, match="could not be loaded again: MemoryError") as caught:
        ask(engine)
    assert MARKER not in str(caught.value)
    ask(engine)
    test.let_go.set()


def test_another_model_is_refused(test: Test, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = test.engine(test.care(calls=1))
    ask(engine)
    monkeypatch.setattr(Engine, "revision", "2")
    with pytest.raises(EngineError, match="is another than when the night began"):
        ask(engine)


def test_after_so_many_calls_an_engine_is_renewed_and_the_old_one_gone(test: Test) -> None:
    engine = test.engine(test.care(calls=2))
    for _ in range(5):
        ask(engine)
    assert (len(test.loaded), test.alive) == (3, 1)


def test_a_night_goes_on_without_the_words_of_the_call_and_has_them_the_next_time(
    test: Test, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postcall: Command
) -> None:
    centre = make_centre(tmp_path, days=1, calls=4)
    asked = "listen_limit_s = 3.0\nengine_limit_times = 0.1\nengine_calls = 2\n"
    centre.settings_file.write_text(
        asked + centre.settings_file.read_text().replace('engine = "none"', 'engine = "scripted"', 1)
    )
    monkeypatch.setattr(equipment, "load_transcriber", lambda _engine, _options: Engine(test))
    test.hangs_at = {2}
    settings = load_settings(centre.settings_file)
    report = run_night(FIRST, settings, step=plainly)
    [failure] = report.failures
    assert (failure.error.code, failure.stage, failure.call_id) == ("engine_stuck", "transcript", "c-0-1")
    assert report.transcripts == 3
    assert len(test.loaded) == 2  # given up at the second call, and the next one has served two
    test.let_go.set()
    again = run_night(FIRST, settings, step=plainly)
    assert (again.failures, again.transcripts) == ((), 4)
    stored = {row["call_id"]: row["run_id"] for row in Tables(centre.store).read("call_transcript").to_pylist()}
    assert len(stored) == 4
