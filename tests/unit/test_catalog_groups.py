from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest

from insights_backend.catalog import groups as room
from insights_backend.catalog.groups import GroupsFilter
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from tests.fakes import MemoryCatalog
from tests.process import eventually

TEAM, RND, GONE = (EntityRef.of("group", name) for name in ("team", "rnd", "gone"))
TEAMS = EntityFilterQuery.parse({"spec.type": "team"})


def entity(kind: str, name: str, type_: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": {"type": type_}}


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog(entity("Group", "Team", "Team"), entity("Group", "rnd", "department"))


@pytest.fixture
def groups(catalog: MemoryCatalog) -> Iterator[GroupsFilter]:
    groups = GroupsFilter(catalog, TEAMS, 600)
    yield groups
    groups.stop()


def test_groups_that_match_are_kept_in_their_order_and_read_once(catalog: MemoryCatalog) -> None:
    groups = GroupsFilter(catalog, EntityFilterQuery.parse({"spec.type": ["team", "department"]}), 600)
    assert groups.keep([RND, GONE, TEAM]) == [RND, TEAM]
    assert groups.keep([TEAM]) == [TEAM]
    assert groups.keep([GONE]) == []
    assert catalog.searches == 1


def test_who_has_no_groups_waits_for_no_catalog(groups: GroupsFilter, catalog: MemoryCatalog) -> None:
    assert groups.keep([]) == []
    assert catalog.searches == 0


def test_only_groups_are_asked_for(groups: GroupsFilter, catalog: MemoryCatalog) -> None:
    component = entity("Component", "web", "team")
    catalog.by_ref[EntityRef.of("component", "web")] = component
    assert groups.keep([TEAM, EntityRef.of("component", "web")]) == [TEAM]


def test_a_change_shows_with_the_next_reading(groups: GroupsFilter, catalog: MemoryCatalog) -> None:
    groups.keep([RND])
    catalog.by_ref[RND] = entity("Group", "rnd", "team")
    assert groups.keep([RND]) == []
    assert groups.read()
    assert groups.keep([RND]) == [RND]


def test_while_the_catalog_is_down_nothing_is_known_and_no_request_asks_again(
    groups: GroupsFilter, catalog: MemoryCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    catalog.down = True
    assert [groups.keep([TEAM]) for _ in range(3)] == [None, None, None]
    assert catalog.searches == 1
    assert not groups.read()
    assert caplog.text.count("captureIdentityGroupsFilter: which groups match cannot be read") == 1
    catalog.down = False
    assert groups.read()
    assert groups.keep([TEAM]) == [TEAM]


def test_what_was_read_last_outlives_the_catalog(
    groups: GroupsFilter, catalog: MemoryCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    groups.keep([TEAM])
    catalog.down = True
    assert not groups.read()
    assert groups.keep([TEAM]) == [TEAM]
    assert "the catalog is down" in caplog.text


class WatchedCatalog(MemoryCatalog):
    """Tells when a search begins, and waits in it until it may go on."""

    def __init__(self, *entities: dict[str, Any]) -> None:
        super().__init__(*entities)
        self.begun, self.may_go_on = Event(), Event()

    def find(self, query: EntityFilterQuery) -> list[EntityRef]:
        self.begun.set()
        assert self.may_go_on.wait(10)
        return super().find(query)


def test_the_first_requests_share_the_first_reading_of_the_thread() -> None:
    catalog = WatchedCatalog(entity("Group", "team", "team"))
    groups = GroupsFilter(catalog, TEAMS, 600)
    groups.start()
    assert catalog.begun.wait(10)
    together = Barrier(5)

    def ask(_: int) -> list[EntityRef] | None:
        together.wait(10)
        return groups.keep([TEAM])

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(ask, range(4))
        together.wait(10)
        catalog.may_go_on.set()
        assert list(answers) == [[TEAM]] * 4
    groups.stop()
    assert catalog.searches == 1


@pytest.mark.parametrize("down", [False, True])
def test_the_thread_reads_again_and_again_until_it_is_stopped(
    catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch, down: bool
) -> None:
    monkeypatch.setattr(room, "RETRY_SECONDS", 0.001)
    catalog.down, thrice = down, Event()
    find = catalog.find

    def watched(query: EntityFilterQuery) -> list[EntityRef]:
        if catalog.searches == 2:
            thrice.set()
        return find(query)

    monkeypatch.setattr(catalog, "find", watched)
    groups = GroupsFilter(catalog, TEAMS, 0.0)
    groups.start()
    assert thrice.wait(10)
    groups.stop()
    groups._thread.join(10)
    assert not groups._thread.is_alive()


def test_whatever_a_catalog_answers_the_reading_goes_on(
    groups: GroupsFilter, catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find, odd = catalog.find, iter([True])

    def once_odd(query: EntityFilterQuery) -> Any:
        if next(odd, False):
            raise RecursionError
        return find(query)

    monkeypatch.setattr(room, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(catalog, "find", once_odd)
    groups.start()
    assert eventually(lambda: "cannot be read: RecursionError" in caplog.text)
    assert eventually(lambda: groups.keep([TEAM]) == [TEAM])
