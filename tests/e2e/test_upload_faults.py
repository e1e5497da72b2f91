"""A hundred thousand events through a collector that misbehaves in every fifth request."""

from collections import Counter
from pathlib import Path

from tests.uploads import check_course, upload_through_faults


def test_a_hundred_thousand_events_arrive_exactly_once_through_every_misbehaviour(tmp_path: Path) -> None:
    course = upload_through_faults(tmp_path, events=100_000, seed=11)
    moods = Counter(mood for mood, _ in course.server.requests)
    print(f"{len(course.server.events)} stored, {len(course.buried)} refused; requests: {dict(moods)}")  # noqa: T201 - for the README
    check_course(course)
