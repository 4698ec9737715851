"""Files to start from: settings, a policy, example call records."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from postcall.errors import SettingsError

FILES = {
    "postcall.toml": "settings: your paths, time zone, recorder and model",
    "policy.toml": "policy: extends the default; thresholds and targets",
    "calls-example.csv": "call records in the documented schema, to copy from",
}


def write_scaffold(folder: Path) -> Iterator[tuple[Path, str]]:
    """Write the files; yields each path with what it is.

    Raises
    ------
    SettingsError
        One of them is already there: nothing is overwritten, nothing is written.
    """
    if taken := [name for name in FILES if (folder / name).exists()]:
        raise SettingsError(f"already there: {', '.join(taken)}", hint="nothing was changed; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, what in FILES.items():
        content = resources.files("flows").joinpath("scaffold_files", name).read_text(encoding="utf-8")
        path = folder / name
        path.write_text(content, encoding="utf-8")
        yield path, what
