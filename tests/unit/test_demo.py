"""The made-up history: repeatable, believable, and of the same form as what a portal's backend uploads."""

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from typing import Any

import pytest

from insights_backend.demo.history import BATCH_EVENTS, ENVIRONMENT, History
from insights_backend.demo.organisation import make_organisation
from insights_backend.demo.story import PLUGINS, Story, is_holiday, is_outage
from insights_backend.wire import batch
from tests.fakes import NOW

USERS, DAYS = 60, 120
TODAY = datetime.fromtimestamp(NOW, UTC).date()
MIDNIGHT = int(datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC).timestamp() * 1000)

Record = dict[str, Any]


def told(seed: int = 1, users: int = USERS, days: int = DAYS, now: float = NOW) -> bytes:
    return b"".join(chapter.batch.lines for chapter in History(seed, users, days, int(now * 1000)).chapters())


def events(lines: bytes) -> list[Record]:
    return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return events(told())


def by_day(records: list[Record]) -> dict[date, list[Record]]:
    days: defaultdict[date, list[Record]] = defaultdict(list)
    for record in records:
        days[date.fromisoformat(record["time"][:10])].append(record)
    return days


def test_the_same_seed_tells_the_same_bytes_and_another_one_others() -> None:
    assert told(days=10) == told(days=10) != told(seed=2, days=10)


def test_ids_are_unique_and_every_event_is_one_that_a_collector_takes(records: list[Record]) -> None:
    assert len({record["id"] for record in records}) == len(records) > 5000
    assert batch.read(records)[1] == []
    assert {record["environment"] for record in records} == {ENVIRONMENT}


def test_the_history_ends_now_and_told_again_later_it_only_goes_on() -> None:
    noon, evening = events(told(days=3)), events(told(days=3, now=NOW + 10 * 3600))
    assert max(record["time"] for record in noon) <= "2026-11-23T10:00:00.000Z"
    later = [record for record in evening if record["time"] > "2026-11-23T10:00:00.000Z"]
    assert later
    assert sorted(map(json.dumps, noon + later)) == sorted(map(json.dumps, evening))


def test_told_on_another_day_of_the_month_a_past_day_is_the_same() -> None:
    yesterday = by_day(events(told(days=20, now=NOW - 86_400)))
    today = by_day(events(told(days=20)))
    day = TODAY - timedelta(5)
    assert yesterday[day] == today[day] != []


def test_weekends_and_holidays_are_quiet_and_an_outage_is_a_dip(records: list[Record]) -> None:
    counts = {day: len(found) for day, found in by_day(records).items()}
    days = [TODAY - timedelta(ago) for ago in range(1, DAYS)]
    working = mean(counts.get(day, 0) for day in days if day.weekday() < 5 and not is_holiday(day))
    assert mean(counts.get(day, 0) for day in days if day.weekday() >= 5) < working / 5
    outage = max(day for day in days if is_outage(day))
    assert counts[outage] < mean(counts[outage + timedelta(days)] for days in (-7, 7)) / 2


def test_holidays_are_quiet_on_whatever_day_of_the_week_they_fall() -> None:
    days = [date(2024, 1, 1) + timedelta(number) for number in range(1500)]
    assert max(map(Story.crowd, filter(is_holiday, days))) < min(
        Story.crowd(day) for day in days if day.weekday() < 5 and not is_holiday(day)
    )


def test_a_plugin_is_not_seen_before_its_launch_and_draws_a_crowd_then(records: list[Record]) -> None:
    launched = [plugin for plugin in PLUGINS if plugin.launched]
    story = Story.up_to(TODAY, DAYS)
    for plugin in launched:
        seen = [record["time"][:10] for record in records if record["pluginId"] == plugin.id]
        first = story.begin + timedelta(plugin.launched * DAYS)
        assert min(seen) >= first.isoformat()
        month = [Counter(seen)[str(first + timedelta(number))] for number in range(60)]
        assert sum(month[:30]) > sum(month[30:])


def test_some_teams_come_late_and_people_come_and_go() -> None:
    organisation = make_organisation(1, 400, 360)
    first: dict[str, int] = {}
    for member in organisation.members:
        team = member.groups[0]
        first[team] = min(first.get(team, 999), member.adopted)
    assert sum(day > 100 for day in first.values()) > 3
    assert sum(day < 50 for day in first.values()) > len(first) / 3
    assert any(0 < member.hired < 360 for member in organisation.members)
    assert any(member.left < 360 for member in organisation.members)
    assert 250 < organisation.size(200) < 400


def test_people_do_what_people_do(records: list[Record]) -> None:
    actions = Counter(record["action"] for record in records)
    assert set(actions) == {"navigate", "click", "search", "discover", "create", "signIn", "not-found"}
    subjects = Counter(record["subject"] for record in records if record["action"] == "click")
    assert subjects["Template has been opened"] > subjects["Create"] >= actions["create"] > 0
    assert any(record["value"] for record in records if record["action"] == "create")
    found = [record["value"] for record in records if record["action"] == "search"]
    assert 0 < found.count(0) < len(found) / 2
    assert all(record["value"] >= 1 for record in records if record["action"] == "discover")
    assert any(record["user"] is None for record in records)
    assert all(record["user"].startswith("u_") for record in records if record["user"])


def test_batches_are_named_by_their_content_and_tell_how_many_people_there_are() -> None:
    chapters = list(History(1, 400, 60, int(NOW * 1000)).chapters())
    sizes = [chapter.batch.events for chapter in chapters]
    assert set(sizes[:-1]) == {BATCH_EVENTS}
    assert 0 < sizes[-1] < BATCH_EVENTS <= batch.MAX_EVENTS
    assert len({chapter.batch.id for chapter in chapters}) == len(chapters)
    assert all(300 < chapter.total.number <= 400 for chapter in chapters)
    assert chapters[-1].total.as_of == MIDNIGHT
    assert sum(chapter.days for chapter in chapters) == 60
