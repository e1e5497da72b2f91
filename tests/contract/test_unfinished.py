"""An insert that a crash cut short between its token and its part is done again, and nothing else is."""

import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from insights_backend.warehouse.unfinished import forget_unfinished
from tests.process import REPOSITORY
from tests.storing import TABLES


def store(directory: Path, *names: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.storing", f"chdb:///{directory}", *names]
    told: dict[str, Any] = json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout)
    return told


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
