"""Wheel and source distribution: they build, hold all that the package needs, and install into an empty environment."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from insights_backend import __version__
from tests.pictures import configured
from tests.process import REPOSITORY, free_port, serving

TRACKED = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "insights_backend")
EVENT = {"action": "navigate", "subject": "/catalog", "context": {"pluginId": "catalog"}}


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "INSIGHTS"))}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600)


def succeed(*command: str | Path, cwd: Path | None = None) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a wheel that was built from a source distribution, and of that."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    leftovers = shutil.ignore_patterns("__pycache__")
    for name in TRACKED:
        origin = REPOSITORY / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=leftovers)
        else:
            shutil.copy(origin, source / name)
    succeed(sys.executable, "-m", "build", "--outdir", built, source)
    return built


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


def own_files() -> set[str]:
    found = (path.relative_to(REPOSITORY) for path in (REPOSITORY / "insights_backend").rglob("*") if path.is_file())
    return {str(path) for path in found if "__pycache__" not in path.parts}


def test_both_hold_every_file_of_the_package_and_the_licence(built: Path, wheel: Path) -> None:
    assert own_files() <= set(zipfile.ZipFile(wheel).namelist())
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert own_files() | {"LICENSE", "README.md", "setup.cfg", "pyproject.toml"} <= names


def empty_environment(place: Path) -> Path:
    """Make an environment with nothing in it, and return its directory of programs."""
    succeed(sys.executable, "-m", "venv", place)
    return place / "bin"


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    programs = empty_environment(tmp_path_factory.mktemp("core"))
    succeed(programs / "pip", "install", "--quiet", wheel)
    return programs


@contextmanager
def served(programs: Path, config: Path, directory: Path) -> Iterator[str]:
    """Run the service of an installed package inside the `with`, from a place without its sources."""
    place = directory / "place"
    (place / "config").mkdir(parents=True)
    for name in ("wsgi.py", "config/gunicorn.conf.py", "config/org.yaml"):
        shutil.copy(REPOSITORY / name, place / name)
    program = (str(programs / "gunicorn"),)
    with serving(config, directory / "log", program=program, place=place) as process:
        yield process.url


def test_the_core_installs_alone_and_says_what_it_is_without(core: Path, tmp_path: Path) -> None:
    succeed(core / "pip", "check")
    assert __version__ in succeed(core / "insights", "--version")
    assert "chdb" not in succeed(core / "pip", "list")
    checked = run(core / "insights", "--config", configured(tmp_path, "open"), "config", "check", cwd=REPOSITORY)
    assert checked.returncode == 1
    assert "the engine is not installed: pip install 'insights-backend[warehouse]', or set upload.url" in checked.stdout


def test_the_core_takes_events_and_keeps_them_for_a_collector(core: Path, tmp_path: Path) -> None:
    config = configured(tmp_path, "token")
    upload = f"http://127.0.0.1:{free_port()}"
    config.write_text(config.read_text() + f"  upload: {{ url: '{upload}', token: portal-secret, deadline: 1s }}\n")
    with served(core, config, tmp_path) as url:
        assert requests.post(f"{url}/api/backstage-insights/events", json=EVENT, timeout=10).status_code == 202
    status = succeed(core / "insights", "--config", config, "outbox", "status", cwd=REPOSITORY)
    assert "events:   1" in status


def test_with_the_engine_it_stores_and_counts(core: Path, wheel: Path, tmp_path: Path) -> None:
    succeed(core / "pip", "install", "--quiet", f"{wheel}[warehouse]")
    succeed(core / "pip", "check")
    with served(core, configured(tmp_path, "open"), tmp_path) as url:
        assert requests.post(f"{url}/api/backstage-insights/events", json=EVENT, timeout=10).status_code == 200
        summary = requests.get(f"{url}/api/backstage-insights/reports/summary", timeout=10).json()
        assert summary["rows"][0]["events"] == 1
        for page in ("/", "/docs", "/openapi.json"):
            assert requests.get(f"{url}{page}", timeout=10).status_code == 200


@pytest.mark.parametrize("extra", ["dev", "e2e"])
def test_every_other_extra_can_be_installed(core: Path, wheel: Path, extra: str) -> None:
    succeed(core / "pip", "install", "--quiet", "--dry-run", f"{wheel}[{extra}]")
