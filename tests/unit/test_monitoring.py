"""What Prometheus and Grafana are given asks for metrics that there are, by labels that they have."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from insights_backend.metrics import COUNTED, STANDING

OF_THE_LIBRARY = {"process_resident_memory_bytes": {"instance"}}
OF_PROMETHEUS = {"job", "instance", "le"}


def declared() -> dict[str, set[str]]:
    """The labels of every series that a scrape can have, by its name."""
    series: dict[str, set[str]] = {name: {label} if label else set() for name, (_, label) in STANDING.items()}
    for metric in COUNTED:
        (family,) = metric.collect()
        labels = set(metric._labelnames)
        endings = ("_bucket", "_count", "_sum") if family.type == "histogram" else ("_total",)
        series.update({family.name + ending: labels for ending in endings})
    return series | OF_THE_LIBRARY


def panels(repository: Path) -> list[dict[str, Any]]:
    board = json.loads((repository / "config" / "grafana-dashboard.json").read_text())
    return list(board["panels"])


def rules(repository: Path) -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe").load(repository / "config" / "prometheus-alerts.yaml")["groups"]
    return list(group["rules"])


def expressions() -> list[str]:
    repository = Path(__file__).parent.parent.parent
    shown = [target["expr"] for panel in panels(repository) for target in panel["targets"]]
    return shown + [rule["expr"] for rule in rules(repository)]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_for_declared_metrics_by_their_own_labels(expression: str) -> None:
    series = declared()
    names = set(re.findall(r"\b(?:insights|process)_\w+", expression))
    assert names
    assert names <= set(series)
    known = set().union(*(series[name] for name in names)) | OF_PROMETHEUS
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    matched = re.findall(r"[{,](\w+)=", expression)
    assert {label.strip() for group in grouped for label in group.split(",")} | set(matched) <= known


def test_every_metric_of_ours_is_on_the_dashboard(repository: Path) -> None:
    shown = " ".join(target["expr"] for panel in panels(repository) for target in panel["targets"])
    families = {re.sub("_(bucket|count|sum|total)$", "", name) for name in declared()}
    assert {name for name in families if name not in shown} == set()


def test_panels_do_not_overlap(repository: Path) -> None:
    taken = [
        (x, y)
        for panel in panels(repository)
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_an_alert_says_how_bad_it_is_and_what_to_do(repository: Path) -> None:
    names = [rule["alert"] for rule in rules(repository)]
    assert len(set(names)) == len(names)
    for rule in rules(repository):
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}


def described() -> list[str]:
    counted = [
        row(family.name + "_total" * (family.type == "counter"), family.type, metric._labelnames, family.documentation)
        for metric in COUNTED
        for family in metric.collect()
    ]
    return counted + [row(name, "gauge", [label] if label else [], about) for name, (about, label) in STANDING.items()]


def row(name: str, kind: str, labels: Iterable[str], about: str) -> str:
    return f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {about} |"


def test_the_operators_page_describes_every_metric_as_it_is_declared(repository: Path) -> None:
    page = (repository / "docs" / "operating.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `insights_")]
    assert rows == described()
