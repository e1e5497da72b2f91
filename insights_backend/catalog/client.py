"""A running Backstage's catalog, asked over HTTP.

Source: Backstage, "Catalog API", `POST /entities/by-refs`, `GET /entities/by-query` and `GET /entity-facets`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import requests

from insights_backend.catalog.interface import Entity, is_membership
from insights_backend.errors import CatalogUnavailableError, InvalidEntityRefError
from insights_backend.http_client import BearerAuth, DirectSession, body_of
from insights_backend.metrics import CATALOG_REQUESTS, timed
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.total_users import MAX_TOTAL_USERS

MAX_REFS = 1000
MAX_REQUEST_BYTES = 90 * 1024  # the backend's own limit on a body is 100 kB
MAX_ANSWER_BYTES = 32 * 1024 * 1024

_REF_FIELDS = "kind,metadata.namespace,metadata.name"
_MEMBER_OF = "relations.memberOf"
_PAGE = 1000
_MAX_PAGES = 100
_MAX_CURSOR = 8 * 1024  # it holds the filter, and goes into the address


class RestCatalog:
    """The catalog of a Backstage backend.

    Args:
        base_url: where the catalog is, such as `https://backstage.example.com/api/catalog`.
        token: a token that Backstage's `backend.auth.externalAccess` knows, or None to send none.
        fields: the dot paths that looked-up entities come with, users also with their memberships; none at all means
            whole entities.
        session: what requests are sent through.
        timeout: seconds to connect, as many for an answer to begin, and as many for all of it.

    Raises:
        ConfigError: the token cannot be sent; the message does not repeat it.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        fields: Sequence[str],
        session: DirectSession,
        timeout: float,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._auth = BearerAuth(token, "backstageInsights.catalog.token")
        self._fields = list(fields)
        self._has_relations = not fields or any(path.split(".")[0] == "relations" for path in fields)
        self._session = session
        self._timeout = timeout
        address = urlsplit(base_url)
        self._name = f"the catalog at {address.netloc.rpartition('@')[2]}"

    def entities(self, refs: Sequence[EntityRef]) -> list[Entity | None]:
        """Look entities up in bulk, with as few requests as the backend's limits allow.

        Returns:
            One item a reference, in their order; None where the catalog has no such entity or hides it.

        Raises:
            CatalogUnavailableError: any of the requests got no usable answer.
        """
        found: list[Entity | None] = []
        for chunk in self._chunks(refs):
            found += self._by_refs(chunk)
        return found

    def find(self, query: EntityFilterQuery) -> list[EntityRef]:
        """Name all entities that match a filter and that the token may see, with a request for each thousand.

        Raises:
            CatalogUnavailableError: any of the requests got no usable answer, or there are over 100,000 entities.
            InvalidFilterError: a key or value of the filter cannot stand in a URL.
        """
        return [self._ref(item) for page in self._pages(_parameters(query)) for item in self._items(page)]

    def count(self, query: EntityFilterQuery) -> int:
        """Count the entities that match a filter and that the token may see.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
            InvalidFilterError: a key or value of the filter cannot stand in a URL.
        """
        parameters = _parameters(query)
        if not parameters:
            return 0
        answer = self._ask("GET", f"/entities/by-query?{parameters}&limit=0", None)
        return self._number(answer, "totalItems")

    def members(self) -> Mapping[EntityRef, int]:
        """Count the direct members of all groups that have any and that the token may see, with one request.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
        """
        answer = self._ask("GET", f"/entity-facets?filter=kind%3Duser&facet={_MEMBER_OF}", None)
        members: Counter[EntityRef] = Counter()
        for facet in self._facets(answer, _MEMBER_OF):
            with suppress(InvalidEntityRefError):  # such a group is no event's either
                members[EntityRef.parse(str(facet.get("value")))] += self._number(facet, "count")
        return members

    def _chunks(self, refs: Sequence[EntityRef]) -> Iterator[list[str]]:
        chunk: list[str] = []
        empty = size = len(self._body([]))
        for ref in map(str, refs):
            cost = len(json.dumps(ref)) + len(",")
            if chunk and (len(chunk) == MAX_REFS or size + cost > MAX_REQUEST_BYTES):
                yield chunk
                chunk, size = [], empty
            chunk.append(ref)
            size += cost
        if chunk:
            yield chunk

    def _body(self, refs: Sequence[str]) -> bytes:
        # The backend sends all relations or none, and a system can have thousands: only where a user is among them.
        more = [] if self._has_relations or not any(map(_is_user, refs)) else ["relations"]
        return json.dumps({"entityRefs": refs, "fields": self._fields + more}, separators=(",", ":")).encode()

    def _by_refs(self, refs: Sequence[str]) -> list[Entity | None]:
        items = self._items(self._ask("POST", "/entities/by-refs", self._body(refs)))
        if len(items) != len(refs):
            raise self._unusable(f"items is not a list of {len(refs)} entities")
        return items if self._has_relations else [item and _with_memberships(item) for item in items]

    def _items(self, answer: Mapping[str, Any]) -> list[Entity | None]:
        items = answer.get("items")
        if not isinstance(items, list) or not all(item is None or isinstance(item, dict) for item in items):
            raise self._unusable("items is not a list of entities and nulls")
        return items

    def _facets(self, answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        facets = answer.get("facets")
        found = facets.get(name) if isinstance(facets, dict) else None
        if not isinstance(found, list) or not all(isinstance(facet, dict) for facet in found):
            raise self._unusable(f"facets has no list of {name}")
        return found

    def _number(self, answer: Mapping[str, Any], name: str) -> int:
        number = answer.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_TOTAL_USERS:
            raise self._unusable(f"{name} is not a number of entities")
        return number

    def _pages(self, parameters: str) -> Iterator[dict[str, Any]]:
        for _ in range(_MAX_PAGES):
            if not parameters:
                return
            page = self._ask("GET", f"/entities/by-query?{parameters}&limit={_PAGE}&fields={_REF_FIELDS}", None)
            yield page
            parameters = self._next(page)
        if parameters:
            raise self._unusable(f"over {_PAGE * _MAX_PAGES} entities match the filter")

    def _ref(self, item: Any) -> EntityRef:
        try:
            metadata = item["metadata"]
            return EntityRef.of(item["kind"], metadata["name"], metadata.get("namespace"))
        except (KeyError, TypeError, AttributeError, InvalidEntityRefError):
            raise self._unusable("an item has no kind or no name") from None

    def _next(self, page: Mapping[str, Any]) -> str:
        """Write where the next page begins as parameters; an empty text after the last page."""
        info = page.get("pageInfo")
        cursor = info.get("nextCursor", "") if isinstance(info, dict) else ""
        if not isinstance(cursor, str) or len(cursor) > _MAX_CURSOR:
            raise self._unusable("nextCursor is not a text that an address could hold")
        return cursor and f"cursor={quote(cursor, safe='')}"

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            with (
                timed(CATALOG_REQUESTS),
                self._session.request(
                    method,
                    self._base_url + path,
                    data=body,
                    headers=headers,
                    auth=self._auth,
                    timeout=(self._timeout, self._timeout),
                    stream=True,
                ) as response,
            ):
                return self._decode(self._read(response))
        except requests.RequestException as error:
            message = f"{self._name} did not answer ({type(error).__name__}); check catalog.baseUrl and the network"
            raise CatalogUnavailableError(message) from error

    def _read(self, response: requests.Response) -> bytes:
        if response.status_code in {401, 403}:
            raise CatalogUnavailableError(
                f"{self._name} answered {response.status_code}; check catalog.token here and "
                "backend.auth.externalAccess in Backstage's configuration"
            )
        if response.status_code != requests.codes.ok:
            raise CatalogUnavailableError(f"{self._name} answered {response.status_code}")
        content = body_of(response, MAX_ANSWER_BYTES, self._timeout)
        if content is None:
            raise self._unusable(f"it is over {MAX_ANSWER_BYTES} bytes")
        return content

    def _decode(self, content: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise self._unusable("it is not JSON") from None  # the cause would carry the whole answer along
        if not isinstance(answer, dict):
            raise self._unusable("it is not an object")
        return answer

    def _unusable(self, reason: str) -> CatalogUnavailableError:
        return CatalogUnavailableError(
            f"{self._name} gave an answer that cannot be used: {reason}; "
            "check that catalog.baseUrl ends in /api/catalog"
        )


def _is_user(ref: str) -> bool:
    return ref.startswith("user:")


def _with_memberships(entity: Entity) -> Entity:
    """Leave out all relations but memberships."""
    relations = entity.get("relations")
    memberships = [each for each in relations if is_membership(each)] if isinstance(relations, list) else []
    kept = {field: value for field, value in entity.items() if field != "relations"}
    return kept | {"relations": memberships} if memberships else kept


def _parameters(query: EntityFilterQuery) -> str:
    """Write a filter as parameters; an empty text for one that matches nothing, which must not be sent."""
    return "&".join(f"filter={quote(text, safe='')}" for text in query.encode())
