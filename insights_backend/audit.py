"""The audit log: who had what done to people's data, without saying whose data it was."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import orjson

from insights_backend.durable import write_through
from insights_backend.errors import UnavailableError
from insights_backend.model.event import iso

_log = logging.getLogger(__name__)


class AuditLog:
    """A file of one JSON object a line, which is only ever added to, by however many processes.

    Args:
        path: the file; it is made, readable by its owner only, with the first entry.
        clock: now, in seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock

    def write(self, **entry: Any) -> None:
        """Add an entry and when it was made; it is on disk when this returns, and in the service's log too.

        Args:
            entry: what was done, by name; no name of a person, in whatever form.

        Raises:
            UnavailableError: the disk refuses.
        """
        line = orjson.dumps({"at": iso(int(self._clock() * 1000)), **entry}, option=orjson.OPT_APPEND_NEWLINE)
        _log.info("audit: %s", line.decode().rstrip())
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "rb+") as file:
                write_through(file, line if _is_whole(file) else b"\n" + line)
        except OSError as error:
            raise UnavailableError(f"{self._path.name} cannot be written ({type(error).__name__})") from error


def _is_whole(file: IO[bytes]) -> bool:
    """Tell whether a file ends with a line's end, or is empty; a full disk may have taken half of the last line."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 1))
    return not size or file.read().endswith(b"\n")
