"""Giving back memory of what lies on disk as well: whatever was mapped says the same afterwards."""

import ctypes
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from insights_backend.warehouse.residence import leave_on_disk

PAGES = 64
CONTENT = os.urandom(PAGES * mmap.PAGESIZE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a library.so"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def mapped(file: Path) -> Iterator[mmap.mmap]:
    """The file as a library is mapped: changes are this process's own. All of it is in memory."""
    with ExitStack() as stack:
        opened = stack.enter_context(file.open("rb"))
        mapped = stack.enter_context(mmap.mmap(opened.fileno(), 0, mmap.MAP_PRIVATE))
        assert mapped[:] == CONTENT
        yield mapped


def protect(mapped: mmap.mmap) -> None:
    """Have it read only from now on, as a linker does with what it has filled in."""
    libc = ctypes.CDLL(None, use_errno=True)
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    assert libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(len(mapped)), mmap.PROT_READ) == 0


def resident(file: Path) -> int:
    """Kilobytes of a file that are in this process's memory."""
    told = Path("/proc/self/smaps").read_text()
    (found,) = re.findall(rf"{re.escape(str(file))}\n(?:\w+:.*\n)*?Rss: +(\d+) kB", told)
    return int(found)


def test_what_is_as_in_the_file_leaves_memory_and_comes_back_when_it_is_read(mapped: mmap.mmap, file: Path) -> None:
    protect(mapped)
    before = resident(file)
    leave_on_disk(file)
    assert (before, resident(file)) == (PAGES * mmap.PAGESIZE // 1024, 0)
    assert mapped[:] == CONTENT


def test_a_mapping_that_was_changed_stays_as_it_is(mapped: mmap.mmap, file: Path) -> None:
    mapped[:4] = b"mine"
    protect(mapped)
    before = resident(file)
    leave_on_disk(file)
    assert resident(file) == before
    assert mapped[:] == b"mine" + CONTENT[4:]


def test_a_mapping_that_may_be_changed_stays_as_it_is(mapped: mmap.mmap, file: Path) -> None:
    before = resident(file)
    leave_on_disk(file)
    assert resident(file) == before


def test_other_files_stay_as_they_are(mapped: mmap.mmap, file: Path, tmp_path: Path) -> None:
    protect(mapped)
    before = resident(file)
    leave_on_disk(tmp_path / "library.so")
    assert resident(file) == before


def test_a_system_that_does_not_tell_what_is_mapped_is_left_alone(
    mapped: mmap.mmap, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protect(mapped)
    monkeypatch.setattr("insights_backend.warehouse.residence._MAPPINGS", Path("/nowhere"))
    leave_on_disk(file)
    assert resident(file) > 0
