"""What a crash of the embedded engine left half done, mended before the engine reads it.

For each block the engine notes its token in a log beside the table, and only then puts the block's part in its place.
Where it is killed in between, or stopped after the disk was full, it finds the token again at its next start, and takes
a batch for stored of which nothing is there. A token without a part is forgotten here, and the batch stored when it
comes again.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from insights_backend.file_lock import tried_lock

_log = logging.getLogger(__name__)

# What was done, the part, and the token.
_LINE = re.compile(rb"\d\t(?P<partition>[^\t_]+)_(?P<block>\d+)_[^\t]*\t[^\t]*\n")
_LOGS = "store/*/*/deduplication_logs/*.txt"


def forget_unfinished(path: Path) -> None:
    """Take the tokens out of the logs whose parts are not there; does nothing where a process has the engine open.

    Args:
        path: the directory of the embedded engine.
    """
    with _alone(path) as alone:
        for log in path.glob(_LOGS) if alone else ():
            lines = log.read_bytes().splitlines(keepends=True)
            parts = list(_parts(log.parent.parent))
            kept = [line for line in lines if _is_finished(line, parts)]
            if kept != lines:
                _log.info("warehouse: %d blocks are not there any more; they may come again", len(lines) - len(kept))
                mended = log.with_suffix(".mended")
                mended.write_bytes(b"".join(kept))
                mended.replace(log)


def _parts(table: Path) -> Iterator[tuple[str, int, int]]:
    """Yield partition, first and last block of each part of a table that is whole: its sums are written last."""
    for sums in table.glob("*_*_*_*/checksums.txt"):
        partition, first, last, *_ = sums.parent.name.split("_")
        if first.isdigit() and last.isdigit() and sums.stat().st_size:
            yield partition, int(first), int(last)


def _is_finished(line: bytes, parts: list[tuple[str, int, int]]) -> bool:
    """Tell whether a line of a log names a block that is in a part, by itself or merged with others."""
    found = _LINE.fullmatch(line)
    if not found:
        return False
    partition, block = found["partition"].decode(), int(found["block"])
    return any(part == partition and first <= block <= last for part, first, last in parts)


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Keep others from opening the engine inside the `with`; gives whether nobody has."""
    status = path / "status"  # which the engine locks while it is open, and takes away when it is closed
    if not status.exists():
        yield True
        return
    with status.open("rb") as file, tried_lock(file) as alone:
        yield alone
