"""The salts of an installation that was given none: a file each in the data directory.

`salt` is the one of now; `salt.1`, `salt.2` and so on are those before it, oldest first. Each is a text, so that it can
stand in the configuration too, where several machines share it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count, takewhile
from pathlib import Path

from insights_backend.durable import sync_directory, write_through
from insights_backend.enrichment.pseudonyms import SALT_BYTES
from insights_backend.errors import ConfigError

_DRAFT_BYTES = 8
_LENGTHS = {SALT_BYTES, 2 * SALT_BYTES}  # the first ones were made of bytes, and not of hexadecimal digits


def load_or_create_salt(path: Path, randomness: Callable[[int], bytes]) -> bytes:
    """Read an installation's salt, or make it at first start; processes that start at once agree on one.

    The file appears whole and on disk or not at all, readable by its owner only.

    Args:
        path: the file, in a directory that exists.
        randomness: gives that many unpredictable bytes, such as `os.urandom`.

    Raises:
        ConfigError: the file is damaged, cannot be read, or cannot be made.
    """
    try:
        if not path.exists():
            with _draft(path, randomness) as draft, suppress(FileExistsError):  # of several writers the first one wins
                os.link(draft, path)
        return _read(path)
    except OSError as error:
        raise ConfigError(f"the salt {path} cannot be read or made: {error.strerror}") from error


def previous_salts(path: Path) -> tuple[bytes, ...]:
    """Read the salts before the one of now, oldest first.

    Args:
        path: the file of the one of now.

    Raises:
        ConfigError: one of the files is damaged, or cannot be read.
    """
    try:
        salts = [_read(former) for former in takewhile(Path.exists, _formers(path))]
        # What a rotation was cut short after is no previous salt yet.
        return tuple(salt for salt in salts if salt != _read(path))
    except OSError as error:
        raise ConfigError(f"the salts before {path} cannot be read: {error.strerror}") from error


def rotate_salt(path: Path, randomness: Callable[[int], bytes]) -> None:
    """Make the salt a previous one, and another in its place; whatever cuts it short, none is lost.

    Args:
        path: the file of the one of now.
        randomness: gives that many unpredictable bytes.

    Raises:
        ConfigError: the files cannot be made.
    """
    try:
        if _read(path) not in [_read(former) for former in takewhile(Path.exists, _formers(path))]:
            os.link(path, next(former for former in _formers(path) if not former.exists()))
        with _draft(path, randomness) as draft:
            draft.replace(path)
    except OSError as error:
        raise ConfigError(f"the salt {path} cannot be replaced: {error.strerror}") from error


def _formers(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}.{number}") for number in count(1))


def _read(path: Path) -> bytes:
    salt = path.read_bytes()
    if len(salt) not in _LENGTHS:
        raise ConfigError(
            f"the salt {path} is damaged: {len(salt)} bytes, not {2 * SALT_BYTES}; restore it from a backup, "
            "or remove it and accept that every person gets a new pseudonym"
        )
    return salt


@contextmanager
def _draft(path: Path, randomness: Callable[[int], bytes]) -> Iterator[Path]:
    """Write a new salt beside the path, to be put there whole inside the `with`; nothing of it is left beside."""
    draft = path.with_name(f"{path.name}.{randomness(_DRAFT_BYTES).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            write_through(file, randomness(SALT_BYTES).hex().encode())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)
