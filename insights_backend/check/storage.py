"""Whether a directory can hold what the service keeps there."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryFile

from insights_backend.check.finding import Finding

_OTHERS = 0o077
_GB = 10**9
_SALT = "salt"
_ROOM = "outbox.maxBytes"


def check_directory(part: str, path: Path) -> Finding:
    """Look at a directory that the service writes to; one that is missing is made at the first start.

    Args:
        part: its key in app-config.
        path: where it is.
    """
    place = _nearest(path)
    advice = "give it to the user whom the service runs as"
    try:
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(part, "failed", f"{place} cannot be written to ({error.strerror}); {advice}, or choose another")
    if place != path.absolute():
        return Finding(part, "ok", f"{path} will be made at the first start")
    if foreign := next((file for file in sorted(place.iterdir()) if not _is_usable(file)), None):
        return Finding(
            part, "failed", f"{foreign} is another user's, perhaps of a command that was run as root; {advice}"
        )
    if place.stat().st_mode & _OTHERS:
        return Finding(part, "warning", f"others on this machine may look into {path}; chmod 700 {path}")
    return Finding(part, "ok", f"{path} can be written to, and is nobody else's")


def check_room(path: Path, needed: int) -> Finding:
    """Look whether the outbox has room on the disk of its directory, twice: it is rewritten to erase a person.

    Args:
        path: the directory.
        needed: how many bytes may wait in the outbox.
    """
    free = shutil.disk_usage(_nearest(path)).free
    says = f"{free / _GB:.1f} GB are free on the disk of dataDir"
    if free < 2 * needed:
        more = f"the outbox may need {2 * needed / _GB:.1f} GB; free some, or lower outbox.maxBytes"
        return Finding(_ROOM, "warning", f"{says}, and {more}")
    return Finding(_ROOM, "ok", says)


def _is_usable(entry: Path) -> bool:
    """Tell whether what lies there can be used, if it is a file: a salt only has to be read."""
    needed = os.R_OK if entry.name.startswith(_SALT) else os.R_OK | os.W_OK
    return not entry.is_file() or os.access(entry, needed)


def _nearest(path: Path) -> Path:
    """Return the directory itself, or the nearest around it that is there."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if _is_there(place))


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except PermissionError:  # it lies in a directory of somebody else's
        return False
