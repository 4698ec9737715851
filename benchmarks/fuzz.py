"""Files that nobody wrote, led by what the readers do with them: each is read, or refused with an error of ours.

    python -m benchmarks.fuzz [TARGET ...] [--seconds 60] [--corpus FOLDER]

Definitions
-----------
target
    A reader of files from outside: recordings, transcripts, call records of each source, policies, manuals, settings. A byte of
    the input may choose among its kinds of file.
found
    An input on which the reader ended with anything but a result or a `PostCallError`. It is written beside the corpus, and the
    command ends with 1; ``python -m benchmarks.fuzz TARGET --input FILE`` reads it again.
edges
    Branches of this project's code that some input has reached. What mutations reach more is kept in FOLDER/TARGET and started
    from the next time.

Hypothesis draws such files in the tests too, by their grammar; this looks for branches instead, as long as one likes.

References
----------
Atheris 3, coverage-guided fuzzing of Python by libFuzzer.
"""

from __future__ import annotations

import argparse
import gc
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from flows.equipment import policy_sections
from flows.settings import load_settings
from postcall.analyzer import discover
from postcall.audio.decode import DecodePolicy, decode, decode_slowly
from postcall.audio.speech_timeline import SAMPLE_RATE_HZ
from postcall.conduct.manual import read_phrases
from postcall.errors import PostCallError
from postcall.policy import load_policy
from postcall.spans import Span
from postcall.speech.brought import SUFFIXES, read_transcript
from postcall.telephony import Role
from standards import load_manual
from storage.telephony import RecordFormat, read_call_records

Reader = Callable[[bytes], object]

SOURCES = ("table", "asterisk", "freeswitch", "amazon-connect", "genesys-cloud")
_ROOT = Path(__file__).resolve().parents[1]
_RECORDS = (
    b'"","100","200","in","","PJSIP/1-1","","Dial","","2026-03-02 10:00:00","2026-03-02 10:00:05","",30,25,"ANSWERED"\n',
    b'{"variables": {"uuid": "a", "start_epoch": "1", "answer_epoch": "2", "end_epoch": "9"}}',
    b'{"ContactId": "a", "InitiationTimestamp": "2026-03-02T10:00:00Z", "Agent": {"Username": "x"}}',
    b'{"conversations": [{"conversationId": "a", "conversationStart": "2026-03-02T10:00:00Z", "participants": []}]}',
)
"""A call as each source but the first has it."""
_OWN = ("flows", "postcall", "standards", "storage")
_LONGEST = 20_000
"""Bytes of an input."""


def read_recording(data: bytes) -> object:
    """Decode as for a page, and as a night does."""
    decode_slowly(io.BytesIO(data), DecodePolicy(), SAMPLE_RATE_HZ)
    return decode(io.BytesIO(data), DecodePolicy())


def read_words(data: bytes) -> object:
    """A transcript of the kind that the first byte chooses."""
    text = data[1:].decode("utf-8", "replace")
    speech = {"channel_0": (Span(0, 5_000),), "channel_1": (Span(5_500, 9_000),)}
    roles = {"channel_0": Role.AGENT, "channel_1": Role.CUSTOMER}
    return read_transcript(SUFFIXES[data[0] % len(SUFFIXES)] if data else SUFFIXES[0], text, speech, roles, None)


def read_records(data: bytes) -> object:
    """Call records of the source that the first byte chooses."""
    source = SOURCES[data[0] % len(SOURCES)] if data else SOURCES[0]
    return read_call_records(io.BytesIO(data[1:]), RecordFormat(time_zone="Europe/Moscow", source=source))


def _of_a_file(read: Callable[[Path], object]) -> Reader:
    path = Path(tempfile.mkdtemp(prefix="postcall-fuzz-"), "input.toml")

    def of(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return of


@cache
def targets() -> Mapping[str, Reader]:
    """Name -> reader."""
    sections = policy_sections(discover())
    return {
        "recording": read_recording,
        "transcript": read_words,
        "records": read_records,
        "policy": _of_a_file(lambda path: load_policy(path, sections)),
        "manual": _of_a_file(lambda path: load_manual(str(path))),
        "phrases": _of_a_file(read_phrases),
        "settings": _of_a_file(load_settings),
    }


def seeds(target: str) -> Iterator[bytes]:
    """Good files to begin with."""
    demo = _ROOT / "flows" / "demo"
    if target == "recording":
        yield from (path.read_bytes()[:_LONGEST] for path in sorted((demo / "recordings").rglob("*")) if path.is_file())
    elif target == "transcript":
        yield from (b"\0" + path.read_bytes()[:_LONGEST] for path in sorted((demo / "transcripts").glob("*.ctm")))
        yield b'\2{"language": "ru", "segments": [{"start": 0, "end": 1.5, "speaker": "agent", "text": "a b", "words": []}]}'
        yield b"\1call 1 agent 0.0 2.5 a b c\n"
    elif target == "records":
        yield b"\0" + (demo / "calls.csv").read_bytes()[:_LONGEST]
        yield from (bytes([number]) + text for number, text in enumerate(_RECORDS, 1))
    elif target == "settings":
        yield b'store = "store"\nrecordings = "in"\n[pages]\nlanguage = "ru"\n'
    elif target == "phrases":
        yield '[phrases]\ngreeting = ["добрый (день|вечер)", "!не здравствуйте"]\n'.encode()
    else:
        folder = _ROOT / ("postcall/policies" if target == "policy" else "standards")
        yield from (path.read_bytes()[:_LONGEST] for path in sorted(folder.glob("*.toml")))


def attempt(read: Reader, data: bytes) -> None:
    """Read an input; anything but a result or an error of ours comes through."""
    try:
        read(data)
    except PostCallError as error:
        assert error.message, "an error that says nothing"


def fuzz(target: str, seconds: int, corpus: Path) -> None:
    """Fuzz one target in this process, which libFuzzer ends."""
    import atheris  # only this process, only when asked

    read = targets()[target]
    for found_function in gc.get_objects():
        if isinstance(found_function, FunctionType) and (found_function.__module__ or "").partition(".")[0] in _OWN:
            atheris.instrument_func(found_function)
    kept, found = corpus / target, corpus / "found"
    kept.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (kept / f"seed{number:03}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST}",
        f"-artifact_prefix={found}/{target}-",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], str(kept), *options], lambda data: attempt(read, data))
    atheris.Fuzz()


def main() -> None:
    """Fuzz the targets one after the other, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(targets())}; all when none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--corpus", type=Path, default=Path("../postcall-fuzz"), help="inputs that reach something new")
    parser.add_argument("--input", type=Path, help="read one file, as a target does")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names: list[str] = options.targets or list(targets())
    if unknown := set(names) - set(targets()):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if options.input:
        attempt(targets()[names[0]], options.input.read_bytes())
        return
    if options.here:
        fuzz(names[0], options.seconds, options.corpus)
        return
    print(f"{'target':12} {'inputs':>9} {'edges':>7}  found")
    is_clean = True
    for name in names:
        command = [sys.executable, "-m", "benchmarks.fuzz", name, "--here", "--seconds", str(options.seconds)]
        done = subprocess.run([*command, "--corpus", str(options.corpus)], capture_output=True, text=True, check=False)
        is_clean &= done.returncode == 0
        print(_line(name, done), flush=True)
    sys.exit(0 if is_clean else 1)


def _line(name: str, done: subprocess.CompletedProcess[Any]) -> str:
    text = done.stdout + done.stderr
    inputs = re.findall(r"^#(\d+)\s", text, re.MULTILINE)
    edges = re.findall(r"\bcov: (\d+)", text)
    written = re.findall(r"Test unit written to (\S+)", text)
    what = "nothing" if done.returncode == 0 else ", ".join(written) or f"ended with {done.returncode}"
    return f"{name:12} {inputs[-1] if inputs else '-':>9} {edges[-1] if edges else '-':>7}  {what}"


if __name__ == "__main__":
    main()
