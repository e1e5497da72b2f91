import json
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses

from insights_backend.catalog import client
from insights_backend.catalog.client import RestCatalog
from insights_backend.errors import CatalogUnavailableError, ConfigError, InvalidFilterError
from insights_backend.http_client import DirectSession
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from tests.fakes_catalog import BASE_URL

BY_REFS = f"{BASE_URL}/entities/by-refs"
BY_QUERY = f"{BASE_URL}/entities/by-query"
FACETS = f"{BASE_URL}/entity-facets"
JANE = EntityRef.parse("user:default/jane")
USERS = EntityFilterQuery.parse({"kind": "user"})


@pytest.fixture
def backstage() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def catalog() -> Iterator[RestCatalog]:
    with DirectSession() as session:
        yield RestCatalog(f"{BASE_URL}/", "secret-token", ["kind", "spec.type"], session, 2.5)


def sent(mock: responses.RequestsMock, number: int = 0) -> Any:
    return mock.calls[number].request


def group(name: str) -> dict[str, Any]:
    return {"kind": "Group", "metadata": {"name": name, "namespace": "default"}}


def echo(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    """Answer with an entity for every reference, which tells the reference."""
    refs = json.loads(request.body or b"")["entityRefs"]
    return 200, {}, json.dumps({"items": [{"kind": ref} for ref in refs]})


def test_a_lookup_is_one_compact_request_with_canonical_references(
    backstage: responses.RequestsMock, catalog: RestCatalog
) -> None:
    backstage.post(BY_REFS, json={"items": [{"kind": "User"}, None]})
    refs = [EntityRef.parse("User:Default/Alice.Anderson"), JANE]
    assert catalog.entities(refs) == [{"kind": "User"}, None]
    assert sent(backstage).body == (
        b'{"entityRefs":["user:default/alice.anderson","user:default/jane"],"fields":["kind","spec.type","relations"]}'
    )
    assert sent(backstage).headers["Content-Type"] == "application/json"
    assert sent(backstage).headers["Accept"] == "application/json"
    assert sent(backstage).headers["Authorization"] == "Bearer secret-token"
    assert sent(backstage).req_kwargs["timeout"] == (2.5, 2.5)


def test_relations_come_along_only_where_a_user_is_looked_up(
    backstage: responses.RequestsMock, catalog: RestCatalog
) -> None:
    backstage.post(BY_REFS, json={"items": [{"kind": "System"}]})
    catalog.entities([EntityRef.parse("system:default/shop")])
    assert json.loads(sent(backstage).body)["fields"] == ["kind", "spec.type"]


def related(*relations: str) -> dict[str, Any]:
    pairs = (relation.split() for relation in relations)
    return {"kind": "User", "relations": [{"type": type_, "targetRef": target} for type_, target in pairs]}


def test_of_the_relations_that_come_along_only_memberships_are_kept(
    backstage: responses.RequestsMock, catalog: RestCatalog
) -> None:
    owners = {"kind": "Group", "relations": [{"type": "ownerOf", "targetRef": f"api:a/{n}"} for n in range(2000)]}
    odd = {"kind": "User", "relations": "none"}
    backstage.post(BY_REFS, json={"items": [related("ownerOf api:a/b", "memberOf group:a/b"), owners, odd, None]})
    assert catalog.entities([JANE] * 4) == [related("memberOf group:a/b"), {"kind": "Group"}, {"kind": "User"}, None]


@pytest.mark.parametrize("fields", [[], ["relations"], ["kind", "relations"]])
def test_relations_that_are_wanted_come_whole(backstage: responses.RequestsMock, fields: list[str]) -> None:
    found = related("ownerOf api:a/b", "memberOf group:a/b")
    backstage.post(BY_REFS, json={"items": [found]})
    with DirectSession() as session:
        assert RestCatalog(BASE_URL, None, fields, session, 2.5).entities([JANE]) == [found]
    assert json.loads(sent(backstage).body)["fields"] == fields


def test_looking_nothing_up_asks_nothing(backstage: responses.RequestsMock, catalog: RestCatalog) -> None:
    assert catalog.entities([]) == []
    assert len(backstage.calls) == 0


@pytest.mark.parametrize(("name_length", "number", "calls"), [(4, 2001, 3), (400, 1000, 5)])
def test_many_references_are_asked_for_within_the_limits_of_the_backend(
    backstage: responses.RequestsMock, catalog: RestCatalog, name_length: int, number: int, calls: int
) -> None:
    backstage.add_callback("POST", BY_REFS, echo)
    refs = [EntityRef.of("user", f"{i:0{name_length}}") for i in range(number)]
    assert [item and item["kind"] for item in catalog.entities(refs)] == [str(ref) for ref in refs]
    bodies = [sent(backstage, number).body for number in range(len(backstage.calls))]
    assert max(len(json.loads(body)["entityRefs"]) for body in bodies) <= 1000
    assert max(map(len, bodies)) <= 90 * 1024
    assert len(bodies) == calls


def test_a_count_asks_for_no_items_and_encodes_the_filter(
    backstage: responses.RequestsMock, catalog: RestCatalog
) -> None:
    backstage.get(BY_QUERY, json={"items": [], "totalItems": 500, "pageInfo": {}})
    query = EntityFilterQuery.parse([{"relations.memberOf": "group:default/rnd"}, {"spec.x": "a b&é%+/~"}])
    assert catalog.count(query.restricted_to("user")) == 500
    assert urlsplit(sent(backstage).url).query == (
        "filter=kind%3Duser%2Crelations.memberOf%3Dgroup%3Adefault%2Frnd"
        "&filter=kind%3Duser%2Cspec.x%3Da%20b%26%C3%A9%25%2B%2F~&limit=0"
    )
    assert "Content-Type" not in sent(backstage).headers


def test_a_search_asks_for_names_a_thousand_at_a_time_and_follows_the_cursor(
    backstage: responses.RequestsMock, catalog: RestCatalog
) -> None:
    backstage.get(BY_QUERY, json={"items": [group("A")], "pageInfo": {"nextCursor": "eyJ+/A=="}})
    backstage.get(BY_QUERY, json={"items": [group("b")], "pageInfo": {}})
    found = catalog.find(EntityFilterQuery.parse({"kind": "group", "spec.type": ["team", "guild"]}))
    assert list(map(str, found)) == ["group:default/a", "group:default/b"]
    rest = "&limit=1000&fields=kind,metadata.namespace,metadata.name"
    assert [urlsplit(sent(backstage, number).url).query for number in range(2)] == [
        f"filter=kind%3Dgroup%2Cspec.type%3Dteam%2Cspec.type%3Dguild{rest}",
        f"cursor=eyJ%2B%2FA%3D%3D{rest}",
    ]


@pytest.mark.parametrize("pages", [3, 4])
def test_a_search_without_an_end_is_given_up(
    backstage: responses.RequestsMock, catalog: RestCatalog, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_MAX_PAGES", 3)
    for number in range(pages):
        more = {"nextCursor": "next"} if number + 1 < pages else {}
        backstage.get(BY_QUERY, json={"items": [group("a")], "pageInfo": more})
    if pages == 3:
        assert len(catalog.find(USERS)) == 3
    else:
        with pytest.raises(CatalogUnavailableError, match="over 3000 entities match the filter"):
            catalog.find(USERS)
    assert len(backstage.calls) == 3


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ({}, "items is not a list"),
        ({"items": ["group:default/a"]}, "items is not a list"),
        ({"items": [None]}, "no kind or no name"),
        ({"items": [{}]}, "no kind or no name"),
        ({"items": [{"kind": "Group", "metadata": {}}]}, "no kind or no name"),
        ({"items": [{"kind": "Group", "metadata": []}]}, "no kind or no name"),
        ({"items": [{"kind": "Group", "metadata": {"name": "a b"}}]}, "no kind or no name"),
        ({"items": [], "pageInfo": {"nextCursor": 5}}, "nextCursor"),
        ({"items": [], "pageInfo": {"nextCursor": "x" * 8193}}, "nextCursor"),
    ],
)
def test_an_unusable_page_is_an_error(
    backstage: responses.RequestsMock, catalog: RestCatalog, page: dict[str, Any], reason: str
) -> None:
    backstage.get(BY_QUERY, json=page)
    with pytest.raises(CatalogUnavailableError, match=f"cannot be used: .*{reason}"):
        catalog.find(USERS)


def test_members_of_all_groups_are_one_request(backstage: responses.RequestsMock, catalog: RestCatalog) -> None:
    counts = {"group:default/a": 3, "Group:Default/A": 2, "group:default/b": 0, "no reference": 9, "b": 9}
    facet = [{"value": value, "count": count} for value, count in counts.items()]
    backstage.get(FACETS, json={"facets": {"relations.memberOf": facet}})
    assert catalog.members() == {EntityRef.of("group", "a"): 5, EntityRef.of("group", "b"): 0}
    assert urlsplit(sent(backstage).url).query == "filter=kind%3Duser&facet=relations.memberOf"
    assert len(backstage.calls) == 1


@pytest.mark.parametrize(
    ("facets", "reason"),
    [
        (None, "no list of relations.memberOf"),
        ([], "no list of relations.memberOf"),
        ({"relations.memberOf": {}}, "no list of relations.memberOf"),
        ({"relations.memberOf": ["group:default/a"]}, "no list of relations.memberOf"),
        ({"relations.memberOf": [{"value": "group:default/a"}]}, "count is not a number"),
        ({"relations.memberOf": [{"value": "group:default/a", "count": -1}]}, "count is not a number"),
    ],
)
def test_members_that_cannot_be_read_are_an_error(
    backstage: responses.RequestsMock, catalog: RestCatalog, facets: Any, reason: str
) -> None:
    backstage.get(FACETS, json={"facets": facets})
    with pytest.raises(CatalogUnavailableError, match=f"cannot be used: .*{reason}"):
        catalog.members()


def test_a_filter_that_can_match_nothing_is_not_sent(backstage: responses.RequestsMock, catalog: RestCatalog) -> None:
    assert catalog.count(EntityFilterQuery(())) == 0
    assert catalog.find(EntityFilterQuery(())) == []
    assert len(backstage.calls) == 0


def test_a_filter_that_no_url_can_carry_is_an_error_before_any_request(
    backstage: responses.RequestsMock, catalog: RestCatalog
) -> None:
    for ask in (catalog.count, catalog.find):
        with pytest.raises(InvalidFilterError):
            ask(EntityFilterQuery.parse({"spec.x": "a,b"}))
    assert len(backstage.calls) == 0


def test_without_a_token_no_credentials_are_sent_even_if_the_machine_has_some(
    backstage: responses.RequestsMock, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine backstage.example.com login someone password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    backstage.get(BY_QUERY, json={"totalItems": 0})
    RestCatalog(BASE_URL, None, [], DirectSession(), 1.0).count(USERS)
    RestCatalog(BASE_URL, "secret-token", [], DirectSession(), 1.0).count(USERS)
    assert "Authorization" not in sent(backstage).headers
    assert sent(backstage, 1).headers["Authorization"] == "Bearer secret-token"


def test_a_token_that_no_header_can_carry_is_refused_by_its_key() -> None:
    with pytest.raises(ConfigError, match=r"^backstageInsights\.catalog\.token:"):
        RestCatalog(BASE_URL, "two words", [], DirectSession(), 1.0)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (301, "answered 301"),
        (400, "answered 400"),
        (401, r"answered 401; check catalog\.token .*backend\.auth\.externalAccess"),
        (403, r"answered 403; check catalog\.token .*backend\.auth\.externalAccess"),
        (404, "answered 404"),
        (429, "answered 429"),
        (503, r"^the catalog at backstage\.example\.com answered 503"),
    ],
)
def test_any_other_status_means_that_the_catalog_is_unavailable(
    backstage: responses.RequestsMock, catalog: RestCatalog, status: int, advice: str
) -> None:
    headers = {"Location": "https://elsewhere.example.com/"}
    backstage.post(BY_REFS, status=status, headers=headers, json={"error": {"message": "secret-token"}})
    with pytest.raises(CatalogUnavailableError, match=advice) as caught:
        catalog.entities([JANE])
    assert "secret-token" not in str(caught.value)
    assert len(backstage.calls) == 1


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("secret-token"),
        requests.ConnectTimeout("secret-token"),
        requests.ReadTimeout("secret-token"),
        requests.exceptions.ChunkedEncodingError("secret-token"),
    ],
)
def test_no_answer_means_that_the_catalog_is_unavailable(
    backstage: responses.RequestsMock, catalog: RestCatalog, failure: Exception
) -> None:
    backstage.get(BY_QUERY, body=failure)
    with pytest.raises(CatalogUnavailableError, match=r"backstage\.example\.com did not answer") as caught:
        catalog.count(USERS)
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "",
        "[]",
        "{}",
        '{"items":null}',
        '{"items":[]}',
        '{"items":[null,null]}',
        '{"items":["user"]}',
        '{"items":[[]]}',
        '{"items":' + "[" * 100_000,
    ],
)
def test_an_unusable_list_of_entities_is_an_error(
    backstage: responses.RequestsMock, catalog: RestCatalog, body: str
) -> None:
    backstage.post(BY_REFS, body=body)
    with pytest.raises(CatalogUnavailableError, match="cannot be used"):
        catalog.entities([JANE])


@pytest.mark.parametrize("total", ["null", '"5"', "-1", "1000000001", "1.5", "true", "[]"])
def test_an_unusable_number_of_entities_is_an_error(
    backstage: responses.RequestsMock, catalog: RestCatalog, total: str
) -> None:
    backstage.get(BY_QUERY, body=f'{{"totalItems":{total}}}')
    with pytest.raises(CatalogUnavailableError, match="totalItems"):
        catalog.count(USERS)


@pytest.mark.parametrize("size", [999, 1001])
def test_an_answer_is_read_up_to_a_limit_also_when_it_is_compressed(
    backstage: responses.RequestsMock, catalog: RestCatalog, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 1000)
    body = b'{"totalItems":7}'.ljust(size)
    backstage.get(BY_QUERY, body=zlib.compress(body), headers={"Content-Encoding": "deflate"})
    if size < 1000:
        assert catalog.count(USERS) == 7
    else:
        with pytest.raises(CatalogUnavailableError, match="over 1000 bytes"):
            catalog.count(USERS)


def test_the_name_of_the_catalog_in_errors_holds_no_credentials(backstage: responses.RequestsMock) -> None:
    url = "https://someone:hidden@backstage.example.com:8443/api/catalog"
    backstage.get("https://backstage.example.com:8443/api/catalog/entities/by-query", status=500)
    backstage.get(f"{url}/entities/by-query", status=500)
    with pytest.raises(CatalogUnavailableError, match=r"at backstage\.example\.com:8443 answered") as caught:
        RestCatalog(url, None, [], DirectSession(), 1.0).count(USERS)
    assert "hidden" not in str(caught.value)
