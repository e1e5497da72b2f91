"""Which entity an event is about, and which one it leads to.

Source: the routes of Backstage's catalog (`/catalog/:namespace/:kind/:name`), TechDocs (`/docs/…`, the same order) and
scaffolder (`/create/templates/:namespace/:templateName`), and the analytics events of their pages. The app may be
served below a base path, so a route may begin at any slash.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from insights_backend.errors import InvalidEntityRefError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Content, Scalar

_ROUTE = re.compile(
    r"/(?:(?:catalog|docs)/(?P<namespace>[^/]+)/(?P<kind>[^/]+)/(?P<name>[^/]+)"
    r"|create/templates/(?P<template_namespace>[^/]+)/(?P<template>[^/]+))(?:/|$)"
)
_ABSOLUTE = re.compile(r"(?:https?:)?//[^/?#]+(?=/)", re.IGNORECASE)
_LONGEST = 512  # as `EntityRef` has it
_QUERY_OR_HASH = re.compile(r"[?#]")

# Other sites have pages such as /docs/a/b/c too, so a whole URL leads to an entity only if the kind is one of these.
_KINDS = frozenset({"api", "component", "domain", "group", "location", "resource", "system", "template", "user"})


def entity_of(content: Content) -> EntityRef | None:
    """Find the entity that an event is about.

    Returns:
        The first that yields one: the context's `entityRef`; the attributes `kind`, `namespace` and `name`; the path
        that a `navigate` went to.
    """
    return (
        _parsed(content.context.get("entityRef"))
        or _from_attributes(content.attributes)
        or (_from_path(content.subject) if content.action == "navigate" else None)
    )


def target_of(content: Content) -> EntityRef | None:
    """Find the entity that a `click` or a `discover` leads to, by its attribute `to`: a path or a URL."""
    if content.action not in {"click", "discover"}:
        return None
    to = content.attributes.get("to")
    if not isinstance(to, str):
        return None
    if origin := _ABSOLUTE.match(to):
        ref = _from_path(to[origin.end() :])
        return ref if ref and ref.kind in _KINDS else None
    return _from_path(to) if to.startswith("/") else None


def _from_attributes(attributes: Mapping[str, Scalar]) -> EntityRef | None:
    kind, name = attributes.get("kind"), attributes.get("name")
    namespace = attributes.get("namespace", "default")
    if not (isinstance(kind, str) and isinstance(name, str) and isinstance(namespace, str)):
        return None
    return _parsed(f"{kind}:{namespace or 'default'}/{name}")


def _from_path(path: str) -> EntityRef | None:
    route = _ROUTE.search(_QUERY_OR_HASH.split(path, maxsplit=1)[0])
    if route is None:
        return None
    kind = route["kind"] or "template"
    namespace = route["namespace"] or route["template_namespace"]
    name = route["name"] or route["template"]
    return _parsed(f"{unquote(kind)}:{unquote(namespace)}/{unquote(name)}")


def _parsed(ref: object) -> EntityRef | None:
    return _read(ref) if isinstance(ref, str) and len(ref) <= _LONGEST else None


# A portal's people look at the same entities again and again.
@lru_cache(maxsize=8192)
def _read(ref: str) -> EntityRef | None:
    try:
        return EntityRef.parse(ref)
    except InvalidEntityRefError:
        return None
