import pytest

from insights_backend.settings.values import AuthSettings, IngestSettings, OutboxSettings, Secret
from tests.app import VISIT, Make, Service, error

LIMITED = IngestSettings(events_per_minute=3)
RELAY = {"Authorization": "Bearer a-relays-token"}


@pytest.fixture
def service(make: Make) -> Service:
    return make(ingest=LIMITED)


def test_a_user_who_is_over_the_rate_is_told_when_to_send_again(service: Service) -> None:
    assert service.post([VISIT] * 4).json["accepted"] == 4
    answer = service.post([VISIT])
    assert (answer.status_code, *error(answer)[1:]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 21


def test_others_may_still_send(service: Service) -> None:
    service.post([VISIT] * 4)
    assert service.post([VISIT], user="user:corp/john").json["accepted"] == 1


def test_whatever_format_a_user_sends_in_counts(service: Service) -> None:
    service.post([VISIT] * 4)
    answer = service.client.post(
        "/api/adoption-insights/events", json=[], headers={"X-Insights-User": "user:default/jane"}
    )
    assert error(answer) == (429, "rate_limited")


def test_events_that_are_refused_count_too(service: Service) -> None:
    service.post([{}] * 4)
    assert error(service.post([VISIT])) == (429, "rate_limited")


def test_events_that_could_not_be_stored_count_for_nobody(make: Make) -> None:
    service = make(ingest=LIMITED, outbox=OutboxSettings(max_bytes=10))
    assert [service.post([VISIT] * 4).status_code for _ in range(3)] == [503] * 3


def test_a_relay_has_no_limit_since_it_sends_for_a_whole_portal(make: Make) -> None:
    service = make(ingest=LIMITED, auth=AuthSettings(mode="static", tokens=(Secret("a-relays-token"),)))
    for _ in range(3):
        assert service.post([VISIT] * 4, user=None, headers=RELAY).json["accepted"] == 4
