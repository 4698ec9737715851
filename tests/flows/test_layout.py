"""The project's layout: what every file owes its reader, what the wheel holds, and that the deployment can be loaded."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from prefect import Flow

ROOT = Path(__file__).parents[2]
PACKAGES = ("postcall", "analyzers", "storage", "flows")
MAY_PRINT = ("flows/cli.py", "flows/report.py", "flows/demonstration.py")
DATA = (
    "flows/demo/calls.csv", "flows/demo/recordings/*", "flows/demo/transcripts/*", "flows/demo/truth/*",
    "flows/scaffold_files/*", "postcall/policies/default.toml",
)  # fmt: skip


def _sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_a_drawer_for_anything() -> None:
    named = [path for path in _sources(*PACKAGES, "tests", "benchmarks") if path.stem in ("utils", "helpers", "common", "misc")]
    assert not named
    assert not [path for path in _sources(*PACKAGES) if "manager" in path.stem]


def test_every_module_says_what_it_is() -> None:
    sources = _sources(*PACKAGES, "tests/flows", "tests/bad_input", "benchmarks")
    silent = [_name(path) for path in sources if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert not silent


def test_only_screens_print() -> None:
    printing = []
    for path in _sources(*PACKAGES):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        if any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls):
            printing.append(_name(path))
    assert set(printing) <= set(MAY_PRINT)


def test_docker_is_no_package() -> None:
    """It would shadow Docker's SDK."""
    assert not (ROOT / "docker" / "__init__.py").exists()
    assert not list((ROOT / "docker").rglob("*.py"))


# ── the wheel ────────────────────────────────────────────────────────────────


def test_the_wheel_takes_every_package_whole() -> None:
    """Hatchling takes all files of a package but those that git ignores; so none of the data may be ignored."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(PACKAGES) <= set(wheel["packages"])
    assert not {"exclude", "only-include", "include"} & set(wheel)
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split() if line[0] not in "#!"]
    for pattern in DATA:
        found = list(ROOT.glob(pattern))
        assert found, pattern
        for path in found:
            parts = _name(path).split("/")
            assert not [rule for rule in ignored if any(fnmatch(part, rule.removeprefix("/")) for part in parts)], path


def test_the_built_wheel_holds_code_and_data(tmp_path: Path) -> None:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="needs hatchling: pip install hatchling")
    [built] = builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
        [scripts] = [wheel.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    missing = [_name(path) for path in _sources(*PACKAGES) if _name(path) not in names]
    missing += [_name(path) for pattern in DATA for path in ROOT.glob(pattern) if _name(path) not in names]
    assert not missing
    assert "postcall = flows.cli:main" in scripts
    assert not [name for name in names if name.startswith(("tests/", "docker/", "docs/"))]


# ── the deployment ───────────────────────────────────────────────────────────


def _deployments() -> list[dict[str, object]]:
    content = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return list(content["deployments"])


@pytest.mark.parametrize("deployment", _deployments(), ids=lambda deployment: str(deployment["name"]))
def test_the_deployment_names_a_flow_that_takes_its_parameters(deployment: dict[str, object]) -> None:
    module, _, name = str(deployment["entrypoint"]).rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    assert isinstance(flow, Flow)
    assert isinstance(deployment["parameters"], dict)
    inspect.signature(flow.fn).bind(**deployment["parameters"])


def test_the_deployment_runs_one_night_at_a_time() -> None:
    [nightly] = [deployment for deployment in _deployments() if deployment["name"] == "nightly"]
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    [schedule] = nightly["schedules"]  # type: ignore[misc]
    assert schedule["timezone"], "without a zone Prefect means UTC"


def test_the_command_is_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "--version"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("postcall ")
