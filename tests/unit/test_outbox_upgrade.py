"""An outbox that an earlier version left behind keeps every event: each schema that ever was has a file here."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from insights_backend.delivery.outbox import Outbox
from tests.fakes import Clock

FIXTURES = Path(__file__).parent.parent / "fixtures" / "outbox"
LEFT = sorted(FIXTURES.glob("version-*.sql"))


@pytest.fixture(params=LEFT, ids=lambda path: path.stem)
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3")) as db:
        db.executescript(request.param.read_text())
    with closing(Outbox(tmp_path, max_bytes=10**6, clock=Clock())) as outbox:
        yield outbox


def ids(lines: bytes) -> list[str]:
    return [orjson.loads(line)["id"] for line in lines.splitlines()]


def test_what_was_under_way_is_delivered_under_the_same_name_and_the_rest_after_it(outbox: Outbox) -> None:
    waiting = outbox.backlog()
    assert (waiting.requests, waiting.events) == (3, 5)
    under_way = outbox.claim(max_events=10)
    assert under_way
    assert (under_way.id, ids(under_way.lines)) == ("00000000000000000000000000000001", ["1a", "1b"])
    outbox.arrived(under_way)
    rest = outbox.claim(max_events=10)
    assert rest
    assert ids(rest.lines) == ["2a", "2b", "3a"]
    outbox.arrived(rest)
    assert outbox.backlog().bytes == 0


def test_dead_letters_can_be_shown_and_wait_again(outbox: Outbox) -> None:
    (letter,) = outbox.dead_letters()
    assert (letter.reason, ids(letter.lines)) == ("http_422", ["dead-1", "dead-2"])
    assert outbox.requeue() == 2
    assert outbox.backlog().events == 7


def test_it_takes_new_events(outbox: Outbox) -> None:
    assert outbox.append(b'{"id":"new"}\n', events=1, received_at=1)
    assert outbox.backlog().requests == 4


def test_every_schema_up_to_this_one_left_a_file(tmp_path: Path) -> None:
    """A new migration needs the file of the version before it, or nobody knows that it keeps what is there."""
    with closing(Outbox(tmp_path, max_bytes=1, clock=Clock())):
        pass
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3")) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    first = int(LEFT[0].stem.partition("-")[2])
    assert [path.stem for path in LEFT][-1] in {f"version-{version}", f"version-{version - 1}"}
    assert len(LEFT) >= version - first
