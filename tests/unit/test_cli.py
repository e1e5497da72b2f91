import json
from contextlib import closing
from pathlib import Path

import pytest
import responses
from click.testing import CliRunner, Result

from insights_backend.cli import main
from insights_backend.composition import make_data_dir
from insights_backend.delivery.destination import DeadLetter
from insights_backend.delivery.outbox import Outbox
from tests.app import ORGANISATION
from tests.fakes import Clock

CONFIG = """
backstageInsights:
  dataDir: {directory}/var
  auth: {{ mode: static, tokens: [relay-secret-1] }}
  catalog: {{ file: {directory}/org.yaml }}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "org.yaml").write_text(ORGANISATION)
    file = tmp_path / "app-config.yaml"
    file.write_text(CONFIG.format(directory=tmp_path))
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), *arguments])


def test_a_token_is_shown_once_listed_without_itself_and_revoked(config: Path) -> None:
    made = run(config, "token", "create", "monday", "--scope", "view")
    token = made.stdout.strip()
    assert token.startswith("ibt_")
    listed = run(config, "token", "list").stdout
    assert "monday" in listed
    assert "live" in listed
    assert token not in listed
    assert run(config, "token", "revoke", "monday").exit_code == 0
    assert "revoked" in run(config, "token", "list").stdout
    again = run(config, "token", "revoke", "monday")
    assert again.exit_code == 1
    assert "there is no live token named monday" in again.stderr


def test_a_token_needs_a_name_of_its_own(config: Path) -> None:
    run(config, "token", "create", "monday", "--scope", "view")
    again = run(config, "token", "create", "monday", "--scope", "admin")
    assert again.exit_code == 2
    assert again.stderr.startswith("insights: ")


def test_a_token_for_uploads_named_as_the_services_own_portal_is_refused_in_one_line(config: Path) -> None:
    refused = run(config, "token", "create", "local", "--scope", "upload")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("insights: name: local is what this service calls its own portal; choose another")
    assert refused.stderr.count("\n") == 1


def test_the_configuration_is_printed_without_its_secrets(config: Path) -> None:
    printed = run(config, "config", "print").stdout
    assert "mode: static" in printed
    assert "relay-secret" not in printed


def test_a_configuration_that_can_be_used_is_said_to_be(config: Path) -> None:
    checked = run(config, "config", "check")
    assert checked.exit_code == 0
    assert checked.stdout.endswith("\nThe configuration can be used.\n")
    assert "relay-secret" not in checked.stdout


def test_a_wrong_configuration_is_one_line_and_exit_code_2(config: Path) -> None:
    config.write_text("backstageInsights: {colour: red}")
    wrong = run(config, "config", "check")
    assert wrong.exit_code == 2
    assert wrong.stderr.count("\n") == 1
    assert f"{config}: backstageInsights.colour" in wrong.stderr


def test_the_outbox_says_what_waits(config: Path, tmp_path: Path) -> None:
    assert "requests: 0" in run(config, "outbox", "status").stdout
    outbox = Outbox(tmp_path / "var", max_bytes=1000, clock=Clock())
    outbox.append(b"a\nb\n", events=2, received_at=0)
    outbox.close()
    status = run(config, "outbox", "status").stdout
    assert "requests: 1\nevents:   2\nbytes:    4\n" in status
    assert "s ago" in status


@pytest.mark.parametrize("command", [("outbox", "status"), ("token", "list"), ("rotate-salt",)])
def test_a_data_directory_that_cannot_be_made_is_one_line_and_exit_code_2(
    config: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    config.write_text(config.read_text().replace(f"{tmp_path}/var", f"{tmp_path}/file/var"))
    refused = run(config, *command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("insights: backstageInsights.dataDir: ")


def test_dead_letters_are_listed_shown_and_queued_again(config: Path, tmp_path: Path) -> None:
    bury(tmp_path / "var")
    assert "http_422     1 events in 1 letters, last 2026-11-23 10:00" in run(config, "outbox", "dead").stdout
    assert run(config, "outbox", "dead", "--show").stdout == '{"id":"bad"}\n'
    assert run(config, "outbox", "requeue").stdout == "1 events wait again\n"
    assert run(config, "outbox", "dead").stdout == ""
    assert "requests: 1" in run(config, "outbox", "status").stdout


def test_a_dead_letter_that_is_shown_commands_no_terminal(config: Path, tmp_path: Path) -> None:
    bury(tmp_path / "var", '{"id":"\x9b2J \x7f é"}\n'.encode())
    assert run(config, "outbox", "dead", "--show").stdout == '{"id":"\\u009b2J \\u007f é"}\n'


UPLOAD = """
  upload: { url: "https://insights.example.com/api/backstage-insights", token: portal-secret, retries: 0 }
"""
BATCHES = "https://insights.example.com/api/backstage-insights/v1/batches"


@responses.activate
def test_what_an_outage_left_behind_is_delivered_by_hand(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text() + UPLOAD)
    make_data_dir(tmp_path / "var")
    with closing(Outbox(tmp_path / "var", max_bytes=1000, clock=Clock())) as outbox:
        outbox.append(b'{"id":"1"}\n', events=1, received_at=0)
    responses.post(BATCHES, status=503)
    down = run(config, "outbox", "drain")
    assert down.exit_code == 1
    assert "1 events still wait: the collector at insights.example.com answered 503" in down.stderr
    responses.upsert("POST", BATCHES, json={"accepted": 1})
    assert run(config, "outbox", "drain").exit_code == 0
    assert "requests: 0" in run(config, "outbox", "status").stdout


def test_a_collector_has_nothing_to_drain(config: Path, tmp_path: Path) -> None:
    config.write_text(f"backstageInsights: {{ roles: [collector], dataDir: {tmp_path}/var }}")
    nothing = run(config, "outbox", "drain")
    assert nothing.exit_code == 1
    assert "has no outbox" in nothing.stderr


def bury(directory: Path, lines: bytes = b'{"id":"bad"}\n') -> None:
    make_data_dir(directory)
    with closing(Outbox(directory, max_bytes=1000, clock=Clock())) as outbox:
        outbox.append(lines, events=1, received_at=0)
        batch = outbox.claim(max_events=1)
        assert batch is not None
        outbox.arrived(batch, [DeadLetter("http_422", 1, batch.lines)])


@responses.activate
def test_the_export_of_a_running_service_is_saved(config: Path, tmp_path: Path) -> None:
    responses.get(
        "http://127.0.0.1:7008/api/backstage-insights/export",
        body=b'{"id":"1"}\n',
        match=[
            responses.matchers.query_param_matcher({"from": "2026-11-01", "format": "ndjson"}),
            responses.matchers.header_matcher({"Authorization": "Bearer ibt_x"}),
        ],
    )
    file = tmp_path / "events.ndjson"
    saved = run(config, "export", "--from", "2026-11-01", "--token", "ibt_x", "--output", str(file))
    assert saved.exit_code == 0
    assert file.read_bytes() == b'{"id":"1"}\n'


@responses.activate
def test_an_export_that_is_refused_says_what_the_service_said(config: Path) -> None:
    url = "http://127.0.0.1:7008/api/backstage-insights/export"
    responses.get(url, status=403, body='{"error":{"code":"forbidden"}}')
    refused = run(config, "export")
    assert refused.exit_code == 1
    assert "the service answered 403" in refused.stderr


def test_an_export_from_where_nothing_listens_says_so(config: Path) -> None:
    with responses.RequestsMock():
        nowhere = run(config, "export", "--url", "http://127.0.0.1:1")
    assert nowhere.exit_code == 1
    assert "cannot be reached (ConnectionError)" in nowhere.stderr


# --- what redaction would do ---------------------------------------------------------------------------------------


def redacted(config: Path, given: str, *arguments: str) -> list[str]:
    done = CliRunner().invoke(main, ["--config", str(config), "redact", *arguments], input=given)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_redact_shows_what_becomes_of_lines_and_why(config: Path) -> None:
    assert redacted(config, "mail jane@example.com, call +49 30 901820\nnothing here\n") == [
        "mail [email], call [phone]\t# email, phone",
        "nothing here",
    ]
    assert redacted(config, "jane@example.com", "--explain") == ["[email]\t# email (email/plain)"]


def test_redact_shows_what_becomes_of_each_field_of_an_event_and_why(config: Path) -> None:
    event = {
        "subject": "/x?email=a@example.com",
        "user": "user:default/jane",
        "context": {"userName": "Jane", "a@example.com": 1, "ok": 1},
        "attributes": {"list": [{"ip": "10.1.2.3"}]},
        "entity": "user:default/jane",
    }
    (line,) = redacted(config, json.dumps({"events": [event]}, indent=2), "--explain")
    shown = json.loads(line)
    assert shown["result"]["context"] == {"[email]": 1, "ok": 1}
    assert [(change["at"], change["reason"], change["rule"]) for change in shown["changes"]] == [
        ("subject", "email", "email/plain"),
        ("user", "pseudonym", "policy/pseudonymise"),
        ("context.userName", "dropped", "policy/drop"),
        ("context", "email", "email/plain"),
        ("attributes.list.ip", "ip", "ip/v4"),
        ("entity", "username", "username/reference"),
    ]
    assert {"at": "context.userName", "reason": "dropped"} in json.loads(*redacted(config, json.dumps(event)))[
        "changes"
    ]


def test_the_printed_configuration_says_what_happens_to_each_field(config: Path) -> None:
    printed = run(config, "config", "print").stdout
    assert "#   subject: scan\n" in printed
    assert "#   *.email: drop\n" in printed
