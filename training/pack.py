"""What a training of the recogniser needs on a machine with a GPU but no network and none of Debian's packages, in one archive.

    python -m training.pack W ARCHIVE.tar.xz                                           here
    tar xf ARCHIVE.tar.xz; . packed/environment; python -m training.recogniser …       there, in a copy of the repository

There must be Python 3.11 or newer for the same processor, PyTorch, SciPy and tokenizers. Packed are the synthesisers' libraries
and data, PyAV, pypinyin, the lists of words, and of ``W`` the tokenizer and the phrases of festival, which is too large to take
along: they must have been recorded (``python -m training.recogniser W speech --shards 1``). Video codecs and sound cards, which
PyAV and the synthesisers are linked with but never call, are replaced by libraries that do nothing: that halves the archive.

The export of a checkpoint and everything else needs the whole project.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

import wordfreq

from training.recogniser import text

_LIBRARIES = (
    *("libespeak-ng.so.1", "libsonic.so.0", "libgsm.so.1", "libflite.so.1", "libflite_cmulex.so.1"),
    *("libflite_usenglish.so.1", "libflite_cmu_us_slt.so.1", "libflite_cmu_us_rms.so.1", "libflite_cmu_us_kal16.so.1"),
)
_SILENT = ("libpcaudio.so.0", "libasound.so.2")
_VIDEO = ("libx265", "libSvtAv1Enc", "libx264", "libvpx", "libdav1d")
"""Linked with by the libraries above, and by PyAV, and never called."""
_ESPEAK = ("phondata", "phonindex", "phontab", "intonations", "ru_dict", "en_dict", "cmn_dict", "lang", "voices")
_SYSTEM = Path("/usr/lib") / f"{sysconfig.get_config_var('MULTIARCH')}"
_ENVIRONMENT = """here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LD_LIBRARY_PATH=$here/lib:$LD_LIBRARY_PATH ESPEAK_DATA_PATH=$here PYTHONPATH=$here/site:$PYTHONPATH OMP_NUM_THREADS=1
"""
_WORD_LISTS = """import json
from pathlib import Path

_LISTS = {language: dict(rows) for language, rows in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()}


def top_n_list(language, n, wordlist="best"):
    return list(_LISTS[language])[:n]


def word_frequency(word, language, wordlist="best"):
    return _LISTS[language][word]
"""


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(prog="python -m training.pack", description=__doc__)
    parser.add_argument("work", type=Path, help="folder with tokenizer.json and phrases")
    parser.add_argument("archive", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder, "packed")
        _pack_libraries(packed / "lib")
        for name in _ESPEAK:
            _copy(_SYSTEM / "espeak-ng-data" / name, packed / "espeak-ng-data" / name)
        _pack_python(packed / "site")
        for name in ("tokenizer.json", "phrases"):
            _copy(arguments.work / name, packed / "work" / name)
        (packed / "environment").write_text(_ENVIRONMENT, encoding="utf-8")
        with tarfile.open(arguments.archive, "w:xz", preset=9) as archive:
            archive.add(packed, "packed")
    print(f"{arguments.archive}: {arguments.archive.stat().st_size / 1e6:.1f} MB")


def _pack_libraries(folder: Path) -> None:
    for name in _LIBRARIES:
        _copy(_SYSTEM / name, folder / name)
    called = _symbols(folder.iterdir(), "--undefined-only")
    for name in _SILENT:
        _write_empty(_SYSTEM / name, folder / name, called)


def _pack_python(folder: Path) -> None:
    """PyAV without video, pypinyin, the lists of words, and the one module of faster-whisper that training uses."""
    installed = Path(sysconfig.get_path("platlib"))
    for name in ("av", "av.libs", "pypinyin"):
        _copy(installed / name, folder / name)
    libraries = [*(folder / "av.libs").iterdir(), *(folder / "av").rglob("*.so")]
    called = _symbols(libraries, "--undefined-only")
    for path in libraries:
        if path.name.startswith(_VIDEO):
            _write_empty(path, path, called)
    subprocess.run(["strip", "--strip-unneeded", *map(str, libraries)], check=True)
    _copy(installed / "faster_whisper" / "feature_extractor.py", folder / "faster_whisper" / "feature_extractor.py")
    for name, text_of_it in (("faster_whisper/__init__", ""), ("ctranslate2/__init__", ""), ("wordfreq", _WORD_LISTS)):
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of_it, encoding="utf-8")
    # The export needs the real one.
    (folder / "ctranslate2" / "specs.py").write_text("class WhisperSpec:\n    pass\n", encoding="utf-8")
    lists = {}
    for language, (count, _) in text.WORDS.items():
        words = wordfreq.top_n_list(language, 2 * count, wordlist="large")
        lists[language] = [(word, wordfreq.word_frequency(word, language, wordlist="large")) for word in words]
    (folder / "wordfreq.json").write_text(json.dumps(lists, ensure_ascii=False), encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyi", "*.pxd", "*.npy"))
    else:
        shutil.copy(source, target)


def _symbols(libraries: Iterable[Path], kind: str) -> set[str]:
    listed = [
        subprocess.run(["nm", "-D", kind, str(path)], check=True, capture_output=True, text=True).stdout for path in libraries
    ]
    return {line.split()[-1].split("@")[0] for lines in listed for line in lines.splitlines() if line.strip()}


def _write_empty(library: Path, target: Path, called: set[str]) -> None:
    """A library of the same name whose functions do nothing."""
    lines = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True, capture_output=True, text=True).stdout
    rows = [line.split()[-2:] for line in lines.splitlines() if line.strip()]
    dynamic = subprocess.run(["readelf", "-d", str(library)], check=True, capture_output=True, text=True).stdout
    own_name = next(line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "SONAME" in line)
    kinds = {symbol.split("@")[0]: kind for kind, symbol in rows}
    versions = sorted({symbol.split("@")[-1] for _, symbol in rows if "@" in symbol})
    source = "".join(
        f"int {name}[64];\n" if kind in "DBRdbr" else f"void *{name}(void) {{ return 0; }}\n"
        for name, kind in sorted(kinds.items())
        if name in called
    )
    with tempfile.TemporaryDirectory() as folder:
        script, written = Path(folder, "versions"), Path(folder, "library.c")
        written.write_text(source, encoding="utf-8")
        blocks = [
            f"{version} {{ global: {'*' if not number else f'none{number}'}; }};" for number, version in enumerate(versions)
        ]
        script.write_text("\n".join(blocks), encoding="utf-8")
        options = [f"-Wl,--version-script={script}"] if versions else []
        options += ["-w", "-fno-builtin", "-shared", "-fPIC", f"-Wl,-soname,{own_name}"]
        target.unlink(missing_ok=True)
        subprocess.run(["gcc", "-o", str(target), str(written), *options], check=True)


if __name__ == "__main__":
    main()
