"""The outbox's file: who may open it, and what becomes of one that is damaged, newer, or in use."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from insights_backend.delivery.database import Database
from insights_backend.delivery.outbox import Outbox
from insights_backend.errors import ConfigError
from tests.fakes import NOW, Clock
from tests.outboxes import Open, append


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(open_outbox: Open, tmp_path: Path) -> None:
    file = tmp_path / "outbox.sqlite3"
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    outbox = open_outbox()
    assert outbox.set_aside == tmp_path / f"outbox.sqlite3.damaged-{int(NOW)}"
    assert outbox.set_aside.read_bytes()[16:20] == b"\xff" * 4
    append(outbox)
    assert outbox.backlog().requests == 1


def test_damage_inside_the_file_is_found_too(open_outbox: Open, tmp_path: Path) -> None:
    with closing(Outbox(tmp_path, max_bytes=10**6, clock=Clock())) as outbox:
        for _ in range(50):
            append(outbox, b"x" * 3000)
    file = tmp_path / "outbox.sqlite3"
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"\xff" * 8192
    file.write_bytes(content)
    assert open_outbox().set_aside is not None


def test_a_damaged_file_is_not_taken_from_under_who_has_it_open(
    outbox: Outbox, open_outbox: Open, tmp_path: Path
) -> None:
    append(outbox)
    outbox._database._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with (tmp_path / "outbox.sqlite3").open("r+b") as file:
        file.seek(16)
        file.write(b"\xff" * 4)
    with pytest.raises(ConfigError, match=r"outbox.sqlite3 is damaged, and another process uses it"):
        open_outbox()
    assert outbox.set_aside is None
    outbox.close()
    aside = open_outbox().set_aside
    assert aside is not None
    assert open_outbox().set_aside == aside  # for as long as it lies there
    aside.unlink()
    assert open_outbox().set_aside is None


def test_a_sound_file_stays(outbox: Outbox, open_outbox: Open) -> None:
    append(outbox)
    again = open_outbox()
    assert again.set_aside is None
    assert again.backlog().requests == 1


def test_a_file_of_a_newer_version_is_left_alone(outbox: Outbox, open_outbox: Open) -> None:
    outbox._database._db.execute("PRAGMA user_version=99")
    with pytest.raises(ConfigError, match="newer version"):
        open_outbox()


def test_a_file_whose_mode_cannot_be_changed_now_is_opened_all_the_same(
    outbox: Outbox, open_outbox: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where several processes begin a new one at the same moment."""
    outbox.close()
    monkeypatch.setattr("insights_backend.delivery.database._BUSY_SECONDS", 0)
    migrate = Database._migrate

    def once_the_other_is_done(*given: Any) -> None:
        other.close()
        migrate(*given)

    monkeypatch.setattr(Database, "_migrate", once_the_other_is_done)
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM request").fetchall()
        again = open_outbox()
    append(again)
    assert again.backlog().requests == 1


def test_a_file_that_another_process_writes_to_for_too_long_is_a_configuration_error(
    outbox: Outbox, open_outbox: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insights_backend.delivery.database._BUSY_SECONDS", 0)
    locked = pytest.raises(ConfigError, match=r"backstageInsights\.dataDir: .* cannot be opened \(database is locked\)")
    with outbox._database.transaction(), locked:
        open_outbox()


def test_only_the_owner_can_read_the_files_and_hold_the_locks(tmp_path: Path, open_outbox: Open) -> None:
    (tmp_path / "outbox.sqlite3").write_bytes(b"no database")
    before = os.umask(0)
    try:
        outbox = open_outbox()
        append(outbox)
        with outbox.right_to_deliver():
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert outbox.set_aside
    del modes[outbox.set_aside.name]
    assert set(modes.values()) == {0o600}
    assert {"outbox.sqlite3", "outbox.sqlite3-wal", "outbox.sqlite3.in-use", "outbox.lock"} <= modes.keys()


def test_a_place_that_cannot_be_written_is_a_configuration_error(tmp_path: Path, open_outbox: Open) -> None:
    (tmp_path / "outbox.sqlite3").mkdir()
    with pytest.raises(ConfigError, match=r"backstageInsights\.dataDir: .* cannot be opened"):
        open_outbox()
