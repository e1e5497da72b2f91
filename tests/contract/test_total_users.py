"""The number of people from the catalog to the record: written by the service itself, or by the collector it tells."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import responses
from requests import PreparedRequest

from insights_backend.model.total_users import TotalUsers
from insights_backend.settings.values import Secret, UploadSettings
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.total_users import TotalUsersRecord
from tests.app import BASE, VISIT, Make, Service
from tests.fakes import NOW

DAY = 86_400
COLLECTOR = "https://insights.example.com/api/backstage-insights"


def total(number: int, seconds: float = 0, environment: str = "production") -> TotalUsers:
    """A number of so many seconds after the moment at which tests play."""
    return TotalUsers(number=number, as_of=int((NOW + seconds) * 1000), environment=environment)


def recorded(engine: Engine) -> list[tuple[str, str, str, int]]:
    rows = engine.rows("SELECT * FROM total_users FINAL ORDER BY instance, environment, day", {})
    return [(row["instance"], row["environment"], row["day"].isoformat(), row["total"]) for row in rows]


# The record


def test_a_days_last_number_stands_in_whichever_order_and_however_often_they_come(either_engine: Engine) -> None:
    record = TotalUsersRecord(either_engine)
    for number, seconds in ((5, 0), (5, 0), (7, 60), (6, 30), (7, 60), (4, -DAY), (9, DAY)):
        record.record("local", total(number, seconds))
    assert recorded(either_engine) == [
        ("local", "production", "2026-11-22", 4),
        ("local", "production", "2026-11-23", 7),
        ("local", "production", "2026-11-24", 9),
    ]


def test_a_day_is_one_of_utc(engine: Engine) -> None:
    record = TotalUsersRecord(engine)
    record.record("local", total(1, 14 * 3600 - 0.001))
    record.record("local", total(2, 14 * 3600))
    assert [day for _, _, day, _ in recorded(engine)] == ["2026-11-23", "2026-11-24"]


def test_whatever_names_hold_is_data_and_never_sql(either_engine: Engine) -> None:
    names = ["'); DROP TABLE total_users --", "{day:Date32}%s%(x)s", "größe 日本\n\t\\", '"']
    record = TotalUsersRecord(either_engine)
    for name in names * 2:
        record.record(name, total(1, environment=name))
    assert sorted(name for name, *_ in recorded(either_engine)) == sorted(names)
    # What came twice was written once: rows of several portals are never put together.
    (count,) = either_engine.rows("SELECT count() AS rows FROM total_users", {})
    assert count["rows"] == len(names)


# The service itself


def test_a_service_records_the_number_of_its_own_portal(make: Make, engine: Engine) -> None:
    service = make(environment="staging")
    service.backend.census.take()
    assert recorded(engine) == [("local", "staging", "2026-11-23", 2)]


def test_a_past_period_keeps_the_number_that_was_known_then(service: Service) -> None:
    service.backend.census.take()
    service.clock.now += 3 * DAY
    service.warehouse.total_users.record("local", total(40, DAY))
    question = "/reports/adoption?from=2026-11-22&to=2026-11-26"
    assert [row["total"] for row in service.get(question).json["rows"]] == [2, 2, 40, 40, 2]
    (summary,) = service.get("/reports/summary?to=2026-11-25").json["rows"]
    assert summary["totalUsers"] == 40
    assert service.get(f"{question}&format=csv").text.splitlines()[1] == "2026-11-22,0,2,0.0"


def test_a_service_that_only_logs_records_nothing(make: Make, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    service = make(debug=True)
    with caplog.at_level("INFO"):
        service.backend.census.take()
    assert "would record 2 total users" in caplog.text
    assert recorded(engine) == []


# Through a collector


@pytest.fixture
def uploading(make: Make) -> Iterator[tuple[Service, list[bytes]]]:
    """A service that uploads, and the bodies that it has sent."""
    sent: list[bytes] = []

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert isinstance(request.body, bytes)
        sent.append(request.body)
        return 200, {}, '{"accepted": 1}'

    with responses.RequestsMock() as mock:
        mock.add_callback(responses.POST, f"{COLLECTOR}/v1/batches", answer)
        yield make(upload=UploadSettings(url=COLLECTOR, token=Secret("upload-token"))), sent


def test_a_service_that_uploads_tells_its_number_once_it_knows_it_and_the_collector_records_it(
    uploading: tuple[Service, list[bytes]], make: Make, engine: Engine, tmp_path: Path
) -> None:
    portal, sent = uploading
    portal.post(VISIT)
    portal.backend.census.take()
    portal.post(VISIT)
    before, after = sent
    assert b"totalUsers" not in gzip.decompress(before)
    collector = make(data_dir=tmp_path / "collector")
    token = collector.insights.tokens.create("portal-a", "upload")
    for number, body in enumerate((before, after, after)):
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(number),
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        answer = collector.client.post(f"{BASE}/v1/batches", data=body, headers=headers)
        assert (answer.status_code, answer.json) == (200, {"accepted": 1})
    assert recorded(engine) == [("portal-a", "production", "2026-11-23", 2)]
