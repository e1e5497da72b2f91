import logging
import os
import runpy
import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped] # it has no types


@pytest.fixture
def conf(repository: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("INSIGHTS_CONFIG", str(repository / "config" / "app-config.yaml"))
    return runpy.run_path(str(repository / "config" / "gunicorn.conf.py"))


@pytest.fixture
def logger(conf: dict[str, Any]) -> Any:
    settings = Config()
    settings.set("accesslog", "-")
    return conf["logger_class"](settings)


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


def test_a_reload_goes_on_counting_where_the_workers_have_counted(
    repository: Path, conf: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # is as before after this test
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for _ in range(2):
        conf = runpy.run_path(str(repository / "config" / "gunicorn.conf.py"))
    (counts,) = tmp_path.iterdir()
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(counts)
    conf["on_exit"](None)
    assert not counts.exists()


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("WEB_CONCURRENCY=0", "1 to 1000"),
        ("PORT=99999", "0 to 65535"),
        ("PORT=http", "0 to 65535"),
    ],
)
def test_a_variable_that_is_not_the_number_it_should_be_is_one_line_and_exit_2(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, numbers: str
) -> None:
    variable, _, value = said.partition("=")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(repository / "config" / "gunicorn.conf.py"))
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"insights: {variable}: must be a whole number from {numbers}\n"


def _fail(said: str) -> None:
    raise LookupError(said) from ValueError(said)


def test_an_error_in_the_midst_of_an_answer_is_logged_without_what_it_says(
    logger: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "jane"
    try:
        _fail(said)
    except LookupError:
        logger.exception("the answer broke off")
    written = caplog.text + capfd.readouterr().err
    assert "the answer broke off" in written
    assert "unexpected LookupError" in written
    assert "in _fail" in written
    assert said not in written


def test_workers_share_the_processors_evenly_also_after_one_was_replaced(conf: dict[str, Any]) -> None:
    conf["_processors"][:] = [2, 0, 1]
    server = SimpleNamespace(WORKERS={})

    def started(number: int) -> int:
        worker = SimpleNamespace()
        conf["pre_fork"](server, worker)
        server.WORKERS[number] = worker
        return int(worker.processor)

    assert [started(number) for number in range(6)] == [2, 0, 1, 2, 0, 1]
    del server.WORKERS[1]
    assert started(6) == 0
