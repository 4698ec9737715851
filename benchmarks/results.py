"""What a benchmark found, as JSON with the machine that it ran on: `benchmarks.publish` writes the documents from it.

Definitions
-----------
machine
    Processor, cores that this process may use, memory, system, Python and the libraries that shape speed. No host's name.
load
    Programs that wanted a core in the minute before (`os.getloadavg`): well above 0 means that others used the machine, too.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("results")
"""Results that the documents are made from."""

LIBRARIES = ("faster-whisper", "ctranslate2", "onnxruntime", "numpy", "pyarrow", "deltalake", "prefect")


def machine() -> dict[str, Any]:
    """This machine."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def load() -> float:
    """Programs that wanted a core in the last minute."""
    return round(os.getloadavg()[0], 2)


def memory_mb(kind: str) -> float:
    """Memory of this process: ``VmRSS`` now, ``VmHWM`` at most.

    ``getrusage`` counts what the parent had when it started this process, too, and so is no measure of a child.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{kind}:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise OSError(f"the kernel does not tell {kind}")


def write(path: Path, benchmark: str, command: str, load_before: float, figures: Mapping[str, Any]) -> None:
    """Write the figures of a benchmark, with when and where they were taken."""
    told = {
        "benchmark": benchmark,
        "command": command,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "load_before": load_before,
        "figures": figures,
    }
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(folder: Path, benchmark: str) -> dict[str, Any]:
    """What `write` wrote as ``<benchmark>.json`` into a folder."""
    told: dict[str, Any] = json.loads((folder / f"{benchmark}.json").read_text(encoding="utf-8"))
    return told
