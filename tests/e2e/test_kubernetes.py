"""The manifests say what Kubernetes understands, by its own schemas, and nothing that it does not know."""

from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from tests.process import REPOSITORY

OLDEST = "1.28"


def objects() -> dict[str, Any]:
    """The objects of all manifests, by file and kind."""
    return {
        f"{file.stem} {each['kind']}": each
        for file in sorted((REPOSITORY / "deploy" / "kubernetes").glob("*.yaml"))
        for each in YAML(typ="safe", pure=True).load_all(file.read_text())
    }


@pytest.mark.parametrize("name", list(objects()))
@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()], ids=["oldest", "latest"])
def test_an_object_is_what_kubernetes_takes(name: str, version: str) -> None:
    kubernetes_validate.validate(objects()[name], version, strict=True)


@pytest.mark.parametrize(
    "wrong",
    [{"replicsa": 2}, {"replicas": "two"}, {"template": {"spec": {"containers": [{"image": "x"}]}}}],
    ids=["unknown", "of another type", "incomplete"],
)
def test_what_kubernetes_would_refuse_is_found(wrong: dict[str, Any]) -> None:
    deployment = objects()["clickhouse Deployment"]
    deployment["spec"] |= wrong
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, OLDEST, strict=True)
