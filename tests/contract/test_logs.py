import json
import logging.config
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from insights_backend.logs import LogFormat, logging_config
from insights_backend.settings.values import CatalogSettings
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.failures import WarehouseUnavailableError
from tests.app import VISIT, Make, Service
from tests.clickhouse_process import clickhouse
from tests.faults import portal_config
from tests.process import serving

CATALOG = "http://backstage.example.com/api/catalog"
REQUEST = "0f5c1f7e-7a52-4f0e-9d6c-3a1c2b4d5e6f"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def service(make: Make) -> Service:
    return make(catalog=CatalogSettings(base_url=CATALOG))


def answered(service: Service, **headers: str) -> str:
    return str(service.get("/config", headers=headers).headers["X-Request-Id"])


def test_a_request_keeps_the_id_that_it_came_with(service: Service) -> None:
    assert answered(service, **{"X-Request-Id": REQUEST}) == REQUEST
    assert answered(service, **{"X-Request-Id": TRACE}) == TRACE


@pytest.mark.parametrize("id_", ["", "jane", "jane@example.com", "4111111111111111", f"{REQUEST}x", REQUEST * 9])
def test_an_id_that_could_be_anything_gives_way_to_one_of_ours(service: Service, id_: str) -> None:
    first, second = (answered(service, **{"X-Request-Id": id_}) for _ in range(2))
    assert first != second
    assert len(first) == len(second) == 32


@responses.activate
@pytest.mark.parametrize(
    ("parent", "passed_on"),
    [
        (PARENT, PARENT),
        ("", None),
        ("00-jane-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
    ],
)
def test_whoever_is_asked_meanwhile_learns_of_the_request_and_its_trace(
    service: Service, parent: str, passed_on: str | None
) -> None:
    asked = responses.post(f"{CATALOG}/entities/by-refs", json={"items": [None, None]})
    service.post([VISIT], headers={"X-Request-Id": REQUEST, "traceparent": parent})
    assert asked.calls[0].request.headers["X-Request-Id"] == REQUEST
    assert asked.calls[0].request.headers.get("traceparent") == passed_on


@responses.activate
def test_what_is_asked_outside_of_a_request_belongs_to_none(service: Service) -> None:
    service.get("/config")
    asked = responses.get(f"{CATALOG}/entity-facets", json={"facets": {}})
    responses.get(f"{CATALOG}/entities/by-query", json={"items": [], "totalItems": 0, "pageInfo": {}})
    service.backend.census.take()
    assert [call.request.headers.get("X-Request-Id") for call in (*asked.calls, *responses.calls)] == [None]


def said(capfd: pytest.CaptureFixture[str], log_format: LogFormat, service: Service) -> str:
    before = logging.root.handlers[:]
    try:
        logging.config.dictConfig(logging_config(log_format))
        headers = {"X-Request-Id": REQUEST, "traceparent": PARENT}
        service.client.get("/broken", headers=headers)
    finally:
        logging.root.handlers[:] = before
    return capfd.readouterr().err


@pytest.fixture
def broken(service: Service) -> Service:
    mail = "jane@example.com"

    def break_() -> str:
        raise RuntimeError(mail)

    service.client.application._got_first_request = False
    service.client.application.add_url_rule("/broken", view_func=break_)
    return service


def test_a_line_for_people_names_its_request(capfd: pytest.CaptureFixture[str], broken: Service) -> None:
    line, *frames = said(capfd, "human", broken).splitlines()
    assert line.endswith(f"ERROR insights_backend.web.problems [{REQUEST}]: unexpected RuntimeError")
    assert frames
    assert "jane" not in "\n".join(frames)


def test_a_line_for_machines_is_an_object_that_names_request_and_trace(
    capfd: pytest.CaptureFixture[str], broken: Service
) -> None:
    line: dict[str, Any] = json.loads(said(capfd, "json", broken))
    assert sorted(line) == ["level", "logger", "message", "requestId", "time", "traceId"]
    assert (line["level"], line["requestId"], line["traceId"]) == ("ERROR", REQUEST, TRACE)
    assert line["time"].endswith("+00:00")
    assert "jane" not in line["message"]


def test_every_line_of_a_running_service_is_json_gunicorns_too(tmp_path: Path) -> None:
    config = portal_config(tmp_path / "portal", "http://127.0.0.1:9")
    config.write_text(f"{config.read_text()}  logFormat: json\n")
    with serving(
        config, tmp_path / "log", ("--access-logfile", "-", "-c", "config/gunicorn.conf.py", "wsgi:app")
    ) as it:
        requests.get(f"{it.api}/config", timeout=10)
        assert it.terminate() == 0
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {"gunicorn.error", "gunicorn.access", "insights_backend.running"} <= {line["logger"] for line in lines}


def test_no_line_tells_what_a_server_was_asked_that_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = "SELECT {name:String} AS name", {"name": "jane"}
    with ExitStack() as until_gone, ExitStack() as to_the_end:
        server = until_gone.enter_context(clickhouse(tmp_path))
        engine = to_the_end.enter_context(closing(Engine(f"{server}/insights")))
        assert engine.rows(*asked) == [{"name": "jane"}]
        until_gone.close()
        with pytest.raises(WarehouseUnavailableError):
            engine.rows(*asked)
    assert "jane" not in caplog.text
