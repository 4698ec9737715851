"""A recogniser for nights in several processes: it writes down what it does, and ends its process where it is told to.

Installed for a test as a plug-in: a folder on the path of all processes, with an entry point and this module.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from postcall.spans import Span
from postcall.speech.engines import SpokenChannel
from postcall.transcript import Transcript, Word

NAME = "scripted"
SAID = "Qwertz50428817Said"
"""What everybody says."""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the engine known to this process and to those that it starts."""
    about = folder / "scripted-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: scripted\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[postcall.transcribers]\n{NAME} = scripted_engine:Scripted\n")
    shutil.copy(__file__, folder / "scripted_engine.py")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(Path(__file__).parents[2])]))


class Scripted:
    """Writes a word a second wherever somebody speaks. A call is known by the length of its sound, in samples.

    Options
    -------
    log
        File that gets a line for each thing done: what, process, call, addresses at which the process listens.
    dies_once, dies_always
        The call on which the process ends: the first time, or each time.
    """

    name, revision = "scripted", "1"
    options: Mapping[str, str] = {}

    def __init__(self, options: Mapping[str, object]) -> None:
        self._log = Path(str(options["log"]))
        self._once, self._always = options.get("dies_once"), options.get("dies_always")
        self._tell("loaded")

    def transcribe(self, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
        call = str(channels[0].samples_16k.size)
        listening = {one.laddr.ip for one in psutil.Process().net_connections("inet") if one.status == psutil.CONN_LISTEN}
        self._tell("heard", call, *sorted(listening))
        if call == self._always or (call == self._once and self._is_first()):
            os.kill(os.getpid(), signal.SIGKILL)
        words = [
            Word(Span(start, min(start + 800, span.end_ms)), SAID, 0.9, channel.label)
            for channel in channels
            for span in channel.speech
            for start in range(span.start_ms, span.end_ms, 1000)
        ]
        words.sort(key=lambda word: (word.span.start_ms, word.speaker))
        return Transcript(words=tuple(words), language="ru", engine=self.name, options={})

    def _is_first(self) -> bool:
        try:
            self._log.with_suffix(".died").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _tell(self, *what: str) -> None:
        with self._log.open("a") as log:
            log.write(" ".join([what[0], str(os.getpid()), *what[1:]]) + "\n")


def told(log: Path) -> list[list[str]]:
    """What was done, in order."""
    return [line.split() for line in log.read_text().splitlines()]
