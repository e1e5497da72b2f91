import pytest

from insights_backend.model.event import Event, iso, parse_timestamp, time_of
from insights_backend.model.event_id import event_ids
from tests.fakes import event, user

NOON = 1_795_435_200_000
DAY = 86_400_000
WEEK = 7 * 86400.0


@pytest.mark.parametrize(
    "given",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T13:00:00+01:00",
        "2026-11-23T17:30:00.000+05:30",
        "20261123T120000Z",
        "2026-11-23T12:00:00",  # without an offset it is UTC
        NOON,
        float(NOON),
    ],
)
def test_a_time_is_iso_8601_or_epoch_milliseconds(given: object) -> None:
    assert parse_timestamp(given) == NOON


def test_milliseconds_are_never_rounded_away() -> None:
    assert all(parse_timestamp(iso(NOON + millis)) == NOON + millis for millis in range(1000))


@pytest.mark.parametrize(
    "given",
    [
        "",
        "noon",
        "1795435200000",
        True,
        None,
        [],
        -1,
        1e300,
        float("nan"),
        "1969-12-31",
        "0001-01-01",
        "2" * 99,
    ],
)
def test_what_is_no_time_is_refused_with_a_reason(given: object) -> None:
    with pytest.raises(ValueError, match=r"must be an ISO 8601 time|must lie between"):
        parse_timestamp(given)


def test_a_clock_that_is_up_to_five_minutes_ahead_is_believed() -> None:
    assert time_of(NOON + 300_000, NOON, WEEK) == NOON + 300_000


def test_a_time_further_ahead_is_clamped_to_arrival() -> None:
    assert time_of(NOON + 300_001, NOON, WEEK) == NOON


def test_an_event_as_old_as_the_limit_is_taken_and_an_older_one_is_not() -> None:
    assert time_of(NOON - 7 * DAY, NOON, WEEK) == NOON - 7 * DAY
    with pytest.raises(ValueError, match="older than 7 days"):
        time_of(NOON - 7 * DAY - 1, NOON, WEEK)


def test_an_event_without_a_time_happened_when_it_arrived() -> None:
    assert time_of(None, NOON, WEEK) == NOON


KEY = bytes(32)


def named(batch: list[Event], key: bytes = KEY) -> list[str]:
    return event_ids(batch, key, lambda id_: not id_.startswith("4111"))


def test_a_batch_sent_again_gets_the_same_ids() -> None:
    batch = [
        event(timestamp=NOON, user=user()),
        event(timestamp=NOON, user=user()),
        event(timestamp=NOON + 1),
    ]
    assert named(batch) == named(batch)


def test_equal_events_of_one_batch_differ_by_their_ordinal() -> None:
    ids = named([event(timestamp=NOON)] * 3)
    assert len(set(ids)) == 3
    assert named([event(timestamp=NOON)]) == ids[:1]


def test_a_derived_id_does_not_depend_on_the_neighbours() -> None:
    one, other = event(timestamp=NOON), event(timestamp=NOON, subject="/docs")
    assert named([one, other]) == named([other, one])[::-1]


@pytest.mark.parametrize(
    "change",
    [
        {"user": user("john")},
        {"timestamp": NOON + 1},
        {"action": "click"},
        {"subject": "/docs"},
        {"value": 1},
        {"attributes": {"to": "/"}},
        {"context": {}},
        {"session_id": "s"},
    ],
)
def test_a_derived_id_depends_on_user_time_and_content(change: dict[str, object]) -> None:
    same = {"timestamp": NOON, "user": user()}
    assert named([event(**same)]) != named([event(**{**same, **change})])


def test_a_derived_id_does_not_depend_on_how_time_was_clamped() -> None:
    first, again = event(timestamp=NOON, time=NOON), event(timestamp=NOON, time=NOON - 5)
    assert named([first]) == named([again])


def test_a_derived_id_cannot_be_recomputed_without_the_key() -> None:
    assert named([event(timestamp=NOON)]) != named([event(timestamp=NOON)], bytes([1] * 32))


def test_the_senders_own_id_is_kept_and_an_event_without_time_gets_a_random_one() -> None:
    ids = named([event(id="mine"), event(), event()])
    assert ids[0] == "mine"
    assert ids[1] != ids[2]


def test_an_id_by_which_no_event_can_be_known_is_as_none() -> None:
    same = {"timestamp": NOON, "user": user()}
    assert named([event(**same, id="4111111111111111")]) == named([event(**same)])
