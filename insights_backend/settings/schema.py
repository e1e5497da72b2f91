"""From the configuration tree to `Settings`: every key declared once, every error with its key and file.

A reader takes an untyped value and returns a typed one, or raises ValueError with a sentence that does not
repeat the value. Numbers and booleans are read as Backstage does (`ConfigReader` in `@backstage/config`).
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args
from urllib.parse import SplitResult, urlsplit

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, pre_load

from insights_backend.errors import ConfigError, InsightsError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.model.entity_ref import EntityRef
from insights_backend.settings.duration import parse_duration
from insights_backend.settings.loader import ConfigTree, KeyPath
from insights_backend.settings.values import (
    AuthMode,
    AuthSettings,
    CatalogSettings,
    DashboardAccess,
    Identities,
    IngestSettings,
    RedactionSettings,
    Secret,
    Settings,
    Treatment,
    UploadSettings,
    WarehouseSettings,
)

T = TypeVar("T")
Reader = Callable[[object], T]

_ROOT = "backstageInsights"
_API_TOKEN = ("spotify", "apiToken")
_SECRETS: frozenset[KeyPath] = frozenset(
    (_ROOT, *key)
    for key in (
        ("auth", "tokens"),
        ("catalog", "token"),
        ("upload", "token"),
        ("salt",),
        ("warehouse", "dsn"),
    )
)
_TRUE = frozenset({"y", "yes", "true", "1", "on"})
_FALSE = frozenset({"n", "no", "false", "0", "off"})
_MAX_TEXT = 4096
_MAX_LIST = 1000
_MAX_FIELDS = 100
_MAX_SECONDS = 10 * 365 * 86400
_MIN_SALT_BYTES = 32
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_TOKEN = re.compile(r"[\x21-\x7e]{8,4096}")
_DOT_PATH = re.compile(r"[^\[,\s.]+(?:\.[^\[,\s.]+)*")
_MAX_DOT_PATH = 200
_ENVIRONMENT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read_settings(tree: ConfigTree) -> Settings:
    """Make the settings from a configuration.

    Raises:
        ConfigError: a key is unknown, has a value that cannot be used, or is missing; one line that names
            the first such key and its file, and says how many more there are.
    """
    _check_dropped(tree)
    try:
        raw = _RootSchema().load(dict(tree.data))
    except ValidationError as error:
        raise _config_error(tree, list(_problems(error.messages_dict, ()))) from None
    return _settings(tree, raw)


# --- readers ---------------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text; put it in quotes")  # noqa: TRY004 - one kind of refusal
    if not 0 < len(value) <= _MAX_TEXT:
        raise ValueError(f"must have 1 to {_MAX_TEXT} characters")
    if not value.isprintable():
        raise ValueError("must not hold line breaks or control characters")
    return value


def _path(value: object) -> Path:
    return Path(_text(value))


def _boolean(value: object) -> bool:
    word = str(value).lower() if isinstance(value, str | bool) else ""
    if word not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return word in _TRUE


def _integer(low: int, high: int) -> Reader[int]:
    def read(value: object) -> int:
        number = _whole(value)
        if number is None or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def _duration(*, zero: bool) -> Reader[float]:
    def read(value: object) -> float:
        seconds = parse_duration(value)
        if seconds > _MAX_SECONDS or (seconds == 0 and not zero):
            raise ValueError(f"must be {'at least 0' if zero else 'more than 0'} and at most ten years")
        return seconds

    return read


def _choice(literal: Any) -> Reader[str]:
    choices: tuple[str, ...] = get_args(literal)

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def _token(value: object) -> Secret:
    """Read a bearer token; those of Backstage have 8 characters or more and no space (`externalAccess`)."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("must be a text of at least 8 ASCII characters without white space")
    return Secret(value)


def _salt(value: object) -> Secret:
    if not isinstance(value, str) or not _MIN_SALT_BYTES <= len(value.encode()) <= _MAX_TEXT:
        raise ValueError(f"must be a text of at least {_MIN_SALT_BYTES} bytes")
    return Secret(value)


def _dsn(value: object) -> Secret:
    if not isinstance(value, str) or not value.startswith(("chdb://", "clickhouse://")) or not value.isprintable():
        raise ValueError("must begin with chdb:// or clickhouse://")
    return Secret(value)


def _split_http(value: object) -> SplitResult:
    """Split an absolute http(s) URL without user information, query, fragment or white space (RFC 3986)."""
    text = _text(value)
    try:
        parts = urlsplit(text)
        port_is_usable = parts.port != 0
    except ValueError:
        raise ValueError("not a URL; write https://host/path") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must hold no user name and no password")
    host = _HOST.fullmatch(parts.hostname or "")
    if parts.scheme not in _DEFAULT_PORTS or not host or not port_is_usable or re.search(r"[\s\\?#]", text):
        raise ValueError("must be an absolute http or https URL without query and fragment")
    return parts


def _url(value: object) -> str:
    return _split_http(value).geturl()


def _base_url(value: object) -> str:
    return _url(value).rstrip("/")


def _origin(value: object) -> str:
    """Read a web origin as browsers send it (RFC 6454): lower case, no path, no default port."""
    parts = _split_http(value)
    if parts.path:
        raise ValueError("must be scheme://host[:port], without a path and without a slash at its end")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]} else ""
    return f"{parts.scheme}://{host}{port}"


def _environment(value: object) -> str:
    if not isinstance(value, str) or not _ENVIRONMENT.fullmatch(value):
        raise ValueError("must be a text of 1 to 64 letters, digits, '.', '_' and '-'")
    return value


def _dot_path(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_DOT_PATH or not _DOT_PATH.fullmatch(value):
        raise ValueError(
            f"must be a dot path such as spec.type, without '[', ',' and spaces, up to {_MAX_DOT_PATH} long"
        )
    return value


def _viewer(value: object) -> str:
    ref = EntityRef.parse(_text(value))
    if ref.kind not in {"user", "group"}:
        raise ValueError("must be a user or a group, such as group:default/platform")
    return str(ref)


def _treatments(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > _MAX_LIST:
        raise ValueError(f"must be an object of at most {_MAX_LIST} dot paths, such as {{attributes.note: drop}}")
    read = _choice(Treatment)
    return {_dot_path(path): read(treatment) for path, treatment in value.items() if treatment is not None}


def _list(read: Reader[T], most: int = _MAX_LIST) -> Reader[tuple[T, ...]]:
    def read_list(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(f"must be a list of at most {most} items")
        return tuple(dict.fromkeys(_item(read, index, item) for index, item in enumerate(value)))

    return read_list


def _item(read: Reader[T], index: int, item: object) -> T:
    try:
        return read(item)
    except (ValueError, InsightsError) as error:
        raise ValueError(f"item {index + 1} {error}") from None


# --- the declaration -------------------------------------------------------------------------------


class _Key(fields.Field[Any]):
    """A key of the configuration: its value is what a reader makes of it."""

    def __init__(self, name: str, read: Reader[Any]) -> None:
        super().__init__(data_key=name)
        self._read = read

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002 - the signature is marshmallow's
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        try:
            return self._read(value)
        except (ValueError, InsightsError) as error:
            raise ValidationError(str(error)) from None


class _Object(Schema):
    """An object of keys: a null is absent, and an unknown key is an error that suggests another."""

    class Meta:
        unknown = RAISE

    error_messages = {"type": "must be an object"}  # noqa: RUF012 - marshmallow reads it from the class

    @pre_load
    def drop_nulls(self, data: Any, **_: Any) -> Any:
        """Leave out the keys whose value is null."""
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:  # noqa: ARG002 - the signature is marshmallow's
        """Say of an unknown key which known one is nearest."""
        known = [field.data_key or name for name, field in self.fields.items()]
        for key in error.messages_dict.keys() - {*known, "_schema"}:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the known keys are {', '.join(known)}"
            error.messages_dict[key] = [f"unknown key; {hint}"]


class _AuthSchema(_Object):
    mode = _Key("mode", _choice(AuthMode))
    jwks_url = _Key("jwksUrl", _url)
    tokens = _Key("tokens", _list(_token))


class _CatalogSchema(_Object):
    base_url = _Key("baseUrl", _base_url)
    token = _Key("token", _token)
    file = _Key("file", _path)
    cache_ttl = _Key("cacheTtl", _duration(zero=True))
    timeout = _Key("timeout", _duration(zero=False))


class _IngestSchema(_Object):
    max_body_bytes = _Key("maxBodyBytes", _integer(1, 64 * 1024**2))
    max_events = _Key("maxEvents", _integer(1, 10_000))
    max_age = _Key("maxAge", _duration(zero=False))


class _UploadSchema(_Object):
    url = _Key("url", _url)
    token = _Key("token", _token)
    timeout = _Key("timeout", _duration(zero=False))
    deadline = _Key("deadline", _duration(zero=False))
    retries = _Key("retries", _integer(0, 100))


class _OutboxSchema(_Object):
    max_bytes = _Key("maxBytes", _integer(1, 2**50))


class _WarehouseSchema(_Object):
    dsn = _Key("dsn", _dsn)
    retention_days = _Key("retentionDays", _integer(1, 36_500))


class _RedactionSchema(_Object):
    enabled = _Key("enabled", _boolean)
    fields_ = _Key("fields", _treatments)


class _DashboardSchema(_Object):
    access = _Key("access", _choice(DashboardAccess))


class _InsightsSchema(_Object):
    capture_entity_fields = _Key("captureEntityFields", _list(_dot_path, _MAX_FIELDS))
    capture_identity_fields = _Key("captureIdentityFields", _list(_dot_path, _MAX_FIELDS))
    capture_identity_groups_filter = _Key("captureIdentityGroupsFilter", EntityFilterQuery.parse)
    total_users_entity_query_filter = _Key("totalUsersEntityQueryFilter", EntityFilterQuery.parse)
    salt = _Key("salt", _salt)
    identities = _Key("identities", _choice(Identities))
    debug = _Key("debug", _boolean)
    environment = _Key("environment", _environment)
    allowed_origins = _Key("allowedOrigins", _list(_origin))
    data_dir = _Key("dataDir", _path)
    auth = fields.Nested(_AuthSchema)
    catalog = fields.Nested(_CatalogSchema)
    ingest = fields.Nested(_IngestSchema)
    upload = fields.Nested(_UploadSchema)
    outbox = fields.Nested(_OutboxSchema)
    warehouse = fields.Nested(_WarehouseSchema)
    redaction = fields.Nested(_RedactionSchema)
    dashboard = fields.Nested(_DashboardSchema)
    viewers = _Key("viewers", _list(_viewer))


class _BackendSchema(_Object):
    """Backstage's own keys: all but one are none of our business."""

    base_url = _Key("baseUrl", _base_url)


class _RootSchema(_Object):
    backend = fields.Nested(_BackendSchema, unknown=EXCLUDE)
    insights = fields.Nested(_InsightsSchema, data_key=_ROOT)

    class Meta:
        unknown = EXCLUDE


# --- what depends on more than one key -------------------------------------------------------------


def _settings(tree: ConfigTree, raw: dict[str, Any]) -> Settings:
    own: dict[str, Any] = dict(raw.get("insights", {}))
    base_url: str | None = raw.get("backend", {}).get("base_url")
    sections = {name: own.pop(name, {}) for name in ("outbox", "dashboard", "redaction", "warehouse")}
    data_dir = own.get("data_dir", Settings.__dataclass_fields__["data_dir"].default)
    redaction = {key.rstrip("_"): value for key, value in sections["redaction"].items()}
    return Settings(
        auth=_auth(tree, own.pop("auth", {}), base_url),
        catalog=_catalog(tree, own.pop("catalog", {}), base_url),
        ingest=IngestSettings(**own.pop("ingest", {})),
        upload=_upload(tree, own.pop("upload", {})),
        warehouse=WarehouseSettings(**{"dsn": Secret(f"chdb:///{data_dir}/warehouse")} | sections["warehouse"]),
        redaction=RedactionSettings(**redaction),
        **{f"outbox_{key}": value for key, value in sections["outbox"].items()},
        **{f"dashboard_{key}": value for key, value in sections["dashboard"].items()},
        **own,
    )


def _auth(tree: ConfigTree, raw: dict[str, Any], base_url: str | None) -> AuthSettings:
    derived = {"jwks_url": f"{base_url}/api/auth/.well-known/jwks.json"} if base_url else {}
    auth = AuthSettings(**derived | raw)
    if auth.mode == "backstage" and auth.jwks_url is None:
        raise _problem(tree, (_ROOT, "auth", "jwksUrl"), "missing; set it, or backend.baseUrl")
    if auth.mode == "static" and not auth.tokens:
        raise _problem(tree, (_ROOT, "auth", "tokens"), "missing; auth.mode static needs at least one token")
    return auth


def _catalog(tree: ConfigTree, raw: dict[str, Any], base_url: str | None) -> CatalogSettings:
    if "file" in raw and "base_url" in raw:
        raise _problem(tree, (_ROOT, "catalog", "file"), "set beside catalog.baseUrl; keep one of the two")
    derived = {"base_url": f"{base_url}/api/catalog"} if base_url and "file" not in raw else {}
    catalog = CatalogSettings(**derived | raw)
    if catalog.file is None and catalog.base_url is None:
        raise _problem(tree, (_ROOT, "catalog", "baseUrl"), "missing; set it, or catalog.file, or backend.baseUrl")
    return catalog


def _upload(tree: ConfigTree, raw: dict[str, Any]) -> UploadSettings:
    if "url" not in raw or "token" in raw:
        return UploadSettings(**raw)
    if _API_TOKEN in tree.dropped and tree.value(_API_TOKEN) is None:
        raise _unset(tree, _API_TOKEN)
    if tree.value(_API_TOKEN) is None:
        raise _problem(tree, (_ROOT, "upload", "token"), "missing; upload.url needs it, or spotify.apiToken")
    try:
        return UploadSettings(**raw, token=_token(tree.value(_API_TOKEN)))
    except ValueError as error:
        raise _problem(tree, _API_TOKEN, str(error)) from None


# --- errors ----------------------------------------------------------------------------------------


def _check_dropped(tree: ConfigTree) -> None:
    """Refuse a secret that was written and then lost, since its variable is not set."""
    for path in tree.dropped:
        is_item = path[:-1] == (_ROOT, "auth", "tokens")
        if is_item or (path in _SECRETS and tree.value(path) is None):
            raise _unset(tree, path)


def _unset(tree: ConfigTree, path: KeyPath) -> ConfigError:
    dropped = tree.dropped[path]
    variable = _printable(dropped.variable)
    return ConfigError(f"{dropped.file}: {_shown(path)}: a secret left unset; set {variable}, or take the key out")


def _problem(tree: ConfigTree, path: KeyPath, sentence: str) -> ConfigError:
    return ConfigError(f"{tree.origin(path)}: {_shown(path)}: {sentence}")


def _config_error(tree: ConfigTree, problems: list[tuple[KeyPath, str]]) -> ConfigError:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    path, sentence = problems[0]
    return _problem(tree, path, sentence + more)


def _problems(messages: Mapping[Any, Any], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Flatten marshmallow's nested messages to one sentence a key."""
    for key, below in messages.items():
        here = path if key == "_schema" else (*path, str(key))
        if isinstance(below, Mapping):
            yield from _problems(below, here)
        else:
            yield here, str(below[0])


def _shown(path: KeyPath) -> str:
    """Write a path for people; digits are the index of a list's item."""
    text = "".join(f"[{key}]" if key.isdecimal() else f".{key}" for key in path)
    return _printable(text.lstrip("."))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:200])
