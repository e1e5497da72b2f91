"""A backend process that uploads to a collector process, as two portals' services would."""

import os
import time
from pathlib import Path
from typing import Any

import requests

from insights_backend.access import TokenStore
from insights_backend.composition import make_data_dir
from tests.faults import backlog
from tests.process import REPOSITORY, TAKEN, Process, eventually, serving

COLLECTOR = """
backstageInsights:
  roles: [collector]
  dataDir: {directory}
"""
BACKEND = """
backstageInsights:
  dataDir: {directory}
  auth: {{ mode: none }}
  catalog: {{ file: {organisation} }}
  upload: {{ url: "{url}/api/backstage-insights", token: "{token}" }}
"""


def test_events_of_a_portal_arrive_at_the_collector_under_the_portals_name(tmp_path: Path) -> None:
    collector_data, portal = tmp_path / "collector", tmp_path / "backend"
    make_data_dir(collector_data)
    store = TokenStore(collector_data / "tokens.sqlite3", time.time, os.urandom)
    upload, admin = store.create("portal-a", "upload"), store.create("me", "admin")
    collector_config = written(tmp_path / "collector.yaml", COLLECTOR.format(directory=collector_data))
    with serving_at(collector_config, tmp_path) as collector:
        organisation = REPOSITORY / "config" / "org.yaml"
        text = BACKEND.format(directory=portal / "var", organisation=organisation, url=collector.url, token=upload)
        with serving_at(written(tmp_path / "backend.yaml", text), tmp_path) as backend:
            send(backend)
            assert requests.get(f"{backend.api}/export", timeout=10).status_code == 404  # nothing is stored there
            assert eventually(lambda: not backlog(portal).requests)
        headers = {"Authorization": f"Bearer {admin}"}
        event = requests.get(f"{collector.api}/export", headers=headers, timeout=10).json()
        assert (event["instance"], event["entity"]) == ("portal-a", "component:default/web-1")
        refused = requests.post(f"{collector.api}/events", json={}, timeout=10)
        assert refused.status_code == 404  # a collector takes no portal's events
        assert requests.get(f"{collector.url}/readyz", timeout=10).json() == {"status": "ready", "degraded": {}}


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def serving_at(config: Path, directory: Path) -> Any:
    return serving(config, directory / f"{config.stem}.log")


def send(backend: Process) -> None:
    event = {"action": "navigate", "subject": "/catalog/default/component/web-1", "context": {"pluginId": "catalog"}}
    answer = requests.post(
        f"{backend.api}/events", json=event, headers={"X-Insights-User": "user:default/guest"}, timeout=30
    )
    assert answer.status_code in TAKEN, answer.text
