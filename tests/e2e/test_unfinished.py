"""What a crash or a full disk cut short of the embedded engine is done again, and nothing else is."""

import fcntl
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from insights_backend.warehouse.unfinished import forget_unfinished
from tests.process import REPOSITORY
from tests.storing import TABLES


def store(directory: Path, *names: str, days: int = 0, file_bytes: int = resource.RLIM_INFINITY) -> dict[str, Any]:
    """Store in a process that can write so much into a file and no more, as on a full disk."""
    command = [sys.executable, "-m", "tests.storing", f"chdb:///{directory}", str(days), *names]
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard)),
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def refused(directory: Path, **how: Any) -> str:
    """What a process says that cannot store."""
    with pytest.raises(subprocess.CalledProcessError) as failure:
        store(directory, "refused", **how)
    said: str = failure.value.stderr.decode()
    return said


_TOGETHER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from insights_backend.warehouse.engine import Engine
engines = [Engine(sys.argv[1]) for _ in range(4)]
with ThreadPoolExecutor(4) as pool:
    print(sum(len(rows) for rows in pool.map(lambda engine: engine.rows("SELECT count() FROM events", {}), engines)))
"""


def test_several_engines_of_one_process_open_a_new_directory_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TOGETHER, f"chdb:///{tmp_path}/new"]
    assert subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout == b"4\n"


@pytest.mark.parametrize("file_bytes", [0, 1024])
def test_a_first_opening_that_the_disk_had_no_room_for_is_done_anew_once_there_is_some(
    file_bytes: int, tmp_path: Path
) -> None:
    said = refused(tmp_path, file_bytes=file_bytes)
    assert "its disk has no room" in said
    assert "one process" not in said
    assert store(tmp_path, "first")["rows"]["events"] == 2


def test_a_first_opening_that_was_cut_short_is_done_anew_whatever_is_left_of_it(tmp_path: Path) -> None:
    store(tmp_path)
    (tmp_path / "insights-unfinished").touch()  # as it is until the schema is whole
    for definition in tmp_path.glob("store/*/*/events.sql"):
        definition.write_bytes(definition.read_bytes()[:1000])
    assert store(tmp_path, "first")["rows"]["events"] == 2
    assert not (tmp_path / "insights-unfinished").exists()


def test_a_warehouse_that_holds_events_is_never_made_anew_whatever_it_says_of_itself(tmp_path: Path) -> None:
    store(tmp_path, "first")
    (tmp_path / "insights-unfinished").touch()
    assert store(tmp_path, "second")["rows"]["events"] == 4


def test_a_change_of_the_tables_is_refused_on_a_full_disk_which_it_would_break_them_on(tmp_path: Path) -> None:
    store(tmp_path, "first")
    before = {path: path.read_bytes() for path in tmp_path.glob("store/*/*/*.sql")}
    assert "its disk has no room" in refused(tmp_path, file_bytes=0, days=90)
    assert {path: path.read_bytes() for path in tmp_path.glob("store/*/*/*.sql")} == before
    assert not list(tmp_path.glob("store/*/*/mutation_*"))


def test_a_change_that_was_begun_on_a_full_disk_does_not_keep_the_engine_from_opening(tmp_path: Path) -> None:
    store(tmp_path, "first")
    for log in tmp_path.glob("store/*/*/deduplication_logs"):
        (log.parent / "mutation_7.txt").touch()
    assert store(tmp_path, "second")["rows"]["events"] == 4


def test_who_cannot_open_the_engine_is_told_whether_a_process_has_it_open_or_its_files_are_damaged(
    tmp_path: Path,
) -> None:
    store(tmp_path, "first")
    with (tmp_path / "status").open("w") as status:
        fcntl.flock(status, fcntl.LOCK_EX)
        assert "belongs to one process, and one has it open" in refused(tmp_path)
    for definition in tmp_path.glob("store/*/*/events.sql"):
        definition.write_bytes(b"")
    said = refused(tmp_path)
    assert "nobody has it open, but" in said
    assert "belongs to one process" not in said
    assert list(tmp_path.glob("store/*/*/*_*_*_*")), "and nothing was thrown away"


def newest_parts(directory: Path) -> list[Path]:
    """The part of each table that the last insert made."""
    logs = directory.glob("store/*/*/deduplication_logs/*.txt")
    return [log.parent.parent / log.read_text().splitlines()[-1].split("\t")[1] for log in logs if log.stat().st_size]


@pytest.mark.parametrize("lost", [("presence", "views"), TABLES])
def test_a_batch_of_which_the_engine_noted_the_token_alone_is_stored_when_it_comes_again(
    lost: tuple[str, ...], tmp_path: Path
) -> None:
    told = store(tmp_path, "first", "second")
    assert told["rows"] == {"events": 4, "presence": 4, "views": 2, "steps": 2}
    gone = [part for part in newest_parts(tmp_path) if told["places"].get(part.parent.name) in lost]
    assert len(gone) == len(lost)
    for part in gone:
        shutil.rmtree(part)
    assert store(tmp_path, "second")["rows"] == {"events": 4, "presence": 4, "views": 2, "steps": 2}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two blocks, of which the second is nowhere, and of one that was merged with others."""
    table = tmp_path / "store" / "abc" / "table"
    log = table / "deduplication_logs" / "deduplication_log_1.txt"
    log.parent.mkdir(parents=True)
    log.write_text("1\t202611_1_1_0\ta\n1\t202611_9_9_0\tb\n1\t202610_4_4_0\tc\n1\t2026")
    for part, sums in (
        ("202611_1_1_0", "x"),
        ("202611_9_9_0", ""),
        ("202610_2_6_1", "x"),
        ("tmp_insert_202611_9_9_0", "x"),
    ):
        (table / part).mkdir()
        (table / part / "checksums.txt").write_text(sums)
    return log


def test_tokens_whose_blocks_are_in_a_part_stay(log: Path, tmp_path: Path) -> None:
    forget_unfinished(tmp_path)
    assert log.read_text() == "1\t202611_1_1_0\ta\n1\t202610_4_4_0\tc\n"


def test_an_engine_that_is_open_is_left_alone(log: Path, tmp_path: Path) -> None:
    before = log.read_text()
    with (tmp_path / "status").open("w") as status:
        fcntl.flock(status, fcntl.LOCK_EX)
        forget_unfinished(tmp_path)
    assert log.read_text() == before
    forget_unfinished(tmp_path)  # killed: the file is there, and nobody holds it
    assert log.read_text() != before
