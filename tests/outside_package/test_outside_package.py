"""An analyzer that arrives in a package of its own, through the entry point, and what a broken one does.

The package is installed with pip into a folder of its own, and another interpreter finds it on its path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storage.tables import Tables

PACKAGE = Path(__file__).parent / "postcall_example_greeting"

LOOK = """
import json, pathlib, sys
from postcall.analyzer import discover
from postcall.errors import PolicyError
from postcall.policy import load_policy
from postcall.telephony import Role
from postcall.testing.conformance import check_analyzer
from postcall.testing.drawing import make_call

registry = discover()
found = {analyzer.name: analyzer for analyzer in registry.analyzers}
outside = found["example_greeting"]
check_analyzer(outside)
spec = registry.tables["call_example_greeting"]

def greeted(policy):
    call = make_call("seconds   0         10\\nagent     ######", said={Role.AGENT: [(0, 6, "anna speaking hello")]})
    return outside.rows(call, load_policy(policy, registry.policies))[0].has_greeting

folder = pathlib.Path(sys.argv[1])
(folder / "strict.toml").write_text("[example_greeting]\\nwithin_s = 3")
(folder / "wrong.toml").write_text("[example_greeting]\\nwithin = 3")
try:
    load_policy(folder / "wrong.toml", registry.policies)
    complaint = None
except PolicyError as error:
    complaint = str(error)
print(json.dumps({
    "analyzers": sorted(found),
    "description": outside.description,
    "table": spec.description,
    "columns": {column.name: column.field.description for column in spec.stored_columns},
    "greeted": [greeted(None), greeted(folder / "strict.toml")],
    "complaint": complaint,
}))
"""

NIGHT = """
import sys
from pathlib import Path
from flows.cli import main
from flows.demonstration import DAY, transcribed_settings
from flows.night import plainly, run_night

store = Path(sys.argv[1]) / "store"
run_night(DAY, transcribed_settings(store), step=plainly)
sys.argv = ["postcall", "tables", "--store", str(store)]
main()
"""

DISCOVER = "from postcall.analyzer import discover; discover()"


def install(package: Path, site: Path) -> None:
    """Install a package into ``site`` with pip, without network: hatchling builds it in this environment."""
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    source = shutil.copytree(package, site.with_name("source"))  # the build may leave files behind
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(site), str(source)], check=True)


def run(code: str, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in another interpreter that has ``site`` on its path."""
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def with_module(folder: Path, name: str, source: str) -> Path:
    """The site of a package ``postcall-example-broken`` with one module."""
    package = folder / "package"
    package.mkdir()
    (package / f"{name}.py").write_text(source, encoding="utf-8")
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "postcall-example-broken"\nversion = "1.0"\n'
        f'[project.entry-points."postcall.analyzers"]\n{name} = "{name}"\n'
        f'[tool.hatch.build.targets.wheel]\nonly-include = ["{name}.py"]\n',
        encoding="utf-8",
    )
    install(package, folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What another interpreter sees when the example is installed."""
    folder = tmp_path_factory.mktemp("outside")
    install(PACKAGE, folder / "site")
    done = run(LOOK, folder / "site", str(folder))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_stands_beside_the_analyzers_of_the_project(seen: dict[str, Any]) -> None:
    assert {"example_greeting", "contact", "hold"} <= set(seen["analyzers"])
    assert seen["description"].startswith("Whether the agent greets")


def test_its_table_is_declared_and_documented(seen: dict[str, Any]) -> None:
    assert seen["table"] == "Whether each call starts with a greeting."
    assert list(seen["columns"])[:4] == ["call_id", "has_greeting", "not_measurable", "call_date"]
    assert all(seen["columns"].values())


def test_a_night_writes_its_table(tmp_path: Path) -> None:
    install(PACKAGE, tmp_path / "site")
    done = run(NIGHT, tmp_path / "site", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "call_example_greeting" in done.stdout
    stored = Tables(tmp_path / "store").read("call_example_greeting")
    greeted = dict(zip(stored["call_id"].to_pylist(), stored["has_greeting"].to_pylist(), strict=True))
    assert greeted["08-transfer"] is False  # "good afternoon" is no greeting to the example
    assert "15-empty" not in greeted  # there is nothing to hear
    assert len(greeted) >= 8


def test_its_policy_section_is_read(seen: dict[str, Any]) -> None:
    assert seen["greeted"] == [True, False]


def test_a_misspelt_key_of_its_section_is_refused_with_a_hint(seen: dict[str, Any]) -> None:
    assert seen["complaint"] == "unknown key 'within' in policy section [example_greeting] (did you mean 'within_s'?)"


def test_it_is_not_there_when_it_is_not_installed() -> None:
    code = "from postcall.analyzer import discover; print([a.name for a in discover().analyzers])"
    done = run(code, Path(__file__).parent)
    assert done.returncode == 0, done.stderr
    assert "example_greeting" not in done.stdout


BROKEN = {
    "a package that it needs is not there": ("example_needs", "import a_package_that_nobody_has\n"),
    "it breaks the contract": (
        "example_contract",
        "from postcall.analyzer import analyzer\n@analyzer(version=1)\ndef another_name(call): ...\n",
    ),
    "its name is taken": (
        "hold",
        (PACKAGE / "example_greeting.py").read_text(encoding="utf-8").replace("def example_greeting", "def hold"),
    ),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_package_stops_the_run_and_is_named(tmp_path: Path, why: str) -> None:
    name, source = BROKEN[why]
    done = run(DISCOVER, with_module(tmp_path, name, source))
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("postcall.errors.SettingsError")
    assert "postcall-example-broken" in last
    assert "pip uninstall" in last


def test_a_table_that_is_already_there_stops_the_run(tmp_path: Path) -> None:
    source = (PACKAGE / "example_greeting.py").read_text(encoding="utf-8").replace("call_example_greeting", "call_contact")
    done = run(DISCOVER, with_module(tmp_path, "example_greeting", source))
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("postcall.errors.SettingsError")
    assert "'call_contact' is declared by 'contact' and by 'example_greeting'" in last
