"""The history itself: stored events, day by day, in batches that can be sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from random import Random
from typing import Any

import orjson

from insights_backend.delivery.destination import Batch
from insights_backend.demo.organisation import Member, make_organisation
from insights_backend.demo.story import Story, is_down
from insights_backend.demo.visits import Visit
from insights_backend.model.event import Millis
from insights_backend.model.total_users import TotalUsers

ENVIRONMENT = "demo"
"""The label on every event that was made up, which tells it from a real one."""

BATCH_EVENTS = 20_000

_DAY_SECONDS = 86_400
_USER_METADATA = {"metadata.namespace": "default"}
_BLANK: dict[str, Any] = {
    "environment": ENVIRONMENT,
    "value": None,
    "routeRef": None,
    "extension": None,
    "attributes": {},
    "context": {},
    "entity": None,
    "entityMetadata": {},
    "target": None,
    "view": False,
    "user": None,
    "userMetadata": {},
    "groups": [],
    "notes": [],
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the history.

    Args:
        batch: its events, named by what they are: the same events are stored once under that name.
        total: how many people there were on its last day.
        days: how many days it ends.
    """

    batch: Batch
    total: TotalUsers
    days: int


class History:
    """The made-up events of so many people over so many days.

    Each event has an id of its own by seed, day and person, so that a history told twice is stored once.

    Args:
        seed: the same one makes the same events.
        users: how many people the organisation has.
        days: how many days, up to today.
        now: when the history ends, in epoch milliseconds.
    """

    def __init__(self, seed: int, users: int, days: int, now: Millis) -> None:
        self._seed = seed
        self._now = now
        self._today = datetime.fromtimestamp(now / 1000, UTC).date()
        self._days = days
        self._story = Story.up_to(self._today, days)
        self._organisation = make_organisation(seed, users, days)

    def chapters(self) -> Iterator[Chapter]:
        """Tell it in batches, oldest first."""
        lines: list[bytes] = []
        days = 0
        for day in (self._today - timedelta(ago) for ago in reversed(range(self._days))):
            lines += self._lines(day)
            days += 1
            while len(lines) >= BATCH_EVENTS:
                yield self._chapter(lines[:BATCH_EVENTS], day, days)
                lines, days = lines[BATCH_EVENTS:], 0
        yield self._chapter(lines, self._today, days)

    def _chapter(self, lines: list[bytes], day: date, days: int) -> Chapter:
        content = b"".join(lines)
        batch = Batch.of(blake2b(content, digest_size=16).hexdigest(), 0, len(lines), content)
        number = self._organisation.size(self._story.number(day))
        return Chapter(batch, TotalUsers(number=number, as_of=_midnight(day), environment=ENVIRONMENT), days)

    def _lines(self, day: date) -> list[bytes]:
        random = Random(f"{self._seed} {day}")  # noqa: S311 - a history that can be repeated
        number, crowd, weights = self._story.number(day), self._story.crowd(day), self._story.weights(day)
        return [
            orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            for member in self._organisation.members
            if member.adopted <= number < member.left and random.random() < member.keenness * crowd
            for record in self._records(member, day, random, weights)
        ]

    def _records(self, member: Member, day: date, random: Random, weights: Sequence[float]) -> Iterator[dict[str, Any]]:
        """Make a person's events of a day; each has its number in the day, whether it has happened yet or not."""
        ordinal, ends = 0, (self._now - _midnight(day)) / 1000
        person = {"user": member.user, "userMetadata": _USER_METADATA, "groups": member.groups}
        for sitting, hour in enumerate(_hours(random)):
            session = self._organisation.pseudonyms.session(f"{day} {member.user} {sitting}")
            second = (hour - member.office) * 3600
            for pause, step in Visit(self._organisation, random, weights).play():
                second, ordinal = second + pause, ordinal + 1
                if 0 <= second < min(_DAY_SECONDS, ends) and not is_down(day, second):
                    id_ = blake2b(f"{self._seed} {member.user} {day} {ordinal}".encode(), digest_size=16).hexdigest()
                    known = {} if step.get("user", "") is None else person
                    yield {**_BLANK, **known, **step, "id": id_, "sessionId": session, **_times(day, second)}


def _hours(random: Random) -> list[float]:
    """Choose when somebody sits down, in hours of local time: in the morning, or after lunch."""
    times = random.choices((1, 2, 3), (6, 3, 1))[0]
    return sorted(random.gauss(10.0, 1.1) if random.random() < 0.55 else random.gauss(14.8, 1.4) for _ in range(times))  # noqa: PLR2004 - rather in the morning


def _midnight(day: date) -> Millis:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


def _times(day: date, second: float) -> dict[str, str]:
    minutes, millis = divmod(int(second * 1000), 60_000)
    moment = f"{day}T{minutes // 60:02}:{minutes % 60:02}:{millis // 1000:02}.{millis % 1000:03}Z"
    return {"time": moment, "receivedAt": moment}
