"""The configuration: Backstage's app-config files and variables in, frozen `Settings` out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from insights_backend.settings.loader import find_files, load
from insights_backend.settings.schema import read_settings
from insights_backend.settings.values import Secret, Settings

__all__ = ["Secret", "Settings", "load_settings"]


def load_settings(environ: Mapping[str, str], root: Path, paths: Sequence[Path] = ()) -> Settings:
    """Read the settings from configuration files and environment variables.

    Args:
        environ: the environment variables; `INSIGHTS_CONFIG` names files, separated by commas, as Backstage's
            repeated `--config` does.
        root: the directory that relative names of files are in, and the default layers.
        paths: the files, instead of those in `INSIGHTS_CONFIG`; the last one is on top. With none, those there.

    Raises:
        ConfigError: the configuration cannot be used; one line names the key and the file.
    """
    return read_settings(load(find_files(environ, root, paths), environ, root))
