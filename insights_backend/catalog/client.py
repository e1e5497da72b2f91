"""A running Backstage's catalog, asked over HTTP.

Source: Backstage, "Catalog API", `POST /entities/by-refs` and `GET /entities/by-query`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import requests

from insights_backend.catalog.interface import Entity
from insights_backend.errors import CatalogUnavailableError, ConfigError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef

MAX_REFS = 1000
MAX_REQUEST_BYTES = 90 * 1024  # the backend's own limit on a body is 100 kB
MAX_ANSWER_BYTES = 32 * 1024 * 1024

_READ_BYTES = 64 * 1024


class RestCatalog:
    """The catalog of a Backstage backend.

    Args:
        base_url: where the catalog is, such as `https://backstage.example.com/api/catalog`.
        token: a token that Backstage's `backend.auth.externalAccess` knows, or None to send none.
        fields: the dot paths that looked-up entities come with; none at all means whole entities.
        session: what requests are sent through.
        timeout: seconds to connect, and again seconds to wait for each piece of the answer.

    Raises:
        ConfigError: the token cannot be sent; the message does not repeat it.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        fields: Sequence[str],
        session: requests.Session,
        timeout: float,
    ) -> None:
        if token is not None and not re.fullmatch(r"[!-~]+", token):
            raise ConfigError("catalog.token: a token is printable ASCII without spaces")
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._fields = list(fields)
        self._session = session
        self._timeout = (timeout, timeout)
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

    def count(self, query: EntityFilterQuery) -> int:
        """Count the entities that match a filter and that the token may see.

        Raises:
            CatalogUnavailableError: the catalog gave no usable answer.
            InvalidFilterError: a key or value of the filter cannot stand in a URL.
        """
        filters = query.encode()
        if not filters:
            return 0
        parameters = "&".join(f"filter={quote(text, safe='')}" for text in filters)
        answer = self._ask("GET", f"/entities/by-query?{parameters}&limit=0", None)
        total = answer.get("totalItems")
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise self._unusable("totalItems is not a number of entities")
        return total

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
        return json.dumps({"entityRefs": refs, "fields": self._fields}, separators=(",", ":")).encode()

    def _by_refs(self, refs: Sequence[str]) -> list[Entity | None]:
        items = self._ask("POST", "/entities/by-refs", self._body(refs)).get("items")
        if not isinstance(items, list) or len(items) != len(refs):
            raise self._unusable(f"items is not a list of {len(refs)} entities")
        if not all(item is None or isinstance(item, dict) for item in items):
            raise self._unusable("an item is neither an entity nor null")
        return items

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            with self._session.request(
                method,
                self._base_url + path,
                data=body,
                headers=headers,
                auth=self._authorize,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._decode(self._read(response))
        except requests.RequestException as error:
            message = f"{self._name} did not answer ({type(error).__name__}); check catalog.baseUrl and the network"
            raise CatalogUnavailableError(message) from error

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As an auth function, since a header would give way to an entry for the host in a .netrc file.
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _read(self, response: requests.Response) -> bytes:
        if response.status_code in {401, 403}:
            raise CatalogUnavailableError(
                f"{self._name} answered {response.status_code}; check catalog.token here and "
                "backend.auth.externalAccess in Backstage's configuration"
            )
        if response.status_code != requests.codes.ok:
            raise CatalogUnavailableError(f"{self._name} answered {response.status_code}")
        content = bytearray()
        for piece in response.iter_content(_READ_BYTES):
            content += piece
            if len(content) > MAX_ANSWER_BYTES:
                raise self._unusable(f"it is over {MAX_ANSWER_BYTES} bytes")
        return bytes(content)

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
