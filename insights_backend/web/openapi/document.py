"""The OpenAPI 3.1 document of the routes that a process really serves."""

import re
from copy import deepcopy
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import fields

from insights_backend._version import __version__
from insights_backend.web.openapi.routes import OPERATIONS
from insights_backend.web.openapi.shared import HEADERS, PROBLEMS, SECURITY_SCHEMES, headers

_VERSION = "3.1.1"
_DESCRIPTION = (
    "Usage analytics for a Backstage developer portal: events in, people counted but not known, exact reports out. "
    "Errors have the shape of `Problem`: its `code` never changes, its `message` is for people. Where all events of a "
    "request are refused, and on the routes of Red Hat's modules, an answer says of each field what is wrong."
)
_NOT_ROUTED = {"HEAD", "OPTIONS"}  # Flask answers these by itself wherever there is a GET, or anything
_VARIABLE = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")


def document(app: Flask) -> dict[str, Any]:
    """Describe the routes of this service that an app serves, wherever they were registered.

    Args:
        app: whose routes; those that are not the service's are left out.

    Returns:
        A document of the OpenAPI Specification 3.1, whose schemas are those that validate.
    """
    marshmallow = MarshmallowPlugin()
    information = {"description": _DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    spec = APISpec("Insights for Backstage", __version__, _VERSION, plugins=[marshmallow], info=information)
    marshmallow.converter.add_attribute_function(_documented)  # type: ignore[union-attr] # the spec has made it
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, deepcopy(scheme))
    for name, header in HEADERS.items():
        spec.components.header(name, deepcopy(header))
    for status, answer in PROBLEMS.items():
        spec.components.response(str(status), _known(answer))
    for view, operation in OPERATIONS.items():
        _describe(spec, app, view, operation)
    return spec.to_dict()


def _describe(spec: APISpec, app: Flask, view: str, operation: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.rpartition(".")
        if name == view and blueprint.startswith("insights"):
            for method in (rule.methods or set()) - _NOT_ROUTED:
                # apispec puts references in the place of schemas, and one view may be served at several paths.
                described = {"operationId": rule.endpoint.replace(".", "_"), **deepcopy(operation)}
                described["responses"] = {
                    status: answer if isinstance(answer, str) else _known(answer)
                    for status, answer in described["responses"].items()
                }
                spec.path(_VARIABLE.sub(r"{\1}", rule.rule), operations={method.lower(): described})


def _known(answer: dict[str, Any]) -> dict[str, Any]:
    """Add what every answer says: by which name its request is known."""
    return {**deepcopy(answer), "headers": headers("X-Request-Id", *answer.get("headers", ()))}


def _documented(_converter: object, field: fields.Field[Any], **_: object) -> dict[str, Any]:
    """Document a field whose rule is ours, which apispec cannot see into."""
    shape: dict[str, Any] = dict(field.metadata.get("documented", {}))
    if shape and field.allow_none:
        types = shape["type"]
        shape["type"] = [*([types] if isinstance(types, str) else types), "null"]
    return shape
