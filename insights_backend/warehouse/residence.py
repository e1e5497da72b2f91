"""Giving back memory that holds what the disk holds too."""

import ctypes
import mmap
import re
from collections.abc import Iterator
from pathlib import Path

_MAPPINGS = Path("/proc/self/smaps")
_READ_ONLY = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r-[x-]p (?:\S+ ){3} *(/.*)$((?:\n\w+:.*)+)", re.MULTILINE)
_CHANGED = re.compile(r"^(?:Anonymous|Swap): +[1-9]", re.MULTILINE)


def leave_on_disk(library: Path) -> None:
    """Give back the memory of a library's code and constants; what is used again comes back by itself.

    Does nothing where the system does not tell what is mapped. Source: Linux, proc_pid_smaps(5), and madvise(2) on
    MADV_DONTNEED.

    Args:
        library: its file.
    """
    try:
        told = _MAPPINGS.read_text("utf-8", "surrogateescape")
    except OSError:
        return
    madvise = ctypes.CDLL(None).madvise
    for start, end in _unchanged(str(library.resolve()), told):
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)


def _unchanged(library: str, told: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where a file is mapped of which no page was changed, nor can be now."""
    for start, end, path, more in _READ_ONLY.findall(told):
        if path == library and not _CHANGED.search(more):
            yield int(start, 16), int(end, 16)
