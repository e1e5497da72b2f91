"""Wheel and source distribution: they build, hold all that the package needs, and install into an empty environment."""

import configparser
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from insights_backend import __version__
from tests.pictures import configured
from tests.process import REPOSITORY, TAKEN, Process, counts, free_port, serving

TRACKED = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "insights_backend")
EVENT = {"action": "navigate", "subject": "/catalog", "context": {"pluginId": "catalog"}}

A_CARD_IS_FOUND = """
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer
assert CreditCardRecognizer().analyze("4111 1111 1111 1111", ["CREDIT_CARD"])
"""

WHAT_WORKS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "warehouse": (("python", "-c", "import chdb, chartkick, clickhouse_connect, tzdata"),),
    "re2": (("python", "-c", "import insights_backend.enrichment.detectors.gate_re2"),),
    "dev": (
        ("pytest", "--version"),
        ("ruff", "--version"),
        ("mypy", "--version"),
        ("schemathesis", "--version"),
        ("openapi-spec-validator", "--version"),
        ("python", "-c", "import hypothesis, pytest_cov, responses, xdist"),
    ),
    "e2e": (
        ("kubernetes-validate", "--version"),
        ("node", "--version"),
        ("pip-audit", "--version"),
        ("playwright", "--version"),
        ("python", "-m", "build", "--version"),
        ("python", "-c", "import axe_playwright_python.sync_playwright, playwright.sync_api"),
    ),
    "bench": (("python", "-c", A_CARD_IS_FOUND),),
}
"""For each extra the commands that work where it alone is installed."""


def extras() -> list[str]:
    declared = configparser.ConfigParser(interpolation=None)
    declared.read(REPOSITORY / "setup.cfg")
    return declared.options("options.extras_require")


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


@contextmanager
def installed(wanted: str | Path, place: Path) -> Iterator[Path]:
    """Install into an environment with nothing in it, and give its directory of programs; afterwards it is gone."""
    programs = place / "bin"
    try:
        succeed(sys.executable, "-m", "venv", place)
        succeed(programs / "pip", "install", "--quiet", wanted)
        succeed(programs / "pip", "check")
        yield programs
    finally:
        shutil.rmtree(place)


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with installed(wheel, tmp_path_factory.mktemp("core")) as programs:
        yield programs


@contextmanager
def served(programs: Path, config: Path, directory: Path) -> Iterator[Process]:
    """Run the service of an installed package inside the `with`, from a place without its sources."""
    place = directory / "place"
    (place / "config").mkdir(parents=True)
    for name in ("wsgi.py", "config/gunicorn.conf.py", "config/org.yaml"):
        shutil.copy(REPOSITORY / name, place / name)
    program = (str(programs / "gunicorn"),)
    with serving(config, directory / "log", program=program, place=place) as process:
        yield process


def test_the_core_installs_alone_and_says_what_it_is_without(core: Path, tmp_path: Path) -> None:
    assert __version__ in succeed(core / "insights", "--version")
    assert "chdb" not in succeed(core / "pip", "list")
    checked = run(core / "insights", "--config", configured(tmp_path, "open"), "config", "check", cwd=REPOSITORY)
    assert checked.returncode == 1
    assert "the engine is not installed: pip install 'insights-backend[warehouse]', or set upload.url" in checked.stdout


def test_the_core_takes_events_and_keeps_them_for_a_collector(core: Path, tmp_path: Path) -> None:
    config = configured(tmp_path, "token")
    upload = f"http://127.0.0.1:{free_port()}"
    config.write_text(config.read_text() + f"  upload: {{ url: '{upload}', token: portal-secret, deadline: 1s }}\n")
    with served(core, config, tmp_path) as process:
        assert requests.post(f"{process.api}/events", json=EVENT, timeout=10).status_code == 202
    status = succeed(core / "insights", "--config", config, "outbox", "status", cwd=REPOSITORY)
    assert "events:   1" in status


@pytest.mark.parametrize("extra", extras())
def test_each_extra_installs_alone_and_works(wheel: Path, extra: str, tmp_path: Path) -> None:
    with installed(f"{wheel}[{extra}]", tmp_path / "environment") as programs:
        for name, *arguments in WHAT_WORKS[extra]:
            succeed(programs / name, *arguments, cwd=tmp_path)
        if extra == "warehouse":
            stores_and_counts(programs, tmp_path)


def stores_and_counts(programs: Path, directory: Path) -> None:
    with served(programs, configured(directory, "open"), directory) as process:
        assert requests.post(f"{process.api}/events", json=EVENT, timeout=10).status_code in TAKEN
        assert counts(process, 1), process.log.read_text()
        for page in ("/", "/docs", "/openapi.json"):
            assert requests.get(f"{process.url}{page}", timeout=10).status_code == 200
