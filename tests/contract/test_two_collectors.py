"""Two collectors on one ClickHouse server: whichever of them a batch comes to, and however often, it is stored once."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Barrier

import pytest
import requests

from insights_backend.access import TokenStore
from insights_backend.warehouse.engine import Engine
from tests.faults import serving_all
from tests.process import Process, serving
from tests.records import record

CONFIG = """
backstageInsights:
  roles: [collector]
  dataDir: "{directory}"
  warehouse: {{ dsn: "{dsn}" }}
"""
MONTHS = ("2026-09", "2026-10", "2026-11")


class Pair:
    """Two running collectors, `a` and `b`, which know the portal by a token each.

    Args:
        directory: for their files.
        dsn: where both store.
        stack: ends what they started.
    """

    def __init__(self, directory: Path, dsn: str, stack: ExitStack) -> None:
        self.configs = {name: self._config(directory / name, dsn) for name in "ab"}
        self.tokens = {name: _token(directory / name) for name in "ab"}
        self.processes: dict[str, Process] = stack.enter_context(serving_all(self.configs))
        self.engine = stack.enter_context(closing(Engine(dsn)))
        self._stack = stack

    def _config(self, directory: Path, dsn: str) -> Path:
        directory.mkdir()
        file = directory / "app-config.yaml"
        file.write_text(CONFIG.format(directory=directory, dsn=dsn))
        return file

    def send(self, name: str, key: str, ids: Sequence[str]) -> None:
        """Send a batch to one of them; it must be taken."""
        events = [record(id=id_, time=f"{MONTHS[n % 3]}-01T10:00:00.000Z") for n, id_ in enumerate(ids)]
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Idempotency-Key": key}
        url = f"{self.processes[name].api}/v1/batches"
        answer = requests.post(url, json={"events": events}, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"accepted": len(ids)})

    def restart(self, name: str) -> None:
        """Kill one of them, and start it again."""
        self.processes[name].kill()
        config = self.configs[name]
        self.processes[name] = self._stack.enter_context(serving(config, config.with_name("log")))

    def stored(self, prefix: str) -> Counter[str]:
        """How often each event is stored whose id begins so."""
        rows = self.engine.rows(
            "SELECT id, count() AS times FROM events WHERE startsWith(id, {prefix:String}) GROUP BY id",
            {"prefix": prefix},
        )
        return Counter({row["id"]: row["times"] for row in rows})


def _token(directory: Path) -> str:
    return TokenStore(directory / "tokens.sqlite3", time.time, os.urandom).create("portal", "upload")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, clickhouse_dsn: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(tmp_path_factory.mktemp("collectors"), clickhouse_dsn, stack)


def named(prefix: str, numbers: range) -> list[str]:
    return [f"{prefix}{number}" for number in numbers]


def test_a_batch_that_goes_to_one_and_then_to_the_other_is_stored_once(pair: Pair) -> None:
    ids = named("then-", range(100))
    for name in "abab":
        pair.send(name, "then", ids)
    assert pair.stored("then-") == Counter(ids)


def test_a_batch_that_goes_to_both_at_the_same_moment_is_stored_once(pair: Pair) -> None:
    moment = Barrier(8)

    def send(number: int) -> None:
        for batch in range(5):
            moment.wait()
            pair.send("ab"[number % 2], f"both-{batch}", named(f"both-{batch}-", range(300)))

    with ThreadPoolExecutor(moment.parties) as threads:
        list(threads.map(send, range(moment.parties)))
    assert pair.stored("both-") == Counter(id_ for batch in range(5) for id_ in named(f"both-{batch}-", range(300)))


def test_batches_that_share_events_store_each_event_once_whichever_collector_gets_them(pair: Pair) -> None:
    pair.send("a", "share-1", named("share-", range(60)))
    pair.send("b", "share-2", named("share-", range(40, 100)))
    pair.send("a", "share-2", named("share-", range(40, 100)))
    pair.send("b", "share-3", named("share-", range(100)))
    assert pair.stored("share-") == Counter(named("share-", range(100)))


def test_a_batch_that_comes_again_after_a_restart_is_stored_once(pair: Pair) -> None:
    ids = named("again-", range(100))
    pair.send("a", "again", ids)
    pair.restart("a")
    for name in "ab":
        pair.send(name, "again", ids)
    assert pair.stored("again-") == Counter(ids)
