import logging
import runpy
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped] # it has no types


@pytest.fixture
def logger(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("INSIGHTS_CONFIG", str(repository / "config" / "app-config.yaml"))
    settings = Config()
    settings.set("accesslog", "-")
    return runpy.run_path(str(repository / "config" / "gunicorn.conf.py"))["logger_class"](settings)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/backstage-insights/users/user%3Adefault%2Fjane", "/api/backstage-insights/users/[user]"),
        ("/api/backstage-insights/users/user:default/jane?x=1", "/api/backstage-insights/users/[user]?x=1"),
        ("/api/backstage-insights/total-users", "/api/backstage-insights/total-users"),
    ],
)
def test_an_access_log_tells_the_path_of_a_request_and_no_person(
    logger: Any, caplog: pytest.LogCaptureFixture, path: str, expected: str
) -> None:
    environ = {"REQUEST_METHOD": "DELETE", "RAW_URI": path, "PATH_INFO": path, "SERVER_PROTOCOL": "HTTP/1.1"}
    answer = SimpleNamespace(status="200 OK", headers=[], sent=7)
    logger.access_log.addHandler(caplog.handler)
    caplog.handler.setFormatter(logging.Formatter("%(message)s"))
    logger.access(answer, SimpleNamespace(headers=[]), environ, timedelta(0))
    logger.access_log.removeHandler(caplog.handler)
    assert f"DELETE {expected} HTTP/1.1" in caplog.text
    assert "jane" not in caplog.text
