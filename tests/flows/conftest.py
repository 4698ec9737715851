"""What the tests of the night share: one night on the bundled calls, small recordings, and the command line in this process."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows import cli
from flows.demonstration import DAY, transcribed_settings
from flows.night import NightReport, plainly, run_night
from flows.notebooks_run import notebook_page, notebooks


class Unwatched:
    """A progress that nobody watches."""

    def start(self, step: str, total: int) -> None:
        pass

    def advance(self) -> None:
        pass

    def within(self, share: float) -> None:
        pass


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the width of a terminal decides what a test sees."""
    for name in [name for name in os.environ if name.startswith("POSTCALL_")]:
        monkeypatch.delenv(name)
    # The tests that are about reports ask for them.
    monkeypatch.setenv("POSTCALL_PAGES__NIGHTLY", "false")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def demo_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NightReport]:
    """Store and report of a night on the bundled calls, with the words of the synthesis; read-only."""
    store: Path = tmp_path_factory.mktemp("demo-night") / "store"
    return store, run_night(DAY, transcribed_settings(store), step=plainly, progress=Unwatched())


@pytest.fixture(scope="session")
def dashboard_page(demo_night: tuple[Path, NightReport]) -> Callable[..., str]:
    """HTML of a notebook's page on the demo night, each made once: ``dashboard_page("05_data_quality", "ru")``."""

    @functools.cache
    def make(name: str, language: str = "en") -> str:
        (path,) = (one for one in notebooks() if one.stem == name)
        return notebook_page(path, demo_night[0], DAY, language)[1]

    return make


@pytest.fixture
def postcall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Run a command as a user would, in an empty folder: ``postcall("show", "run_night")``."""
    monkeypatch.chdir(tmp_path)
    umask = os.umask(0o022)

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr("sys.argv", ["postcall", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    yield run
    os.umask(umask)
