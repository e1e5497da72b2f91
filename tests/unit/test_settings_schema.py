from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from insights_backend.errors import ConfigError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings import Secret, Settings, load_settings
from insights_backend.settings.keys import KeyPath
from insights_backend.settings.schema import read_settings
from insights_backend.settings.tree import ConfigTree, Dropped

OURS = "backstageInsights"
BASE = {"baseUrl": "http://portal:7007/"}
SALT = "0123456789abcdef0123456789abcdef"


def tree_of(ours: object, dropped: dict[KeyPath, Dropped] | None = None, **others: object) -> ConfigTree:
    return ConfigTree({"backend": BASE, OURS: ours, **others}, {(): "c.yaml"}, dropped or {})


def settings(ours: object, **others: object) -> Settings:
    return read_settings(tree_of(ours, None, **others))


def refusal(ours: object, **others: object) -> str:
    with pytest.raises(ConfigError) as error:
        settings(ours, **others)
    message = str(error.value)
    assert "\n" not in message
    return message


def nested(path: str, value: object) -> object:
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize("ours", [None, {}, {"auth": None, "salt": None, "catalog": {"token": None}}])
def test_nothing_but_the_portals_address_gives_the_defaults(ours: dict[str, Any] | None) -> None:
    read = settings(ours)
    assert read == Settings(auth=read.auth, catalog=read.catalog, warehouse=read.warehouse)
    assert read.auth.jwks_url == "http://portal:7007/api/auth/.well-known/jwks.json"
    assert (read.catalog.base_url, read.catalog.file) == ("http://portal:7007/api/catalog", None)
    assert read.warehouse.dsn.reveal() == "chdb:///var/warehouse"


READ = [
    ("captureEntityFields", ["spec.type", "spec.type"], "capture_entity_fields", ("spec.type",)),
    ("captureIdentityFields", ["metadata.a-b/c"], "capture_identity_fields", ("metadata.a-b/c",)),
    ("salt", SALT, "salt", Secret(SALT)),
    ("identities", "clear", "identities", "clear"),
    ("debug", "YES", "debug", True),
    ("debug", 1, "debug", True),  # as a variable that holds 1 is read
    ("environment", "prod-1", "environment", "prod-1"),
    ("allowedOrigins", ["HTTPS://A.Example:443"], "allowed_origins", ("https://a.example",)),
    ("allowedOrigins", ["http://[::1]:3000"], "allowed_origins", ("http://[::1]:3000",)),
    ("dataDir", "/srv/x", "data_dir", Path("/srv/x")),
    ("dataDir", "/srv/x", "warehouse.dsn", Secret("chdb:////srv/x/warehouse")),
    ("auth.mode", "none", "auth.mode", "none"),
    ("auth.jwksUrl", "https://k/jwks.json", "auth.jwks_url", "https://k/jwks.json"),
    ("auth.tokens", ["a-token-1"], "auth.tokens", (Secret("a-token-1"),)),
    ("catalog.baseUrl", "https://c/api/catalog/", "catalog.base_url", "https://c/api/catalog"),
    ("catalog.file", "org.yaml", "catalog.file", Path("org.yaml")),
    ("catalog.file", "org.yaml", "catalog.base_url", None),
    ("catalog.cacheTtl", {"minutes": 1}, "catalog.cache_ttl", 60.0),
    ("catalog.timeout", "500ms", "catalog.timeout", 0.5),
    ("ingest.maxBodyBytes", "2048", "ingest.max_body_bytes", 2048),
    ("ingest.maxEvents", 10_000, "ingest.max_events", 10_000),
    ("ingest.maxAge", "P1D", "ingest.max_age", 86400.0),
    ("upload.retries", 0.0, "upload.retries", 0),
    ("outbox.maxBytes", 5, "outbox.max_bytes", 5),
    ("outbox.maxBytes", "1e9", "outbox.max_bytes", 10**9),  # as a variable holds it
    ("ingest.maxEvents", " 10.0 ", "ingest.max_events", 10),
    ("warehouse.dsn", "clickhouse://u:p@h/x", "warehouse.dsn", Secret("clickhouse://u:p@h/x")),
    ("warehouse.retentionDays", 1, "warehouse.retention_days", 1),
    ("redaction.enabled", "off", "redaction.enabled", False),
    ("redaction.fields", {"a.b": "drop", "c": None}, "redaction.fields", {"a.b": "drop"}),
    ("dashboard.access", "open", "dashboard.access", "open"),
    ("dashboard.header", "X-Forwarded-User", "dashboard.header", "X-Forwarded-User"),
    ("dashboard.trustedProxies", ["10.0.0.7"], "dashboard.trusted_proxies", (ip_network("10.0.0.7/32"),)),
    ("dashboard.trustedProxies", ["fd00::/8"], "dashboard.trusted_proxies", (ip_network("fd00::/8"),)),
    ("viewers", ["Group:RnD"], "viewers", ("group:default/rnd",)),
]


@pytest.mark.parametrize(("key", "value", "attribute", "expected"), READ)
def test_each_key_has_its_place_in_the_settings(key: str, value: object, attribute: str, expected: object) -> None:
    found: Any = settings(nested(key, value))
    for name in attribute.split("."):
        found = getattr(found, name)
    assert found == expected


@pytest.mark.parametrize("word", ["y", "yes", "true", "1", "on", "ON", True])
def test_these_words_are_true(word: object) -> None:
    assert settings({"debug": word}).debug is True


@pytest.mark.parametrize("word", ["n", "no", "false", "0", "off", "No", False])
def test_these_words_are_false(word: object) -> None:
    assert settings({"redaction": {"enabled": word}}).redaction.enabled is False


def test_filters_keep_literal_keys_and_keys_without_a_value() -> None:
    config = {"spec.type": ["a", "b"], "metadata.x": None}
    read = settings({"totalUsersEntityQueryFilter": [config], "captureIdentityGroupsFilter": config})
    assert read.total_users_entity_query_filter == EntityFilterQuery.parse([config])
    assert read.capture_identity_groups_filter == EntityFilterQuery.parse(config)


@pytest.mark.parametrize("key", ["captureIdentityGroupsFilter", "totalUsersEntityQueryFilter"])
def test_a_filter_that_no_address_can_carry_is_refused_where_a_running_catalog_is_asked(key: str) -> None:
    config = {key: {"spec.profile.displayName": "Research, Development"}}
    assert "a filter in a URL cannot carry a comma" in (message := refusal(config))
    assert f"backstageInsights.{key}: " in message
    assert "Research" not in message
    settings({**config, "roles": ["collector"]})
    settings({**config, "catalog": {"file": "org.yaml"}})


REFUSED = [
    ("debug", 2, "must be true or false"),
    ("debug", 1.0, "must be true or false"),
    ("debug", "maybe", "must be true or false"),
    ("captureEntityFields", "spec.type", "must be a list"),
    ("captureEntityFields", ["a"] * 101, "at most 100"),
    ("captureEntityFields", ["ok", "a[0]"], "item 2 must be a dot path"),
    ("captureEntityFields", ["a,b"], "item 1 must be a dot path"),
    ("captureEntityFields", ["a b"], "item 1 must be a dot path"),
    ("captureEntityFields", [""], "item 1 must be a dot path"),
    ("captureIdentityFields", ["a" * 201], "item 1 must be a dot path"),
    ("captureIdentityFields", [1], "item 1 must be a dot path"),
    ("totalUsersEntityQueryFilter", "kind=user", ""),
    ("salt", SALT[1:], "at least 32 bytes"),
    ("salt", 5, "at least 32 bytes"),
    ("identities", "both", "must be one of pseudonymous, clear"),
    ("environment", "a b", "1 to 64"),
    ("environment", "", "1 to 64"),
    ("environment", "a" * 65, "1 to 64"),
    ("environment", "prod\n", "1 to 64"),
    ("allowedOrigins", ["https://a/"], "without a slash at its end"),
    ("allowedOrigins", ["*"], "must be an absolute http"),
    ("allowedOrigins", ["null"], "must be an absolute http"),
    ("allowedOrigins", ["https://a?b"], "must be an absolute http"),
    ("dataDir", "", "must have 1 to"),
    ("dataDir", 5, "must be a text"),
    ("dataDir", "a\0b", "control characters"),
    ("auth", "none", "must be an object"),
    ("auth.mode", "open", "must be one of backstage, static, none"),
    ("auth.tokens", ["short"], "item 1 must be a text of at least 8"),
    ("auth.tokens", ["with a space"], "item 1 must be a text of at least 8"),
    ("auth.jwksUrl", "https://u:hunter2@h/", "no user name and no password"),
    ("catalog.token", 1234567890, "must be a text of at least 8"),
    ("catalog.baseUrl", "/api/catalog", "must be an absolute http"),
    ("catalog.baseUrl", "ftp://h", "must be an absolute http"),
    ("catalog.baseUrl", "http://h:99999", "not a URL"),
    ("catalog.baseUrl", "http://[h", "not a URL"),
    ("catalog.baseUrl", "http://a b/", "must be an absolute http"),
    ("catalog.cacheTtl", "soon", "must be a duration such as 10m, PT10M or {minutes: 10}"),
    ("catalog.cacheTtl", 600, "must be a duration"),
    ("catalog.cacheTtl", "11y", "at most ten years"),
    ("catalog.timeout", "0s", "more than 0"),
    ("ingest.maxEvents", 10_001, "from 1 to 10000"),
    ("ingest.maxEvents", 0, "from 1 to 10000"),
    ("ingest.maxEvents", True, "from 1 to 10000"),
    ("ingest.maxEvents", 1.5, "from 1 to 10000"),
    ("ingest.maxEvents", "1.5", "from 1 to 10000"),
    ("ingest.maxEvents", "1e99", "from 1 to 10000"),
    ("ingest.maxEvents", "ten", "from 1 to 10000"),
    ("ingest.maxEvents", float("inf"), "from 1 to 10000"),
    ("ingest.maxBodyBytes", "1MiB", "must be a whole number"),
    ("ingest.maxBodyBytes", 64 * 1024**2 + 1, "must be a whole number"),
    ("upload.retries", -1, "from 0 to 100"),
    ("upload.format", "csv", "one of insights, segment"),
    ("warehouse.retentionDays", 0, "must be a whole number"),
    ("warehouse.dsn", "postgres://u:hunter2@h", "must be an address that begins with chdb:// or clickhouse://"),
    ("warehouse.dsn", "clickhouse://h/insights?secure=hunter2", "secure must be true or false"),
    ("warehouse.dsn", "clickhouse://u:hunter2@h:x/d", "not a URL"),
    ("warehouse.dsn", "clickhouse:///insights", "must be chdb:///path or clickhouse://user:password@host"),
    ("dataDir", "./v?r", "cannot be part of an address; set warehouse.dsn too"),
    ("dataDir", "./v#r", "cannot be part of an address; set warehouse.dsn too"),
    ("redaction.fields", ["a"], "must be an object"),
    ("redaction.fields", {"a": "hide"}, "must be one of keep, pseudonymise, scan, drop"),
    ("redaction.fields", {"a b": "drop"}, "must be a dot path"),
    ("dashboard.access", "public", "must be one of open, token, header"),
    ("dashboard.header", "X_User", "must be the name of a header"),
    ("dashboard.header", "X-User: jane", "must be the name of a header"),
    ("dashboard.trustedProxies", "10.0.0.7", "must be a list"),
    ("dashboard.trustedProxies", ["proxy.example.com"], "item 1 must be an IP address or a network"),
    ("dashboard.trustedProxies", ["10.0.0.7/16"], "item 1 must be an IP address or a network"),
    ("dashboard.trustedProxies", ["10.0.0.7", "0.0.0.0/0"], "item 2 must not be every address there is"),
    ("dashboard.trustedProxies", ["::/0"], "item 1 must not be every address there is"),
    ("viewers", ["component:x"], "item 1 must be a user or a group"),
    ("viewers", ["jane"], "item 1 the entity reference names no kind"),
    ("catalog.cacheTTL", "1m", "unknown key; did you mean cacheTtl?"),
    ("zzz", 1, "unknown key; the known keys are"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), REFUSED)
def test_a_wrong_value_is_one_line_with_file_and_key_and_without_the_value(
    key: str, value: object, sentence: str
) -> None:
    message = refusal(nested(key, value))
    assert message.startswith(f"c.yaml: {OURS}.{key}: ")
    assert sentence in message
    assert "hunter2" not in message


def test_several_problems_name_the_first_and_count_the_others() -> None:
    message = refusal({"debug": 5, "environment": "", "nonsense": 1})
    assert message == "c.yaml: backstageInsights.debug: must be true or false (and 2 more)"


def test_an_unknown_key_cannot_break_the_line() -> None:
    assert refusal({"a\nb": 1}).startswith("c.yaml: backstageInsights.a?b: unknown key")


@pytest.mark.parametrize(
    ("ours", "backend", "start"),
    [
        ({}, None, "auth.jwksUrl: missing; set it, or backend.baseUrl"),
        ({"auth": {"mode": "none"}}, {}, "catalog.baseUrl: missing"),
        ({"auth": {"mode": "static"}}, BASE, "auth.tokens: missing"),
        ({"catalog": {"file": "o.yaml", "baseUrl": "http://c"}}, BASE, "catalog.file: set beside"),
        ({"upload": {"url": "https://u"}}, BASE, "upload.token: missing"),
        ({"dashboard": {"access": "header", "trustedProxies": ["::1"]}}, BASE, "dashboard.header: missing"),
        ({"dashboard": {"access": "header", "header": "X-User"}}, BASE, "dashboard.trustedProxies: missing"),
    ],
)
def test_keys_that_need_one_another_are_checked_together(
    ours: dict[str, Any] | None, backend: object, start: str
) -> None:
    assert refusal(ours, backend=backend).startswith(f"c.yaml: {OURS}.{start}")


def test_the_portals_own_address_must_be_a_url() -> None:
    assert refusal({}, backend={"baseUrl": "portal"}).startswith("c.yaml: backend.baseUrl: must be")


def test_the_upload_token_is_by_default_that_of_spotify() -> None:
    spotify = {"apiToken": "spotify-token"}
    upload = {"url": "https://u/v1/batches"}
    assert settings({"upload": upload}, spotify=spotify).upload.token == Secret("spotify-token")
    own = settings({"upload": {**upload, "token": "own-token"}}, spotify=spotify)
    assert own.upload.token == Secret("own-token")
    assert settings({}, spotify={"apiToken": ""}).upload.token is None
    assert refusal({"upload": upload}, spotify={"apiToken": "short"}).startswith("c.yaml: spotify.apiToken: ")


def test_a_write_key_is_not_taken_from_spotify() -> None:
    upload = {"url": "https://u", "format": "segment"}
    assert "upload.token: missing" in refusal({"upload": upload}, spotify={"apiToken": "spotify-token"})
    assert settings({"upload": {**upload, "token": "a-write-key"}}).upload.format == "segment"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ((OURS, "auth", "tokens", "0"), "backstageInsights.auth.tokens[0]"),
        ((OURS, "catalog", "token"), "backstageInsights.catalog.token"),
        ((OURS, "upload", "token"), "backstageInsights.upload.token"),
        ((OURS, "salt"), "backstageInsights.salt"),
        ((OURS, "warehouse", "dsn"), "backstageInsights.warehouse.dsn"),
        (("spotify", "apiToken"), "spotify.apiToken"),
    ],
)
def test_a_secret_left_unset_is_an_error_that_says_which_variable_to_set(path: KeyPath, shown: str) -> None:
    ours = {"upload": {"url": "https://u"}}
    with pytest.raises(ConfigError) as error:
        read_settings(tree_of(ours, dropped={path: Dropped("A_TOKEN", "d.yaml")}))
    assert str(error.value).startswith(f"d.yaml: {shown}: a secret left unset; set A_TOKEN")


def test_an_unset_variable_does_not_matter_where_another_layer_has_the_secret_or_nobody_needs_it() -> None:
    dropped: dict[KeyPath, Dropped] = {
        (OURS, "salt"): Dropped("SALT", "d.yaml"),
        (OURS, "environment"): Dropped("ENV", "d.yaml"),
        ("spotify", "apiToken"): Dropped("API", "d.yaml"),
    }
    assert read_settings(tree_of({"salt": SALT}, dropped=dropped)).salt == Secret(SALT)


def test_settings_are_loaded_from_the_files_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("backend: {baseUrl: 'http://b'}\nbackstageInsights: {environment: one}")
    (tmp_path / "b.yaml").write_text("backstageInsights: {environment: two, salt: '${SALT}'}")
    environ = {"INSIGHTS_CONFIG": "a.yaml, b.yaml", "SALT": SALT}
    assert load_settings(environ, tmp_path).environment == "two"
    assert load_settings(environ, tmp_path, [Path("a.yaml")]).environment == "one"
    with pytest.raises(ConfigError, match=r"^b\.yaml: backstageInsights\.salt: .* set SALT"):
        load_settings({"INSIGHTS_CONFIG": "a.yaml,b.yaml"}, tmp_path)
    with pytest.raises(ConfigError, match="looked for"):
        load_settings({}, tmp_path)


def test_the_settings_never_show_a_secret() -> None:
    ours = {
        "salt": SALT,
        "catalog": {"token": "catalog-secret"},
        "warehouse": {"dsn": "clickhouse://u:secret@h"},
    }
    assert "secret" not in repr(settings(ours)).lower().replace("secret(***)", "")
    assert "secret" not in repr(tree_of(ours))
