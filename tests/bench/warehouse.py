"""How fast the warehouse takes events in, how small it keeps them, and how fast it answers each report.

`python -m tests.bench.warehouse --events 10000000` makes a year of a portal with 20,000 users in a directory of its own
(kept for the next run with `--path`), and asks every report for the last 90 days and for the year: of the rollups, as
the service does, and of the raw events in the same run. The numbers are medians.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

from insights_backend.delivery.packing import packed
from insights_backend.model.total_users import TotalUsers
from insights_backend.reports.all_reports import REPORTS
from insights_backend.reports.answer import Report, Sources
from insights_backend.reports.query import ReportQuery, midnight
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EVENT

FIRST = date(2025, 11, 24)
LAST = date(2026, 11, 23)
USERS = 20_000
WEEKDAYS_OF_A_YEAR = 273  # in days as busy as a weekday, weekends by their tenth
STEP = 30
REQUEST = 100  # events that come together
FEW = 30_000_000  # up to so many, a visit is nine events on average, and 33 above
TABLES = ("events", "presence", "views", "steps")


class RawQuery(ReportQuery):
    """The same question, asked of the raw events."""

    def table(self, *asked: str) -> str:  # noqa: ARG002 - whatever is asked
        return "events"


def fill(engine: Engine, events: int) -> float:
    """Make the year; returns the seconds it took."""
    begin = time.perf_counter()
    for start in range(0, 365, STEP):
        make(engine, events, start, min(STEP, 365 - start))
    return time.perf_counter() - begin


def make(engine: Engine, events: int, start: int, days: int) -> None:
    a_visit = 9 if events <= FEW else 33
    rate = events / a_visit / (USERS * WEEKDAYS_OF_A_YEAR)
    sql = (Path(__file__).parent / "portal.sql").read_text()
    part = {"first": FIRST, "from": start, "days": days}
    engine.rows(sql, {"users": USERS, "rate": rate, "most": 2 * a_visit - 1, **part})


def seconds(ask: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def sizes(engine: Engine) -> dict[str, float]:
    """Bytes an event takes on disk, by table."""
    rows = engine.rows(
        "SELECT table, sum(bytes_on_disk) / (SELECT count() FROM events) AS bytes FROM system.parts"
        " WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC",
        {},
    )
    return {row["table"]: round(row["bytes"], 2) for row in rows}


def insert_rate(engine: Engine, block: int, rounds: int) -> float:
    """Events a second into an empty warehouse, in blocks of requests as the outbox keeps them, rollups included."""
    make(engine, FEW, 0, 14)
    sql = "SELECT * FROM events ORDER BY receivedAt LIMIT {n:UInt32}"
    rows = engine.file(sql, {"n": block}, "JSONEachRow").splitlines(keepends=True)
    requests = [packed(b"".join(rows[start : start + REQUEST])) for start in range(0, block, REQUEST)]
    run, numbers = time.time_ns(), iter(range(rounds))
    taken = seconds(
        lambda: engine.insert("events", (), frames=requests, token=f"bench-{run}-{next(numbers)}", columns=EVENT),
        rounds,
    )
    for table in TABLES:
        engine.rows(f"TRUNCATE TABLE {table}", {})
    return len(rows) / taken


def reports(engine: Engine, rounds: int, only: str | None) -> Iterator[tuple[str, int, float, float]]:
    """Each report's name, days, seconds, and seconds of the same question to the raw events."""
    total = TotalUsers(number=USERS, as_of=midnight(LAST, "UTC"), environment="production")
    sources = Sources(engine=engine, total_users=lambda: total, members=dict.fromkeys)
    for days in (90, 365):
        for name, report in REPORTS.items():
            if only in (None, name):
                query = ReportQuery(first=LAST - timedelta(days - 1), last=LAST, filters={})
                raw = RawQuery(first=query.first, last=query.last, filters={})
                yield name, days, _asked(report, sources, query, rounds), _asked(report, sources, raw, rounds)


def _asked(report: Report, sources: Sources, query: ReportQuery, rounds: int) -> float:
    report(sources, query)  # once to warm the disk's cache, for either
    return seconds(lambda: report(sources, query), rounds)


@contextmanager
def engine_at(path: Path | None) -> Iterator[Engine]:
    place = path or Path(tempfile.mkdtemp(prefix="insights-bench-"))
    try:
        with closing(Engine(f"chdb:///{place.absolute()}", max_seconds=3600)) as engine:
            yield engine
    finally:
        if path is None:
            shutil.rmtree(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--path", type=Path, help="Keep the year here, and use the one that is there.")
    parser.add_argument("--only", help="Ask this report alone.")
    given = parser.parse_args()
    with engine_at(given.path) as engine:
        if not engine.rows("SELECT count() AS n FROM events", {})[0]["n"]:
            for block in (5_000, 100_000, 500_000):
                print(f"insert in blocks of {block:7,}: {insert_rate(engine, block, given.rounds):9,.0f} events/s")
            print(f"a year made in {fill(engine, given.events):.0f} s")
            for table in TABLES:
                engine.rows(f"OPTIMIZE TABLE {table} FINAL", {})
        print(engine.rows("SELECT count() AS events, uniqExact(userKey) AS users FROM events", {})[0])
        print("bytes an event:", sizes(engine))
        for name, days, taken, raw in reports(engine, given.rounds, given.only):
            print(f"{name:14} {days:4} days {taken * 1000:7.0f} ms   raw {raw * 1000:7.0f} ms   {taken / raw:.2f}")


if __name__ == "__main__":
    main()
