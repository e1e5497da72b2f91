"""The Dockerfile, the manifests and the unit name what is there: commands, files, ports, routes, keys, variables."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from configparser import RawConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from insights_backend import Settings, __version__, load_settings
from insights_backend.web.openapi.routes import OPERATIONS

MANIFESTS = ("embedded", "clickhouse")
Objects = Mapping[str, dict[str, Any]]
Instructions = list[tuple[str, str]]
SECRETS = {
    "INSIGHTS_CATALOG_TOKEN": "catalog-secret",
    "INSIGHTS_SALT": "a salt of thirty-two bytes, or so",
    "CLICKHOUSE_PASSWORD": "hunter2",
}


# The image


@pytest.fixture
def image(repository: Path) -> Instructions:
    """The instructions of the Dockerfile's last stage and of those before it."""
    text = re.sub(r"\\\n", " ", (repository / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines)]


@pytest.fixture
def environment(image: Instructions) -> dict[str, str]:
    (variables,) = (rest for word, rest in image if word == "ENV")
    return dict(pair.split("=", 1) for pair in shlex.split(variables))


def told(image: Instructions, instruction: str) -> str:
    return next(rest for word, rest in reversed(image) if word == instruction)


def test_all_that_is_copied_into_the_image_is_there_and_not_ignored(image: Instructions, repository: Path) -> None:
    taken = [line[1:] for line in (repository / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [path for word, rest in image if word == "COPY" and "--from" not in rest for path in rest.split()[:-1]]
    assert len(copied) > 5
    for path in copied:
        assert (repository / path).exists()
        assert any(fnmatch(path, pattern) for pattern in taken), path


def test_the_image_runs_what_make_run_runs_and_not_as_root(image: Instructions, repository: Path) -> None:
    command = json.loads(told(image, "ENTRYPOINT"))
    assert " ".join(command) in (repository / "Makefile").read_text()
    assert all(number.isdecimal() and int(number) > 0 for number in told(image, "USER").split(":"))


def test_the_image_looks_after_its_own_health(image: Instructions, environment: dict[str, str]) -> None:
    check = told(image, "HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])
    compile(command[2], "the health check", "exec")
    path = re.search(r"/[a-z]+z", command[2])
    assert path
    assert path[0] in routes()
    assert environment["PORT"] == told(image, "EXPOSE")


def test_the_images_variables_are_a_configuration_that_keeps_all_in_its_volume(
    image: Instructions, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "app-config.yaml"
    file.write_text("backend: { baseUrl: https://backstage.example.com }\n")
    settings = load_settings({**environment, "INSIGHTS_CONFIG": str(file)}, tmp_path)
    assert str(settings.data_dir) == told(image, "VOLUME")


def routes() -> set[str]:
    return {f"/{view}" for view in OPERATIONS}


# Kubernetes


@pytest.fixture(params=MANIFESTS)
def objects(request: pytest.FixtureRequest, repository: Path) -> Objects:
    return by_kind(repository, request.param)


def by_kind(repository: Path, name: str) -> Objects:
    text = (repository / "deploy" / "kubernetes" / f"{name}.yaml").read_text()
    return {each["kind"]: each for each in YAML(typ="safe", pure=True).load_all(text)}


def pod(objects: Objects) -> dict[str, Any]:
    workload = objects.get("StatefulSet") or objects["Deployment"]
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def container(objects: Objects) -> dict[str, Any]:
    (found,) = pod(objects)["containers"]
    return dict(found)


def configured(objects: Objects, directory: Path) -> Settings:
    file = directory / "app-config.yaml"
    file.write_text(objects["ConfigMap"]["data"]["app-config.yaml"])
    return load_settings(SECRETS, directory, [file])


def test_the_mounted_configuration_can_be_used(objects: Objects, environment: dict[str, str], tmp_path: Path) -> None:
    settings = configured(objects, tmp_path)
    mounts = {mount["name"]: mount["mountPath"] for mount in container(objects)["volumeMounts"]}
    assert str(settings.data_dir) == mounts["data"] == environment["APP_CONFIG_backstageInsights_dataDir"]
    assert f"{mounts['config']}/app-config.yaml" == environment["INSIGHTS_CONFIG"]
    assert {volume["name"] for volume in volumes(objects)} == mounts.keys()


def test_every_secret_of_the_configuration_is_named_in_the_command_that_makes_them(
    objects: Objects, repository: Path
) -> None:
    wanted = set(re.findall(r"\$\{(\w+)\}", objects["ConfigMap"]["data"]["app-config.yaml"]))
    kind = "embedded" if "StatefulSet" in objects else "clickhouse"
    text = (repository / "deploy" / "kubernetes" / f"{kind}.yaml").read_text()
    assert wanted == set(re.findall(r"--from-literal=(\w+)=", text)) <= SECRETS.keys()


def volumes(objects: Objects) -> Iterator[dict[str, Any]]:
    yield from pod(objects)["volumes"]
    for template in objects.get("StatefulSet", {"spec": {}})["spec"].get("volumeClaimTemplates", []):
        yield template["metadata"]


def test_the_image_is_of_this_version_and_is_probed_where_it_answers(
    objects: Objects, environment: dict[str, str]
) -> None:
    service = container(objects)
    assert service["image"] == f"insights-backend:{__version__}"
    (port,) = service["ports"]
    assert str(port["containerPort"]) == environment["PORT"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert service[probe]["httpGet"]["port"] == port["name"]
        assert service[probe]["httpGet"]["path"] in routes()
    assert service["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert service["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_a_pod_may_do_nothing_that_it_need_not(objects: Objects, image: Instructions) -> None:
    context, own = pod(objects)["securityContext"], container(objects)["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == told(image, "USER")
    assert context["runAsNonRoot"] is own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is pod(objects)["automountServiceAccountToken"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_a_service_finds_its_pods(objects: Objects) -> None:
    workload = objects.get("StatefulSet") or objects["Deployment"]
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"] == workload["spec"]["selector"]["matchLabels"] == labels
    (port,) = objects["Service"]["spec"]["ports"]
    assert port["targetPort"] == container(objects)["ports"][0]["name"]


def test_a_stop_is_given_the_time_that_it_takes(objects: Objects) -> None:
    assert pod(objects)["terminationGracePeriodSeconds"] > 10


def test_the_embedded_engine_has_one_pod_and_a_volume(repository: Path, tmp_path: Path) -> None:
    embedded = by_kind(repository, "embedded")
    settings = configured(embedded, tmp_path)
    assert settings.warehouse.dsn.reveal().startswith(f"chdb:///{settings.data_dir}")
    assert embedded["StatefulSet"]["spec"]["replicas"] == 1
    (claim,) = embedded["StatefulSet"]["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"


def test_before_clickhouse_pods_are_many_without_a_volume_and_share_a_salt(repository: Path, tmp_path: Path) -> None:
    many = by_kind(repository, "clickhouse")
    settings = configured(many, tmp_path)
    assert settings.warehouse.dsn.reveal().startswith("clickhouse://")
    assert settings.salt
    assert many["Deployment"]["spec"]["replicas"] > 1
    assert "claim" not in str(pod(many)["volumes"]).lower()
    (room,) = (volume["emptyDir"] for volume in pod(many)["volumes"] if volume["name"] == "data")
    assert int(room["sizeLimit"].removesuffix("M")) * 10**6 > 2 * settings.outbox.max_bytes


# systemd


@pytest.fixture
def unit(repository: Path) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names are told apart by case
    parser.read(repository / "deploy" / "systemd" / "insights.service")
    return parser


def test_the_unit_runs_what_the_image_runs(unit: RawConfigParser, image: Instructions) -> None:
    program, *arguments = unit["Service"]["ExecStart"].split()
    assert [program.rpartition("/")[2], *arguments] == json.loads(told(image, "ENTRYPOINT"))
    assert int(unit["Service"]["TimeoutStopSec"]) > 10


def test_the_unit_keeps_all_where_it_may_write(unit: RawConfigParser, repository: Path, tmp_path: Path) -> None:
    text = (repository / "deploy" / "systemd" / "insights.service").read_text()
    variables = dict(line.split("=", 2)[1:] for line in text.splitlines() if line.startswith("Environment="))
    (tmp_path / "app-config.yaml").write_text("backend: { baseUrl: https://backstage.example.com }\n")
    variables["INSIGHTS_CONFIG"] = str(tmp_path / "app-config.yaml")
    assert str(load_settings(variables, tmp_path).data_dir) == f"/var/lib/{unit['Service']['StateDirectory']}"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_unit_and_finds_little_that_it_could_do(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "insights.service"
    program = tmp_path / "gunicorn"
    program.touch(mode=0o755)
    text = (repository / "deploy" / "systemd" / "insights.service").read_text()
    file.write_text(text.replace("/opt/insights/.venv/bin/gunicorn", str(program)))
    verified = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert "insights.service" not in verified.stderr, verified.stderr
    assert verified.returncode == 0
    exposed = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(file)]
    assert subprocess.run(exposed, capture_output=True, check=False).returncode == 0
