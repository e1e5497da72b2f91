"""Asks for the published vulnerabilities of all that is installed here; `make audit` runs it.

Ends with 1 where there is one. That the database cannot be reached is said, and is no failure: a network that is down
tells nothing about the dependencies.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

_OURS = "insights-backend"
_TOOLS = frozenset({"pip", "setuptools", "wheel"})  # the environment's own, which the service never loads
_UNREACHABLE = re.compile(r"ConnectionError|Timeout|ProxyError|SSLError|ServiceError|Could not connect")


def installed() -> Iterator[str]:
    """List what is installed, as pip pins it."""
    for each in sorted(distributions(), key=lambda found: found.name.lower()):
        if each.name.lower() not in _TOOLS | {_OURS}:
            yield f"{each.name}=={each.version}"


def ask(pins: Iterator[str]) -> Mapping[str, Any] | None:
    """Ask the advisory database; None where it cannot be reached.

    Raises:
        RuntimeError: what asks it does not work.
    """
    with tempfile.TemporaryDirectory() as place:
        listed = Path(place) / "installed.txt"
        listed.write_text("\n".join(pins))
        command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
        done = subprocess.run(
            [*command, "--no-deps", "--disable-pip", "--requirement", listed],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    return answered(done.stdout, done.stderr)


def answered(out: str, said: str) -> Mapping[str, Any] | None:
    """Read what pip-audit wrote on stdout and stderr; returns and raises as above."""
    try:
        answer: Mapping[str, Any] = json.loads(out)
    except json.JSONDecodeError:
        if _UNREACHABLE.search(said):
            return None
        raise RuntimeError(f"pip-audit does not work:\n{said}") from None
    return answer


def judged(answer: Mapping[str, Any] | None) -> tuple[int, list[str]]:
    """Say what the answer means: an exit code, and lines for people."""
    if answer is None:
        return 0, ["The advisory database cannot be reached; nothing was audited."]
    packages = answer["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'nothing'}"
        for package in known
        for flaw in package["vulns"]
    ]
    return bool(lines), [
        *lines,
        f"{len(known)} of {len(packages)} packages were audited: {len(lines)} vulnerabilities.",
    ]


def main() -> int:
    """Ask, and print what it means."""
    code, lines = judged(ask(installed()))
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
