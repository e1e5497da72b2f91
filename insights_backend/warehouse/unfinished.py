"""What a crash or a full disk left half done of the embedded engine, mended before the engine reads it.

Where the first opening was cut short, the engine may find a table without a definition, and never opens again. So a new
directory is marked until its schema is whole, before which no event is stored, and one that is marked is made anew.

For each block the engine notes its token in a log beside the table, and only then puts the block's part in its place.
Where it is killed in between, or stopped after the disk was full, it finds the token again at its next start, and takes
a batch for stored of which nothing is there. A token without a part is forgotten here, and the batch stored when it
comes again.

A change that was begun on a full disk leaves an order of which nothing is written, with which the engine would not open
either. It is taken away: the change was not made, and comes again with who asked for it.
"""

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from insights_backend.durable import sync_directory, write_through
from insights_backend.file_lock import tried_lock
from insights_backend.warehouse.failures import WarehouseUnavailableError

_log = logging.getLogger(__name__)

# What was done, the part, and the token.
_LINE = re.compile(rb"\d\t(?P<partition>[^\t_]+)_(?P<block>\d+)_[^\t]*\t[^\t]*\n")
_LOGS = "store/*/*/deduplication_logs/*.txt"
_ORDERS = "store/*/*/mutation_*.txt"
_DEFINITIONS = "store/*/*/*.sql"
_MARK = "insights-unfinished"
_EVENTS = "store/**/*[0-9]_*_*_*"  # parts, of a month or a day: all tables that hold something of events have such
_NO_ROOM = "the warehouse cannot be changed: its disk has no room; make some"
_ROOM = 1024**2  # which the engine wants for the smallest insert, too


def need_room(path: Path) -> None:
    """Make sure that there is room for a change of the engine's tables.

    The engine does not notice that a definition, or the order to change rows, did not get onto the disk: it would go on
    with what it has in memory, and never open again.

    Args:
        path: the directory of the embedded engine.

    Raises:
        WarehouseUnavailableError: there is none.
    """
    try:
        with TemporaryFile(dir=path) as file:
            write_through(file, bytes(_ROOM))
    except OSError as error:
        raise WarehouseUnavailableError(_NO_ROOM) from error


@contextmanager
def mended(path: Path) -> Iterator[None]:
    """Mend what is half done, and have the engine opened and its schema brought up to date inside the `with`.

    Args:
        path: the directory of the embedded engine; made if missing.

    Raises:
        WarehouseUnavailableError: it is being made elsewhere, or there was no room for it.
        OSError: the disk refuses.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark = path / _MARK
    if not any(path.iterdir()):
        mark.touch()
        sync_directory(path)
    if not mark.exists():
        forget_unfinished(path)
        yield
        return
    with mark.open() as file, tried_lock(file) as mine:
        if not mine or not _cleared(path):
            raise WarehouseUnavailableError("the warehouse is being made just now; ask again later")
        forget_unfinished(path)
        yield
        # The engine does not mind if the disk takes less of a definition than it has written.
        if not all(_is_whole(definition) for definition in path.glob(_DEFINITIONS)):
            raise WarehouseUnavailableError(_NO_ROOM)
        mark.unlink()
        sync_directory(path)


def _cleared(path: Path) -> bool:
    """Take everything but the mark out of a directory that was never finished; tells whether nobody has it open."""
    with _alone(path) as alone:
        # An earlier version of this service, which knows no mark, may have finished it.
        if alone and not any(path.glob(_EVENTS)):
            for entry in path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry.name != _MARK:
                    entry.unlink()
    return alone


def _is_whole(file: Path) -> bool:
    """Tell whether all of a text is in a file of the engine's, which ends each with a line's end."""
    return file.read_bytes().endswith(b"\n")


def forget_unfinished(path: Path) -> None:
    """Take the tokens out of the logs whose parts are not there, and away the orders that are not whole.

    Does nothing where a process has the engine open.

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
                whole = log.with_suffix(".mended")
                whole.write_bytes(b"".join(kept))
                whole.replace(log)
        for order in path.glob(_ORDERS) if alone else ():
            if not _is_whole(order):
                _log.warning("warehouse: a change that was begun on a full disk was not made; ask for it again")
                order.unlink()


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


def is_open(path: Path) -> bool:
    """Tell whether a process has the engine in a directory open."""
    with _alone(path) as alone:
        return not alone


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Keep others from opening the engine inside the `with`; gives whether nobody has."""
    status = path / "status"  # which the engine locks while it is open, and takes away when it is closed
    if not status.exists():
        yield True
        return
    with status.open("rb") as file, tried_lock(file) as alone:
        yield alone
