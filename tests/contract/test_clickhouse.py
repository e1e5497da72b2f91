"""The server that tests run on answers as ClickHouse does; with CLICKHOUSE_URL set, ClickHouse itself is asked."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client

from insights_backend.settings.dsn import client_arguments
from insights_backend.warehouse.engine import Engine

ODD = "a\\tb'\n\t\"☃%s{x:String}&=+;"

Ask = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def arguments(clickhouse_dsn: str) -> dict[str, Any]:
    with closing(Engine(clickhouse_dsn)) as engine:
        engine.open()
    return client_arguments(clickhouse_dsn)


@pytest.fixture
def client(arguments: dict[str, Any]) -> Iterator[Client]:
    with closing(get_client(**arguments)) as client:
        client.command("CREATE OR REPLACE TABLE things (number Int32, text String) ENGINE = MergeTree ORDER BY number")
        yield client


@pytest.fixture
def ask(arguments: dict[str, Any]) -> Ask:
    """A request as any HTTP client sends it."""
    url = f"{arguments['interface']}://{arguments['host']}:{arguments['port']}/"

    def send(method: str, data: Any = None, headers: Any = None, **parameters: str) -> requests.Response:
        auth = None if headers else (arguments["username"], arguments["password"])
        return requests.request(
            method, url, params=parameters, data=data, auth=auth, headers=headers, timeout=10, allow_redirects=False
        )

    return send


def things(client: Client) -> list[Any]:
    return list(client.query("SELECT * FROM things ORDER BY number").result_rows)


def code(answer: requests.Response) -> str | None:
    assert answer.ok == ("X-ClickHouse-Exception-Code" not in answer.headers)
    return answer.headers.get("X-ClickHouse-Exception-Code")


def test_rows_that_the_client_inserts_come_back(client: Client) -> None:
    client.insert("things", [[1, ODD], [2, ""]], column_names=["number", "text"])
    assert things(client) == [(1, ODD), (2, "")]


@pytest.mark.parametrize("compression", [None, "lz4", "zstd", "gzip"])
def test_each_compression_of_the_client_is_understood_and_answered(
    arguments: dict[str, Any], client: Client, compression: str | None
) -> None:
    rows = [[number, "x" * 100] for number in range(1000)]
    with closing(get_client(**arguments, compress=compression or False)) as compressing:
        compressing.insert("things", rows, column_names=["number", "text"])
        assert things(compressing) == [tuple(row) for row in rows]


def test_an_answer_is_compressed_only_where_it_is_asked_for(ask: Ask) -> None:
    assert "Content-Encoding" not in ask("POST", "SELECT 1").headers
    assert ask("POST", "SELECT 1", enable_http_compression="1").headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("numbers", [3, 3000], ids=["in the URL", "in a form"])
def test_parameters_arrive_as_they_were_sent(client: Client, numbers: int) -> None:
    sent = {"text": ODD, "list": [ODD, *map(str, range(numbers))]}
    assert client.query("SELECT {text:String}, {list:Array(String)}", sent).result_rows == [(ODD, sent["list"])]


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("", 'INSERT INTO things FORMAT JSONEachRow\n{"number":1,"text":"FORMAT VALUES"}\n'),
        ("INSERT INTO things (number, text) FORMAT JSONEachRow", '{"number":1,"text":"FORMAT VALUES"}\n'),
        ("", "INSERT INTO things VALUES (1, 'FORMAT VALUES')"),
        ("", "INSERT INTO things SELECT 1, 'FORMAT VALUES'"),
    ],
    ids=["all in the body", "statement in the URL", "values", "select"],
)
def test_rows_may_be_inserted_in_each_way(client: Client, ask: Ask, query: str, data: str) -> None:
    more = {"query": query} if query else {}
    answer = ask("POST", data, database=client.database, **more)
    assert (answer.status_code, answer.text) == (200, "")
    assert things(client) == [(1, "FORMAT VALUES")]


def test_a_setting_holds_for_its_own_query_only(client: Client) -> None:
    asked = "SELECT getSetting('max_block_size')"
    before = client.command(asked)
    assert client.command(asked, settings={"max_block_size": 123}) == 123
    assert client.command(asked) == before


def test_a_limit_that_is_set_ends_a_query(client: Client) -> None:
    with pytest.raises(Exception, match="159"):
        client.query("SELECT count() FROM numbers(1000000000000)", settings={"max_execution_time": 0.05})


@pytest.mark.parametrize(
    ("method", "parameters", "expected"),
    [
        ("POST", {"query": "SELECT FROM WHERE"}, "62"),
        ("POST", {"query": "SELECT * FROM missing"}, "60"),
        ("POST", {"query": "INSERT INTO missing FORMAT JSONEachRow"}, "60"),
        ("POST", {"query": "SELECT 1", "database": "missing"}, "81"),
        ("POST", {"query": "SELECT 1", "missing_setting": "1"}, "115"),
        ("POST", {"query": "SELECT {missing:String}"}, "456"),
        ("GET", {"query": "CREATE TABLE made_by_get (a Int8) ENGINE = Memory"}, "164"),
        ("GET", {"query": "SELECT 1"}, None),
    ],
)
def test_what_is_wrong_is_told_by_its_code(
    ask: Ask, method: str, parameters: dict[str, str], expected: str | None
) -> None:
    assert code(ask(method, **parameters)) == expected


def test_rows_that_cannot_be_read_are_refused_and_none_is_stored(client: Client, ask: Ask) -> None:
    data = 'INSERT INTO things FORMAT JSONEachRow\n{"number":1,"text":""}\n{"number":nonsense\n'
    assert code(ask("POST", data, database=client.database))
    assert things(client) == []


def test_who_asks_is_checked(arguments: dict[str, Any], ask: Ask) -> None:
    known = {"X-ClickHouse-User": arguments["username"], "X-ClickHouse-Key": arguments["password"]}
    assert code(ask("POST", "SELECT 1", known)) is None
    assert code(ask("POST", "SELECT 1", {**known, "X-ClickHouse-Key": "wrong"})) == "516"
    assert code(ask("POST", "SELECT 1", {**known, "X-ClickHouse-User": "nobody"})) == "516"
    with pytest.raises(Exception, match="516"):
        get_client(**{**arguments, "password": "wrong"})


def test_an_answer_says_its_format_its_time_zone_and_what_was_read(ask: Ask) -> None:
    headers = ask("POST", "SELECT number FROM numbers(5) FORMAT JSONEachRow").headers
    assert headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert headers["X-ClickHouse-Timezone"]
    assert '"read_rows":"5"' in headers["X-ClickHouse-Summary"]
