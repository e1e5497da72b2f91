"""A dashboard of a service that has counted nothing yet, and of one that cannot have any."""

import re
import shlex
from dataclasses import replace
from typing import Any

import pytest

from insights_backend.app import create_dashboard
from insights_backend.errors import ConfigError
from insights_backend.settings.values import AuthSettings, Secret, UploadSettings
from insights_backend.web.dashboard.welcome import first_event
from tests.app import BASE, Make, Service
from tests.html import elements


@pytest.mark.parametrize(
    ("auth", "variables"),
    [
        (AuthSettings(mode="none"), {}),
        (AuthSettings(mode="static", tokens=(Secret("relay-token-1"),)), {"RELAY_TOKEN": "relay-token-1"}),
    ],
)
def test_an_empty_installation_shows_how_to_send_a_first_event(
    make: Make, auth: AuthSettings, variables: dict[str, str]
) -> None:
    service = make(auth=auth)
    page = service.client.get("/", base_url="http://insights.example.com:7008").text
    assert not elements(page, "data")
    (command,) = elements(page, "code")
    assert sent(service, "".join(command.texts), variables).status_code == 200
    assert elements(service.client.get("/").text, "h2")


def sent(service: Service, command: str, variables: dict[str, str]) -> Any:
    """Do as the command says."""
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    curl, *options, url = shlex.split(command.replace("\\\n", " "))
    assert (curl, url) == ("curl", f"http://insights.example.com:7008{BASE}/events")
    flags = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for flag, value in flags if flag == "-H")
    (data,) = (value for flag, value in flags if flag == "--data")
    return service.client.post(f"{BASE}/events", data=data, headers=headers)


def test_an_empty_portal_of_backstage_users_names_the_token_to_send() -> None:
    assert '-H "Authorization: Bearer $BACKSTAGE_TOKEN"' in first_event("http://x/events", "backstage")


def test_an_empty_collector_says_how_others_upload_to_it(make: Make) -> None:
    page = make(roles=("collector",)).client.get("/").text
    assert "insights token create NAME --scope upload" in page
    assert "curl" not in page


def test_a_process_that_uploads_has_no_dashboard(make: Make) -> None:
    settings = replace(make().insights.settings, upload=UploadSettings(url="http://c", token=Secret("upload-1")))
    with pytest.raises(ConfigError, match=re.escape("upload.url")):
        create_dashboard(settings)
