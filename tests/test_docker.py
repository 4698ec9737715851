"""The containers, without Docker: what compose says holds, and its commands run here as they stand there."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import fsspec
import pytest
import yaml

from flows.demonstration import BUNDLED
from postcall.privacy import SILENCED
from tests.object_store import object_store

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent


def _compose(name: str = "compose.yaml") -> dict[str, Any]:
    content = yaml.safe_load((DOCKER / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


SERVICES: dict[str, dict[str, Any]] = _compose()["services"]
OURS = {name: service for name, service in SERVICES.items() if name not in ("database", "objects")}
BUCKETS = ("calls", "centre")


def _default(text: str) -> str:
    """The value of a compose file with its variables' defaults."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_confined(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert "cap_add" not in service
    image, _, tag = _default(service["image"]).rpartition(":")
    assert image
    assert re.search(r"\d+\.\d+", tag), "an image is pinned by its version"
    assert "test" in service["healthcheck"] or service["healthcheck"] == {"disable": True}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize("more", [None, "compose.objects.yaml"])
def test_nothing_that_hears_calls_has_a_way_out(more: str | None) -> None:
    networks = _compose()["networks"]
    changes = _compose(more)["services"] if more else {}
    for name, service in SERVICES.items():
        sources = [volume["source"] for volume in service.get("volumes", ())]
        if any("RECORDINGS" in source for source in sources) or {"store", "objects"} & set(sources):
            change = changes.get(name, {})
            mode = change.get("network_mode", service.get("network_mode", ""))
            beside = SERVICES[mode.removeprefix("service:")] if mode.startswith("service:") else service
            used = [*beside.get("networks", ()), *change.get("networks", ())]
            assert mode == "none" or all(_has_no_way_out(networks[network]) for network in used), name


def _has_no_way_out(network: dict[str, Any]) -> bool:
    options = network.get("driver_opts", {})
    return bool(network.get("internal")) or options.get("com.docker.network.bridge.enable_ip_masquerade") == "false"


def test_libraries_are_told_to_be_silent_and_offline() -> None:
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    for name, value in {**SILENCED, "HF_HUB_OFFLINE": "1"}.items():
        assert re.search(rf"^\s+{name}={value}\b", dockerfile, re.MULTILINE), name
        for service, content in OURS.items():
            assert content["environment"][name] == value, f"{service}: {name}"


def test_only_the_store_can_be_written() -> None:
    for name, service in OURS.items():
        writable = {v["target"] for v in service.get("volumes", ()) if not v.get("read_only")}
        assert writable <= {"/srv/store", "/srv/prefect", "/srv/objects"}, name


def test_the_image_installs_what_the_wheel_holds_pinned_and_runs_as_nobody() -> None:
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"COPY {package} {package}" in dockerfile
        assert f"!{package}" in ignored
    assert "--constraint constraints.txt" in dockerfile
    assert re.search(r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim", dockerfile, re.MULTILINE)
    assert re.findall(r"^USER (.*)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert not re.search(r"^(ADD|.*curl|.*wget)\b", dockerfile, re.MULTILINE)


def test_the_dockerfile_passes_its_linter() -> None:
    linter = BIN / "hadolint"
    if not linter.exists():
        pytest.skip("needs hadolint: make lint installs it")
    done = subprocess.run([linter, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["compose.gpu.yaml", "compose.objects.yaml"])
def test_a_further_file_changes_services_that_there_are(name: str) -> None:
    assert set(_compose(name)["services"]) <= set(SERVICES)


# ── the commands ─────────────────────────────────────────────────────────────


def _here(command: list[str], **paths: str) -> list[str]:
    """A command of a container, with its program and paths of this machine."""
    program = shutil.which(command[0], path=f"{BIN}:/usr/bin:/bin")
    assert program is not None, command[0]
    return [program, *(paths.get(argument, argument) for argument in command[1:])]


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "prefect"])
def test_prefect_knows_the_options(name: str) -> None:
    command = OURS[name]["command"]
    words = [word for word in command[1:] if not word.startswith("-")][: 2 if name != "deployment" else 1]
    told = subprocess.run([BIN / "prefect", *words, "--help"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    general = subprocess.run([BIN / "prefect", "--help"], capture_output=True, text=True, check=False).stdout
    for option in [word for word in command if word.startswith("--")]:
        assert option in told.stdout or option.removeprefix("--no-") in general, option


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """A centre's folder as it is mounted, with the bundled calls."""
    for file in ("01", "02"):
        [sound] = (BUNDLED / "recordings").glob(f"{file}-*")
        (tmp_path / "recordings").mkdir(exist_ok=True)
        shutil.copy(sound, tmp_path / "recordings")
    (tmp_path / "postcall.toml").write_text(
        f'recordings = "recordings"\ncalls = "{BUNDLED / "calls.csv"}"\n'
        '[records]\ntime_zone = "Europe/Moscow"\n[transcriber]\nengine = "none"\n[diarizer]\nengine = "none"\n'
    )
    return tmp_path


def test_the_doctor_and_the_night_run_as_they_stand(centre: Path) -> None:
    environment = {
        **{name: value for name, value in SERVICES["nightly"]["environment"].items() if name != "POSTCALL_STORE"},
        "POSTCALL_STORE": str(centre / "store"),
        "PATH": f"{BIN}:/usr/bin:/bin",
        "HOME": str(centre),
    }
    for name, more in (("doctor", ()), ("nightly", ("--date", "2026-03-02"))):
        command = [*_here(SERVICES[name]["command"]), *more]
        done = subprocess.run(command, cwd=centre, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in ((0,) if name == "doctor" else (0, 3)), done.stdout + done.stderr
    assert (centre / "store" / "tables" / "run_night").is_dir()
    check = _here(SERVICES["nightly"]["healthcheck"]["test"][1:])
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_the_night_writes_to_the_object_store_as_it_stands(centre: Path, tmp_path: Path) -> None:
    made = _here(SERVICES["buckets"]["command"], **{f"/srv/objects/{name}": str(tmp_path / name) for name in BUCKETS})
    assert subprocess.run(made, check=False).returncode == 0
    assert all((tmp_path / name).is_dir() for name in BUCKETS)
    added = _compose("compose.objects.yaml")["services"]["nightly"]
    assert added["network_mode"] == "service:objects"
    settings = centre / "postcall.toml"
    settings.write_text('tables = "s3://centre/tables"\nartifacts = "s3://centre/artifacts"\n' + settings.read_text())
    with object_store() as address:
        fsspec.filesystem("s3").mkdir("centre")
        environment = {
            **{name: value for name, value in SERVICES["nightly"]["environment"].items() if name != "POSTCALL_STORE"},
            **added["environment"],
            **{name: "test" for name, value in added["environment"].items() if value.startswith("${")},
            "AWS_ENDPOINT_URL": address,
            "POSTCALL_STORE": str(centre / "store"),
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(centre),
        }
        command = [*_here(SERVICES["nightly"]["command"]), "--date", "2026-03-02"]
        done = subprocess.run(command, cwd=centre, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 3), done.stdout + done.stderr
        assert fsspec.filesystem("s3").ls("s3://centre/tables/run_night")
    assert not (centre / "store" / "tables").exists()


def test_the_pages_are_served_to_who_has_the_token(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    service = SERVICES["pages"]
    assert service["environment"]["POSTCALL_TOKEN"] == "${PAGES_TOKEN:-}"
    command = _here(service["command"], **{"8080": port})
    check = [part.replace(":8080", f":{port}") for part in _here(service["healthcheck"]["test"][1:])]
    environment = {"POSTCALL_STORE": str(tmp_path), "PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(tmp_path)}
    refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "POSTCALL_TOKEN" in refused.stderr
    environment["POSTCALL_TOKEN"] = "a-token-that-is-long-enough-for-a-test"
    server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            assert server.poll() is None, "the server ended"
            healthy = subprocess.run(check, capture_output=True, check=False).returncode == 0
            if healthy:
                break
            time.sleep(0.2)
        assert healthy
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"http://127.0.0.1:{port}/reports/", timeout=5)
    finally:
        server.kill()
        server.wait()
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0
