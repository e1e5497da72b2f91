"""The commands of `insights`, a module a subject: each reads what was typed, and calls what does it."""

import os
from datetime import UTC, datetime
from pathlib import Path

from insights_backend.settings import Settings, load_settings


def settings_of(paths: tuple[Path, ...]) -> Settings:
    """Read the configuration.

    Args:
        paths: the files that `--config` names; where it names none, those that the environment does.

    Raises:
        ConfigError: it cannot be used; the message is one line.
    """
    return load_settings(os.environ, Path.cwd(), paths)


def minute_of(moment: float) -> str:
    """Write a moment, given in seconds since 1970, to the minute in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
