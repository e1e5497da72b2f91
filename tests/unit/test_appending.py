"""Several requests that wait for the disk at the same moment."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from insights_backend.delivery.appending import Appending, Entry
from insights_backend.delivery.database import Database
from insights_backend.errors import UnavailableError
from tests.fakes import Clock

SCHEMA = [
    [
        "CREATE TABLE request (id INTEGER PRIMARY KEY, received_at INTEGER, events INTEGER, bytes, lines, keys)",
        "CREATE TABLE backlog (bytes INTEGER)",
        "INSERT INTO backlog VALUES (0)",
    ]
]


class CountingDatabase(Database):
    """A file that counts its inserts; the first one waits until it is told to go on."""

    def __init__(self, directory: Path) -> None:
        self.inserts = 0
        self.gate: Barrier | None = None
        self.fails = False
        super().__init__(directory / "file", SCHEMA, Clock())

    def insert(self, sql: str, parameters: Sequence[Any]) -> int | None:
        self.inserts += 1
        if self.gate:
            gate, self.gate = self.gate, None
            gate.wait(10)
        if self.fails:
            raise sqlite3.OperationalError("disk I/O error")
        return super().insert(sql, parameters)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CountingDatabase]:
    database = CountingDatabase(tmp_path)
    yield database
    database.close()


def entry(size: int) -> Entry:
    return Entry(received_at=0, events=1, size=size, stored=b"x" * size, keys=None)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for another thread, at most five seconds."""
    assert any(condition() or Event().wait(0.001) for _ in range(5000))


def append_while_one_writes(database: CountingDatabase, sizes: list[int], max_bytes: int = 10**6) -> list[object]:
    """Append while another request is being written, and say what became of each: a row, or an error's message."""
    appending = Appending(database)

    def append(size: int) -> object:
        try:
            return appending.append(entry(size), max_bytes)
        except UnavailableError as error:
            return str(error)

    database.gate = gate = Barrier(2)
    with ThreadPoolExecutor(len(sizes) + 1) as pool:
        first = pool.submit(append, 1)
        others = []
        eventually(lambda: database.gate is None)  # the first one writes
        for number, size in enumerate(sizes, 1):
            others.append(pool.submit(append, size))
            eventually(partial(_is_waiting, appending, number))
        gate.wait(10)
        return [first.result(), *(other.result() for other in others)]


def _is_waiting(appending: Appending, number: int) -> bool:
    return len(appending._entries) == number


def test_those_who_wait_are_written_together_in_the_order_in_which_they_came(database: CountingDatabase) -> None:
    assert append_while_one_writes(database, [1, 1, 1]) == [1, 2, 3, 4]
    assert database.inserts == 2
    assert len(database.rows("SELECT id FROM request")) == 4


def test_one_for_which_there_is_no_room_keeps_out_no_smaller_one_beside_it(database: CountingDatabase) -> None:
    full = "the outbox is full (outbox.maxBytes)"
    assert append_while_one_writes(database, [50, 200, 50], max_bytes=120) == [1, 2, full, 3]
    assert database.rows("SELECT sum(bytes) FROM request") == [(101,)]


def test_a_disk_that_fails_is_told_to_all_who_waited_and_nothing_of_theirs_is_kept(database: CountingDatabase) -> None:
    database.fails = True
    failed = "the outbox cannot be used (OperationalError)"
    assert append_while_one_writes(database, [1, 1]) == [failed] * 3
    database.fails = False
    assert database.rows("SELECT id FROM request") == []
    assert Appending(database).append(entry(1), 100) == 1
