"""Makes the pictures of the README: `python -m tests.pictures`, of a made-up history, by Chromium."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser import Reader, chromium
from tests.process import REPOSITORY, Process, serving

IMAGES = REPOSITORY / "docs" / "images"
WINDOWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 1180}},
    "dark": {"viewport": {"width": 1440, "height": 1180}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}


def insights(*arguments: str) -> str:
    """Run the command of that name, and return what it says."""
    command = [sys.executable, "-c", "from insights_backend.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=REPOSITORY).stdout


def configured(directory: Path, access: str) -> Path:
    """Write the shipped configuration, with its data in a directory of its own."""
    text = (REPOSITORY / "config" / "app-config.yaml").read_text()
    file = directory / "app-config.yaml"
    file.write_text(text.replace("./var", str(directory / "var")).replace("access: open", f"access: {access}"))
    return file


def take(process: Process) -> None:
    """Take the pictures."""
    with chromium() as browser:
        for name, window in WINDOWS.items():
            reader = Reader(browser, process.url, **window)
            reader.open("/?days=91")
            if name == "light":
                reader.page.locator("#active-users .mark").last.hover()
            reader.page.screenshot(path=IMAGES / f"dashboard-{name}.png")
            reader.context.close()


def main() -> None:
    """Start a service, fill it, and take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with serving(configured(directory, "open"), directory / "log") as process:
            insights("demo", "--users", "600", "--days", "260", "--seed", "4", "--url", process.url)
            take(process)


if __name__ == "__main__":
    main()
