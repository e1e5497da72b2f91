from collections.abc import Iterator
from threading import Event

import pytest

from insights_backend.catalog.cache import Count
from insights_backend.census import PERIOD_SECONDS, RETRY_SECONDS, Census
from insights_backend.errors import CatalogUnavailableError, UnavailableError
from insights_backend.model.total_users import TotalUsers
from tests.fakes import NOW

FRESH = Count(5, NOW, stale=False)
STALE = Count(4, NOW - 3600, stale=True)
TOTAL = TotalUsers(number=5, as_of=int(NOW * 1000), environment="staging")


class Surroundings:
    """A catalog that answers by a script, and a record that may refuse."""

    def __init__(self, *script: Count | Exception) -> None:
        self.script: Iterator[Count | Exception] = iter(script)
        self.refusal: Exception | None = None
        self.recorded: list[TotalUsers] = []
        self.was_recorded = Event()
        self.census = Census(self.count, self.record, "staging")

    def count(self) -> Count:
        said = next(self.script)
        if isinstance(said, Exception):
            raise said
        return said

    def record(self, total: TotalUsers) -> None:
        if self.refusal:
            raise self.refusal
        self.recorded.append(total)
        self.was_recorded.set()


def test_a_count_is_recorded_and_the_next_one_is_due_in_an_hour() -> None:
    surroundings = Surroundings(FRESH)
    assert surroundings.census.take() == PERIOD_SECONDS
    assert surroundings.recorded == [TOTAL]


@pytest.mark.parametrize(
    "failure",
    [CatalogUnavailableError("down"), RuntimeError("secret"), STALE],
    ids=["unavailable", "unforeseen", "stale"],
)
def test_a_catalog_that_fails_is_asked_again_soon(failure: Count | Exception) -> None:
    surroundings = Surroundings(failure, FRESH)
    assert surroundings.census.take() == RETRY_SECONDS
    assert surroundings.census.take() == PERIOD_SECONDS
    assert surroundings.recorded[-1] == TOTAL


@pytest.mark.parametrize("refusal", [UnavailableError("not now"), OSError(28, "full")], ids=["unavailable", "disk"])
def test_a_record_that_fails_is_tried_again_soon(refusal: Exception) -> None:
    surroundings = Surroundings(FRESH, FRESH)
    surroundings.refusal = refusal
    assert surroundings.census.take() == RETRY_SECONDS
    surroundings.refusal = None
    assert surroundings.census.take() == PERIOD_SECONDS
    assert surroundings.recorded == [TOTAL]


def test_an_outage_is_logged_once_and_without_what_an_unknown_error_says(caplog: pytest.LogCaptureFixture) -> None:
    script = (RuntimeError("secret"), CatalogUnavailableError("down"), FRESH, CatalogUnavailableError("down again"))
    surroundings = Surroundings(*script)
    for _ in script:
        surroundings.census.take()
    assert [record.message.split(": ", maxsplit=1)[1] for record in caplog.records] == [
        "RuntimeError; it is tried again",
        "down again; it is tried again",
    ]


def test_the_number_of_now_is_the_catalogs_and_none_where_it_never_told() -> None:
    surroundings = Surroundings(CatalogUnavailableError("down"), FRESH)
    assert surroundings.census.now() is None
    assert surroundings.census.now() == TOTAL
    assert surroundings.recorded == []


def test_the_last_number_is_told_without_asking_anybody() -> None:
    surroundings = Surroundings(FRESH, CatalogUnavailableError("down"))
    assert surroundings.census.last is None
    surroundings.census.take()
    surroundings.census.take()
    assert surroundings.census.last == TOTAL


def test_the_thread_counts_at_the_start_and_ends_when_it_is_told_to() -> None:
    surroundings = Surroundings(FRESH)
    surroundings.census.start()
    assert surroundings.was_recorded.wait(5)
    surroundings.census.stop(5)
    assert not surroundings.census._thread.is_alive()
    assert surroundings.recorded == [TOTAL]


def test_what_was_never_started_can_be_stopped() -> None:
    Surroundings().census.stop(5)
