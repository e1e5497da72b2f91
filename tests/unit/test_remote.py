"""The commands that ask a running service."""

from pathlib import Path

import pytest
import responses
from click.testing import CliRunner, Result

from insights_backend.cli import main

SERVICE = "http://127.0.0.1:7008/api/backstage-insights"
ERASED = {"erased": 120, "mentions": 4, "pseudonym": "u_k3vq_nzqw4y3jmfzgs5dfon2gk3tfmrzxi2lo"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments])


@responses.activate
def test_a_person_is_erased_by_the_running_service_and_the_counts_are_told() -> None:
    asked = responses.delete(
        f"{SERVICE}/users/user%3Adefault%2Fjane",
        json=ERASED,
        match=[responses.matchers.header_matcher({"Authorization": "Bearer ibt_x"})],
    )
    done = run("erase-user", "user:default/jane", "--token", "ibt_x")
    assert done.exit_code == 0
    assert done.stdout == f"erased 120 events of {ERASED['pseudonym']}, and the name in 4 events of others\n"
    assert asked.call_count == 1


@responses.activate
def test_what_is_stored_about_a_person_is_saved_as_the_service_says_it(tmp_path: Path) -> None:
    responses.get(f"{SERVICE}/users/user%3Adefault%2Fjane/export", body=b'{"id":"1"}\n{"id":"2"}\n')
    file = tmp_path / "jane.ndjson"
    assert run("export-user", "user:default/jane", "--output", str(file)).exit_code == 0
    assert file.read_bytes() == b'{"id":"1"}\n{"id":"2"}\n'


@responses.activate
def test_where_nothing_is_stored_nothing_is_left_of_what_was_saved_before(tmp_path: Path) -> None:
    responses.get(f"{SERVICE}/export", body=b"")
    file = tmp_path / "events.ndjson"
    file.write_bytes(b'{"id":"1"}\n')
    assert run("export", "--output", str(file)).exit_code == 0
    assert file.read_bytes() == b""


@responses.activate
def test_a_service_that_refuses_to_erase_is_quoted_and_the_person_is_not_named() -> None:
    problem = {"error": {"code": "forbidden", "message": "this needs a token with the scope admin"}}
    responses.delete(f"{SERVICE}/users/jane", status=403, json=problem)
    refused = run("erase-user", "jane")
    assert refused.exit_code == 1
    assert refused.stderr == "Error: the service answered 403: this needs a token with the scope admin\n"


def test_a_service_that_is_not_there_is_said_to_be_out_of_reach_and_the_person_is_not_named() -> None:
    with responses.RequestsMock():
        nowhere = run("erase-user", "jane", "--url", "http://127.0.0.1:1")
    assert nowhere.exit_code == 1
    assert "http://127.0.0.1:1 cannot be reached (ConnectionError)" in nowhere.stderr
    assert "jane" not in nowhere.stderr


@pytest.mark.parametrize("url", ["insights", "ftp://insights", "http://"])
def test_what_is_no_address_of_a_service_is_told_from_one_that_is_out_of_reach(url: str) -> None:
    refused = run("erase-user", "jane", "--url", url)
    assert refused.exit_code == 2
    assert "Invalid value for --url: expected an address such as http://127.0.0.1:7008" in refused.stderr


def test_a_token_that_cannot_be_sent_is_refused_without_being_repeated() -> None:
    refused = run("erase-user", "jane", "--token", "secret\n1")
    assert refused.exit_code == 2
    assert "--token" in refused.stderr
    assert "secret" not in refused.stderr


@responses.activate
def test_the_weekly_summary_is_saved_as_the_service_wrote_it(tmp_path: Path) -> None:
    page = "<!doctype html>\n<p>12\u00a0people</p>\r\n"
    bearer = [responses.matchers.header_matcher({"Authorization": "Bearer ibt_x"})]
    responses.get("http://127.0.0.1:7008/weekly", body=page, content_type="text/html; charset=utf-8", match=bearer)
    file = tmp_path / "weekly.html"
    assert run("report", "--weekly", "--token", "ibt_x", "--output", str(file)).exit_code == 0
    assert file.read_bytes() == page.encode()


@responses.activate
def test_a_service_that_asks_for_a_login_is_not_shown_as_a_page() -> None:
    responses.get("http://127.0.0.1:7008/weekly", status=401, body="<form>", content_type="text/html")
    refused = run("report", "--weekly")
    assert refused.exit_code == 1
    assert refused.stderr == "Error: the service answered 401: Unauthorized\n"


def test_a_report_must_be_named() -> None:
    assert "--weekly" in run("report").stderr


@responses.activate
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "insights token create demo --scope upload"),
        (403, "insights token create demo --scope upload"),
        (404, "it must have the role collector"),
    ],
)
def test_a_service_that_does_not_take_the_history_says_what_it_needs(status: int, expected: str) -> None:
    responses.post(f"{SERVICE}/v1/batches", status=status)
    refused = run("demo", "--users", "2", "--days", "1")
    assert refused.exit_code == 1
    assert expected in refused.stderr


@responses.activate
def test_events_of_the_history_that_are_refused_are_no_success() -> None:
    responses.post(f"{SERVICE}/v1/batches", status=422)
    refused = run("demo", "--users", "5", "--days", "9")
    assert refused.exit_code == 1
    assert "events for good" in refused.stderr
