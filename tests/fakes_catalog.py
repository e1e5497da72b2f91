"""A small Backstage catalog for tests, which answers over HTTP as the real one does."""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses

Answer = tuple[int, Mapping[str, str], str]

BASE_URL = "https://backstage.example.com/api/catalog"


class FakeBackstage:
    """Answers `by-refs`, `by-query` and facets for whoever has the token; keeps the requests that it got.

    Args:
        entities: what is in the catalog.
        token: who has it may read.
        largest_page: how many entities it gives at once, whatever is asked for.
    """

    def __init__(self, entities: Iterable[dict[str, Any]], token: str, largest_page: int = 1000) -> None:
        self._entities = {_ref(entity): entity for entity in entities}
        self._token = token
        self.largest_page = largest_page
        self.requests: list[requests.PreparedRequest] = []

    def serve(self, mock: responses.RequestsMock) -> None:
        mock.add_callback("POST", f"{BASE_URL}/entities/by-refs", self._by_refs)
        mock.add_callback("GET", f"{BASE_URL}/entities/by-query", self._by_query)
        mock.add_callback("GET", f"{BASE_URL}/entity-facets", self._facets)

    def _by_refs(self, request: requests.PreparedRequest) -> Answer:
        body = json.loads(request.body or b"")
        found = [self._entities.get(ref) for ref in body["entityRefs"]]
        items = [None if entity is None else _pick(entity, body["fields"]) for entity in found]
        return self._answer(request, {"items": items})

    def _by_query(self, request: requests.PreparedRequest) -> Answer:
        parameters = parse_qs(urlsplit(str(request.url)).query, keep_blank_values=True)
        # A cursor brings the filter of the first page along; one beside it is ignored.
        cursor = json.loads(base64.b64decode(parameters["cursor"][0])) if "cursor" in parameters else {}
        filters, start = cursor.get("filters", parameters.get("filter", [])), cursor.get("start", 0)
        end = start + min(int(parameters["limit"][0]), self.largest_page)
        found = [entity for entity in self._entities.values() if found_by_server(filters, entity)]
        fields = parameters["fields"][0].split(",") if "fields" in parameters else []
        more = json.dumps({"filters": filters, "start": end}).encode()
        page_info = {"nextCursor": base64.b64encode(more).decode()} if start < end < len(found) else {}
        items = [_pick(entity, fields) for entity in found[start:end]]
        return self._answer(request, {"items": items, "totalItems": len(found), "pageInfo": page_info})

    def _facets(self, request: requests.PreparedRequest) -> Answer:
        """Count the values of relations; of other facets nothing is needed here."""
        parameters = parse_qs(urlsplit(str(request.url)).query)
        found = [entity for entity in self._entities.values() if found_by_server(parameters["filter"], entity)]
        facets = {}
        for facet in parameters["facet"]:
            relations = [one for entity in found for one in entity.get("relations", [])]
            counts = Counter(one["targetRef"] for one in relations if f"relations.{one['type']}" == facet)
            facets[facet] = [{"value": value, "count": count} for value, count in sorted(counts.items())]
        return self._answer(request, {"facets": facets})

    def _answer(self, request: requests.PreparedRequest, body: object) -> Answer:
        self.requests.append(request)
        if request.headers.get("Authorization") == f"Bearer {self._token}":
            return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(body)
        error = {"error": {"name": "AuthenticationError", "message": "Missing credentials"}}
        return 401, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(error)


def found_by_server(filters: list[str], entity: Mapping[str, Any]) -> bool:
    """Evaluate the URL parameter `filter` by the server's rules; no filter at all means everything."""
    index = _rows("", entity)
    metadata = entity["metadata"]
    index |= {(f"metadata.{name}", metadata.get(name)) for name in ("name", "namespace", "uid")}
    index |= set() if metadata.get("namespace") else {("metadata.namespace", "default")}
    index |= {(f"relations.{one['type']}", one["targetRef"]) for one in entity.get("relations", [])}
    lowered = {(key.lower(), None if value is None else value.lower()) for key, value in index}
    return not filters or any(_all_hold(text, lowered) for text in filters)


def _rows(path: str, value: Any) -> set[tuple[str, str | None]]:
    if path in {"attachments", "relations", "status", "metadata.etag"}:
        return set()
    if isinstance(value, dict):
        return {row for key, item in value.items() for row in _rows(f"{path}.{key}" if path else key, item)}
    if isinstance(value, list):
        found = {row for item in value for row in _rows(path, item)}
        return found | {(f"{path}.{item}", "true") for item in value if isinstance(item, str)}
    if value is None:
        return {(path, None)}
    return {(path, str(value).lower() if isinstance(value, bool) else str(value))}


def _all_hold(text: str, index: set[tuple[str, str | None]]) -> bool:
    by_key: dict[str, list[str]] = {}
    for statement in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = statement.partition("=")
        by_key.setdefault(key.strip().lower(), []).extend([value.strip().lower()] if equals else [])
    return all(
        any((key, value) in index for value in values) if values else key in {row[0] for row in index}
        for key, values in by_key.items()
    )


def _ref(entity: Mapping[str, Any]) -> str:
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata['namespace']}/{metadata['name']}".lower()


def _pick(entity: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
    picked: dict[str, Any] = {}
    for field in fields:
        top, _, name = field.partition(".")
        if name and name in entity.get(top, {}):
            picked.setdefault(top, {})[name] = entity[top][name]
        elif not name and top in entity:
            picked[top] = entity[top]
    return picked
