"""A service that uploads to what speaks Segment's batch API, as it is configured."""

import json
from typing import Any

import responses

from insights_backend.settings.values import Secret, UploadSettings
from tests.app import VISIT, Make


@responses.activate
def test_a_service_uploads_in_the_format_that_it_is_told(make: Make) -> None:
    responses.post("https://events.example.com/v1/batch", json={"success": True})
    upload = UploadSettings(url="https://events.example.com", token=Secret("a-write-key"), format="segment")
    service = make(upload=upload, roles=("backend",))
    assert service.post({**VISIT, "id": "a"}).status_code == 200
    request: Any = responses.calls[0].request
    (message,) = json.loads(request.body)["batch"]
    assert (message["type"], message["messageId"], message["name"]) == ("page", "a", VISIT["subject"])
    assert message["userId"].startswith("u_")
    assert message["properties"]["groups"] == ["group:default/team-a"]
