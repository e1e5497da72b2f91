"""The service keeps to its own OpenAPI document: it is valid, it is whole, and what is asked by it answers by it."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import CheckContext, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.web.openapi import examples
from insights_backend.web.openapi.document import document
from insights_backend.web.openapi.routes import OPERATIONS
from insights_backend.wire import batch, native
from insights_backend.wire.rules import Rule
from tests.app import BASE, Service, running, settings_for
from tests.records import record

UNNAMED = {"content-length", "content-type", "date"}  # what HTTP itself needs, and what only a browser looks at
UNNAMED |= {"content-security-policy", "referrer-policy", "x-content-type-options"}


def header_names_conformance(_: CheckContext, response: Response, case: schemathesis.Case[Any]) -> None:
    """An answer has no header that the document does not name."""
    answer = case.operation.responses.find_by_status_code(response.status_code)
    assert {name.lower() for name in response.headers} - UNNAMED <= {name.lower() for name, _ in answer.headers.items()}


CHECKS = [
    header_names_conformance,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, warehouse_dsn: str) -> Iterator[Service]:
    filters = {
        "capture_identity_groups_filter": EntityFilterQuery.parse(
            {"spec.type": "team", "metadata.annotations.x": None}
        ),
        "total_users_entity_query_filter": EntityFilterQuery.parse([{"kind": "user"}, {"spec.type": ["a", "b"]}]),
    }
    with running(settings_for(tmp_path_factory.mktemp("openapi"), warehouse_dsn, **filters)) as service:
        yield service


@pytest.fixture(scope="module")
def described(service: Service) -> dict[str, Any]:
    return document(service.client.application)


# The document


def test_the_document_is_valid_openapi(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    validate(described)


def test_the_document_names_every_route_that_is_served_and_no_other(
    service: Service, described: dict[str, Any]
) -> None:
    """But for the pages, which are for people."""
    served = {
        (rule.rule.replace("<path:", "<").replace("<", "{").replace(">", "}"), method.lower())
        for rule in service.client.application.url_map.iter_rules()
        if not rule.endpoint.startswith(("insights_dashboard.", "insights_docs."))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, item in described["paths"].items() for method in item} == served


def test_a_route_that_a_process_is_without_is_not_in_its_document(service: Service) -> None:
    app = Flask("portal")
    app.register_blueprint(service.client.application.blueprints["insights_probes"], url_prefix="/somewhere")
    app.add_url_rule("/their/own", "portal.config", lambda: "")
    assert list(document(app)["paths"]) == [
        f"/somewhere/{name}" for name in ("healthz", "readyz", "metrics", "openapi.json")
    ]


@pytest.mark.parametrize("path", ["/openapi.json", f"{BASE}/openapi.json"])
def test_the_document_is_served(service: Service, described: dict[str, Any], path: str) -> None:
    answer = service.client.get(path)
    assert (answer.status_code, answer.content_type, answer.json) == (200, "application/json", described)


def test_every_report_is_described(service: Service, described: dict[str, Any]) -> None:
    name, *_ = described["paths"][f"{BASE}/reports/{{name}}"]["get"]["parameters"]
    message = service.get("/reports/nothing").json["error"]["message"]
    assert message.endswith(", ".join(name["schema"]["enum"]))


def test_every_example_fits_its_schema(described: dict[str, Any]) -> None:
    shown = list(shown_in(described))
    assert len(shown) > 20
    for schema, value in shown:
        validator(described, schema).validate(value)


def test_every_body_that_is_text_shows_an_example(described: dict[str, Any]) -> None:
    for path, item in described["paths"].items():
        for operation in item.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            contents = [content for body in bodies for content in body.get("content", {}).items()]
            bare = [kind for kind, content in contents if not content.keys() & {"example", "examples"}]
            assert set(bare) <= {"application/vnd.apache.parquet"}, path


def shown_in(node: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every example of a document, with the schema that stands beside it."""
    if isinstance(node, list):
        for item in node:
            yield from shown_in(item)
    elif isinstance(node, dict):
        if "schema" in node and "example" in node:
            yield node["schema"], node["example"]
        elif "schema" in node and "examples" in node:
            yield from ((node["schema"], shown["value"]) for shown in node["examples"].values())
        for item in node.values():
            yield from shown_in(item)


def validator(described: Mapping[str, Any], schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": described["components"]})


def test_every_example_of_a_request_is_accepted(service: Service, described: dict[str, Any]) -> None:
    for path, item in described["paths"].items():
        for content in item.get("post", {}).get("requestBody", {}).get("content", {}).values():
            for _, value in shown_in(content):
                answer = service.client.post(
                    path.format(call="track"), json=value, headers={"Idempotency-Key": "example"}
                )
                assert answer.status_code in {200, 202}, answer.text
                receipt: dict[str, Any] = answer.json or {}
                assert not receipt.get("rejected")


# The rules


times = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 12, 31)).map(datetime.isoformat)  # noqa: DTZ001 - the zone is written after it
times = times.map(lambda text: f"{text}+05:30") | times.map(lambda text: f"{text[:19]}.000Z")
plain: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5)
plain |= times | st.floats(allow_nan=False, allow_infinity=False)
values = plain | st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def near(shape: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values on both sides of every bound that a JSON schema names."""
    found: list[st.SearchStrategy[Any]] = [st.nothing()]
    if "maxLength" in shape:
        found.append(around(shape.get("minLength", 0), shape["maxLength"]).map(lambda length: "ä" * length))
    if "maximum" in shape:
        found.append(around(shape["exclusiveMinimum"], shape["maximum"]) | st.just(shape["exclusiveMinimum"] + 0.5))
    if "maxItems" in shape:
        found += [st.lists(near(shape["items"]), max_size=2), around(shape["maxItems"]).map(lambda n: ["x"] * n)]
    if "maxProperties" in shape:
        names, inner = near(shape["propertyNames"]), near(shape["additionalProperties"])
        found.append(st.dictionaries(st.text(max_size=3) | names, values | inner, max_size=2))
        found.append(around(shape["maxProperties"]).map(lambda count: {str(n): n for n in range(count)}))
    return st.one_of(found)


def around(*bounds: int) -> st.SearchStrategy[int]:
    return st.sampled_from([number for bound in bounds for number in (bound - 1, bound, bound + 1)])


# What JSON Schema cannot say of these: which texts are times, the bytes of an object and how deep it is.
LOOSER = {
    ("Event", "timestamp"),
    ("PortalTotalUsers", "asOf"),
    *(
        ("StoredEvent", name)
        for name in ("time", "receivedAt", "attributes", "context", "userMetadata", "entityMetadata")
    ),
}


@pytest.mark.parametrize(
    ("schema", "name", "rule"),
    [
        (schema, name, rule)
        for schema, rules in (
            ("Event", native.RULES),
            ("StoredEvent", batch.RULES),
            ("PortalTotalUsers", batch.TOTAL_USERS_RULES),
        )
        for name, rule in rules.items()
    ],
)
def test_the_documented_rule_of_a_field_agrees_with_its_check(
    described: dict[str, Any], schema: str, name: str, rule: Rule
) -> None:
    published = validator(described, described["components"]["schemas"][schema]["properties"][name])

    @settings(max_examples=50)
    @given(value=near(rule.documented) | values)
    def agree(value: Any) -> None:
        taken = not rule.required if value is None else rule.problem(value) is None
        documented = published.is_valid(value)
        assert documented or not taken, "the document refuses what is taken"
        assert taken or not documented or (schema, name) in LOOSER, "the document allows what is refused"

    agree()


@pytest.mark.parametrize(
    ("schema", "explain", "whole"),
    [("Event", native.explain, examples.EVENT), ("StoredEvent", batch.explain, record())],
)
def test_the_documented_event_asks_for_the_same_fields_as_the_check(
    described: dict[str, Any], schema: str, explain: Callable[[object], dict[str, list[str]]], whole: dict[str, Any]
) -> None:
    published = validator(described, described["components"]["schemas"][schema])
    assert published.is_valid({**whole, "unknown": {}})
    for name in whole:
        for lesser in ({**whole, name: None}, {key: value for key, value in whole.items() if key != name}):
            assert published.is_valid(lesser) == (explain(lesser) == {})


# The routes


@pytest.fixture(scope="module")
def schema(service: Service) -> Any:
    application = encoding(service.client.application)
    return schemathesis.openapi.from_wsgi("/openapi.json", application)


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.insights.tokens.create("portal-a", "upload")


def encoding(app: Flask) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Compress bodies as their headers say: what makes up requests only makes up the header."""

    def compressed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        compress = COMPRESSORS.get(environ.get("HTTP_CONTENT_ENCODING", ""))
        if compress is not None:
            body = compress(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        return app(environ, start_response)

    return compressed


UNLIKELY = {"insight"}  # needs a time zone, and no name of one can be made up


def operation_of(schema: Any, described: dict[str, Any], view: str) -> Any:
    path, method = next(
        (path, method)
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if operation["operationId"].endswith(f"_{view}")
    )
    return schema[path][method]


@pytest.mark.parametrize(
    ("view", "mode"),
    [
        *((view, schemathesis.GenerationMode.POSITIVE) for view in OPERATIONS),
        # Where nothing can be said, nothing can be said wrong.
        *((view, schemathesis.GenerationMode.NEGATIVE) for view, taken in OPERATIONS.items() if "parameters" in taken),
    ],
)
def test_every_answer_is_one_that_the_document_allows(
    schema: Any, described: dict[str, Any], token: str, view: str, mode: schemathesis.GenerationMode
) -> None:
    # What makes up requests cannot make up a token; what it gets wrong on purpose shall stay wrong.
    headers = {"Authorization": f"Bearer {token}"} if mode is schemathesis.GenerationMode.POSITIVE else {}
    statuses = set()

    @settings(max_examples=8, derandomize=True, database=None)
    @given(case=operation_of(schema, described, view).as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        statuses.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    ask()
    if view in UNLIKELY and mode is schemathesis.GenerationMode.POSITIVE:
        return
    assert statuses & ({200, 202} if mode is schemathesis.GenerationMode.POSITIVE else {400, 404, 422}), statuses


@pytest.mark.parametrize(("condition", "same", "other"), [("If-None-Match", 304, 200), ("If-Match", 200, 412)])
def test_an_answer_to_a_condition_is_one_that_the_document_allows(
    schema: Any, described: dict[str, Any], condition: str, same: int, other: int
) -> None:
    def ask(**headers: str) -> Any:
        case = operation_of(schema, described, "report").Case(
            path_parameters={"name": "plugins"}, query={"format": "csv"}, headers=headers
        )
        return case.call_and_validate(checks=CHECKS)

    tag = ask().headers["etag"][0]
    assert ask(**{condition: tag}).status_code == same
    assert ask(**{condition: '"another"'}).status_code == other
