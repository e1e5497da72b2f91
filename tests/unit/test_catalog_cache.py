import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from insights_backend.catalog.cache import CachedCatalog, Count, Lookup
from insights_backend.catalog.interface import Entity
from insights_backend.errors import CatalogUnavailableError, InvalidFilterError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef

A, B, C, NOBODY = (EntityRef.of("user", name) for name in ("a", "b", "c", "nobody"))
TEAM = EntityRef.of("group", "team")
USERS = EntityFilterQuery.parse({"kind": "user"})
TTL = 600.0


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class FakeCatalog:
    """Knows everybody but `nobody`; keeps its calls; can be down; `during` runs within each call."""

    def __init__(self) -> None:
        self.calls: list[list[EntityRef]] = []
        self.counted = 0
        self.failure: Exception | None = None
        self.during: Callable[[], object] = lambda: None

    def entities(self, refs: Sequence[EntityRef]) -> list[Entity | None]:
        self.calls.append(list(refs))
        self._answer()
        return [None if ref == NOBODY else {"kind": "User", "call": len(self.calls)} for ref in refs]

    def find(self, query: EntityFilterQuery) -> list[EntityRef]:
        raise NotImplementedError  # nobody remembers these here

    def count(self, query: EntityFilterQuery) -> int:  # noqa: ARG002  the interface has it
        self.counted += 1
        self._answer()
        return self.counted

    def members(self) -> dict[EntityRef, int]:
        self.counted += 1
        self._answer()
        return {TEAM: self.counted}

    def _answer(self) -> None:
        self.during()
        if self.failure:
            raise self.failure


DOWN = CatalogUnavailableError("the catalog at example.com answered 503")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def cache(catalog: FakeCatalog, clock: FakeClock) -> CachedCatalog:
    return CachedCatalog(catalog, TTL, 3, clock)


def told(call: int, *, stale: bool = False) -> Lookup:
    return Lookup({"kind": "User", "call": call}, available=True, stale=stale)


def test_a_warm_lookup_asks_nothing_and_a_mixed_one_asks_once_for_what_is_missing(
    cache: CachedCatalog, catalog: FakeCatalog
) -> None:
    assert cache.lookup([A, A, B]) == {A: told(1), B: told(1)}
    assert cache.lookup([B, A]) == {A: told(1), B: told(1)}
    assert cache.lookup([A, C, NOBODY]) == {A: told(1), C: told(2), NOBODY: Lookup(None, available=True)}
    assert catalog.calls == [[A, B], [C, NOBODY]]


def test_looking_nothing_up_asks_nothing(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    assert cache.lookup([]) == {}
    assert catalog.calls == []


@pytest.mark.parametrize(
    ("ref", "age", "calls"),
    [(A, TTL - 1, 1), (A, TTL, 2), (A, -1, 2), (NOBODY, 59, 1), (NOBODY, 60, 2), (NOBODY, -1, 2)],
)
def test_an_answer_is_good_for_its_time_to_live_and_none_is_from_the_future(
    catalog: FakeCatalog, clock: FakeClock, ref: EntityRef, age: float, calls: int
) -> None:
    cache = CachedCatalog(catalog, TTL, 3, clock)
    cache.lookup([ref])
    clock.now += age
    cache.lookup([ref])
    assert len(catalog.calls) == calls


def test_the_entities_used_last_are_kept(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    for ref in (A, B, C, A, NOBODY, A, C):
        cache.lookup([ref])
    assert catalog.calls == [[A], [B], [C], [NOBODY]]
    cache.lookup([B])
    assert catalog.calls[-1] == [B]


def test_a_request_for_more_than_is_kept_is_answered_whole(catalog: FakeCatalog, clock: FakeClock) -> None:
    assert set(CachedCatalog(catalog, TTL, 1, clock).lookup([A, B, C])) == {A, B, C}


@pytest.mark.parametrize(
    ("past_ttl", "expected"),
    [
        (0.0, told(1, stale=True)),
        (24 * 3600 - 1, told(1, stale=True)),
        (24 * 3600, Lookup(None, available=False)),
        (-TTL - 1, told(1, stale=True)),
    ],
)
def test_while_the_catalog_is_down_old_answers_are_better_than_none(
    cache: CachedCatalog, catalog: FakeCatalog, clock: FakeClock, past_ttl: float, expected: Lookup
) -> None:
    cache.lookup([A])
    catalog.failure = DOWN
    clock.now += TTL + past_ttl
    assert cache.lookup([A, B]) == {A: expected, B: Lookup(None, available=False)}
    assert cache.lookup([A]) == {A: expected}


@pytest.mark.parametrize(("later", "calls"), [(0.0, 2), (4.9, 2), (5.0, 3), (-1.0, 3)])
def test_a_catalog_that_failed_is_left_alone_for_a_while(
    cache: CachedCatalog, catalog: FakeCatalog, clock: FakeClock, later: float, calls: int
) -> None:
    cache.lookup([A])
    catalog.failure = DOWN
    cache.lookup([B])
    clock.now += later
    assert cache.lookup([A, B, C])[C] == Lookup(None, available=False)
    assert len(catalog.calls) == calls


def test_a_catalog_that_is_back_is_asked_and_believed_at_once(
    cache: CachedCatalog, catalog: FakeCatalog, clock: FakeClock
) -> None:
    catalog.failure = DOWN
    cache.lookup([A])
    catalog.failure = None
    clock.now += 5
    assert cache.lookup([A]) == {A: told(2)}
    clock.now -= 2  # within the time after the failure again, which success has ended
    assert cache.lookup([B]) == {B: told(3)}


def test_a_count_is_remembered_and_outlives_the_catalog(
    cache: CachedCatalog, catalog: FakeCatalog, clock: FakeClock
) -> None:
    start = clock.now
    assert cache.count(USERS) == Count(1, start, stale=False)
    clock.now += TTL - 1
    assert cache.count(USERS) == Count(1, start, stale=False)
    clock.now += 1
    catalog.failure = DOWN
    assert cache.count(USERS) == Count(1, start, stale=True)
    clock.now += 5
    catalog.failure = None
    assert cache.count(USERS) == Count(3, clock.now, stale=False)


def test_without_any_known_number_a_count_fails_and_says_why(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    catalog.failure = DOWN
    for _ in range(2):
        with pytest.raises(CatalogUnavailableError, match=r"not known: the catalog at example\.com answered 503"):
            cache.count(USERS)
    assert catalog.counted == 1


def test_members_are_remembered_and_outlive_the_catalog(
    cache: CachedCatalog, catalog: FakeCatalog, clock: FakeClock
) -> None:
    assert [cache.members([TEAM])[TEAM] for _ in range(2)] == [1, 1]
    clock.now += TTL
    assert cache.members([TEAM]) == {TEAM: 2}
    catalog.failure = DOWN
    clock.now += TTL
    assert cache.members([TEAM]) == {TEAM: 2}
    assert catalog.counted == 3


def test_a_group_without_members_has_none_and_of_one_that_there_is_not_they_are_not_known(
    cache: CachedCatalog, catalog: FakeCatalog
) -> None:
    empty = EntityRef.of("group", "empty")
    assert cache.members([TEAM, empty, NOBODY]) == {TEAM: 1, empty: 0, NOBODY: None}
    assert catalog.calls == [[empty, NOBODY]]


def test_while_the_catalog_never_told_no_members_are_known(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    catalog.failure = DOWN
    assert cache.members([TEAM, NOBODY]) == {TEAM: None, NOBODY: None}


def test_a_failed_count_does_not_hold_lookups_off(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    catalog.failure = DOWN
    with pytest.raises(CatalogUnavailableError):
        cache.count(USERS)
    catalog.failure = None
    assert cache.lookup([A]) == {A: told(1)}


def test_a_filter_that_cannot_be_asked_says_so_each_time(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    catalog.failure = InvalidFilterError("a comma")
    for _ in range(2):
        with pytest.raises(InvalidFilterError, match="a comma"):
            cache.count(USERS)


class Gate:
    """Stops a call to the catalog halfway until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()


class SignallingFlights(dict[EntityRef, Future[object]]):
    """Tells when a thread has found somebody else's flight."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = threading.Semaphore(0)

    def __getitem__(self, ref: EntityRef) -> Future[object]:
        self.joined.release()
        return super().__getitem__(ref)


@pytest.fixture
def flights(cache: CachedCatalog, monkeypatch: pytest.MonkeyPatch) -> SignallingFlights:
    flights = SignallingFlights()
    monkeypatch.setattr(cache._entities, "_flights", flights)
    return flights


@pytest.mark.parametrize(
    ("failure", "expected"), [(None, told(1)), (DOWN, Lookup(None, available=False))], ids=["up", "down"]
)
def test_threads_that_want_the_same_entity_share_one_call_and_its_outcome(
    cache: CachedCatalog,
    catalog: FakeCatalog,
    flights: SignallingFlights,
    failure: Exception | None,
    expected: Lookup,
) -> None:
    catalog.during, catalog.failure = (gate := Gate()), failure
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(cache.lookup, [A])
        assert gate.reached.wait(10)
        others = [pool.submit(cache.lookup, [A]) for _ in range(4)]
        for _ in others:
            assert flights.joined.acquire(timeout=10)
        gate.open()
        assert [future.result(10) for future in (first, *others)] == [{A: expected}] * 5
    assert catalog.calls == [[A]]


def test_threads_that_wait_for_each_other_do_not_lock_up(cache: CachedCatalog, catalog: FakeCatalog) -> None:
    both_under_way = threading.Barrier(2, timeout=10)
    catalog.during = lambda: both_under_way.wait() if len(catalog.calls) <= 2 else None
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(cache.lookup, [A, B]), pool.submit(cache.lookup, [B, C])
        assert set(one.result(10)) == {A, B}
        assert set(two.result(10)) == {B, C}
    assert sorted(ref for call in catalog.calls for ref in call) == [A, B, C]


def test_a_call_that_breaks_lets_those_who_wait_for_it_go(
    cache: CachedCatalog, catalog: FakeCatalog, flights: SignallingFlights
) -> None:
    catalog.during, catalog.failure = (gate := Gate()), RuntimeError("a bug")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.lookup, [A])
        assert gate.reached.wait(10)
        second = pool.submit(cache.lookup, [A])
        assert flights.joined.acquire(timeout=10)
        gate.open()
        with pytest.raises(RuntimeError, match="a bug"):
            first.result(10)
        assert second.result(10) == {A: Lookup(None, available=False)}
    catalog.failure = None
    assert cache.lookup([A]) == {A: told(2)}
