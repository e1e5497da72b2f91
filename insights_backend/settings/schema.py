"""Every key of the configuration, declared once: its name, its reader and its bounds."""

import difflib
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, pre_load

from insights_backend.errors import InsightsError
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings import readers, urls
from insights_backend.settings.building import build_settings, check_secrets
from insights_backend.settings.keys import ROOT
from insights_backend.settings.messages import first_problem
from insights_backend.settings.tree import ConfigTree
from insights_backend.settings.values import AuthMode, DashboardAccess, Identities, Role, Settings, UploadFormatName

_MAX_FIELDS = 100


def read_settings(tree: ConfigTree) -> Settings:
    """Make the settings from a configuration.

    Raises:
        ConfigError: a key is unknown, has a value that cannot be used, or is missing; one line that names
            the first such key and its file, and says how many more there are.
    """
    check_secrets(tree)
    try:
        loaded = _RootSchema().load(dict(tree.data))
    except ValidationError as error:
        raise first_problem(tree, error.messages_dict) from None
    return build_settings(tree, loaded)


class _Key(fields.Field[Any]):
    """A key of the configuration: its value is what a reader makes of it."""

    def __init__(self, name: str, read: readers.Reader[Any], attribute: str | None = None) -> None:
        super().__init__(data_key=name, attribute=attribute)
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
    mode = _Key("mode", readers.choice(AuthMode))
    jwks_url = _Key("jwksUrl", urls.url)
    tokens = _Key("tokens", readers.list_of(readers.token))


class _CatalogSchema(_Object):
    base_url = _Key("baseUrl", urls.base_url)
    token = _Key("token", readers.token)
    file = _Key("file", readers.path)
    cache_ttl = _Key("cacheTtl", readers.duration(zero=True))
    timeout = _Key("timeout", readers.duration(zero=False))


class _IngestSchema(_Object):
    max_body_bytes = _Key("maxBodyBytes", readers.integer(1, 64 * 1024**2))
    max_events = _Key("maxEvents", readers.integer(1, 10_000))
    max_age = _Key("maxAge", readers.duration(zero=False))


class _UploadSchema(_Object):
    url = _Key("url", urls.url)
    token = _Key("token", readers.token)
    format = _Key("format", readers.choice(UploadFormatName))
    timeout = _Key("timeout", readers.duration(zero=False))
    deadline = _Key("deadline", readers.duration(zero=False))
    retries = _Key("retries", readers.integer(0, 100))


class _OutboxSchema(_Object):
    max_bytes = _Key("maxBytes", readers.integer(1, 2**50))


class _CollectorSchema(_Object):
    events_per_minute = _Key("eventsPerMinute", readers.integer(1, 10**9))


class _WarehouseSchema(_Object):
    dsn = _Key("dsn", readers.dsn)
    cluster = _Key("cluster", readers.label)
    retention_days = _Key("retentionDays", readers.integer(1, 15_000))


class _RedactionSchema(_Object):
    enabled = _Key("enabled", readers.boolean)
    fields_ = _Key("fields", readers.treatments, attribute="fields")


class _DashboardSchema(_Object):
    access = _Key("access", readers.choice(DashboardAccess))
    header = _Key("header", readers.header)
    trusted_proxies = _Key("trustedProxies", readers.list_of(readers.network))


class _InsightsSchema(_Object):
    roles = _Key("roles", readers.list_of(readers.choice(Role)))
    capture_entity_fields = _Key("captureEntityFields", readers.list_of(readers.dot_path, _MAX_FIELDS))
    capture_identity_fields = _Key("captureIdentityFields", readers.list_of(readers.dot_path, _MAX_FIELDS))
    capture_identity_groups_filter = _Key("captureIdentityGroupsFilter", EntityFilterQuery.parse)
    total_users_entity_query_filter = _Key("totalUsersEntityQueryFilter", EntityFilterQuery.parse)
    salt = _Key("salt", readers.salt)
    identities = _Key("identities", readers.choice(Identities))
    debug = _Key("debug", readers.boolean)
    environment = _Key("environment", readers.label)
    allowed_origins = _Key("allowedOrigins", readers.list_of(urls.origin))
    data_dir = _Key("dataDir", readers.path)
    auth = fields.Nested(_AuthSchema)
    catalog = fields.Nested(_CatalogSchema)
    ingest = fields.Nested(_IngestSchema)
    upload = fields.Nested(_UploadSchema)
    outbox = fields.Nested(_OutboxSchema)
    collector = fields.Nested(_CollectorSchema)
    warehouse = fields.Nested(_WarehouseSchema)
    redaction = fields.Nested(_RedactionSchema)
    dashboard = fields.Nested(_DashboardSchema)
    viewers = _Key("viewers", readers.list_of(readers.viewer))


class _BackendSchema(_Object):
    """Backstage's own keys: all but one are none of our business."""

    base_url = _Key("baseUrl", urls.base_url)


class _RootSchema(_Object):
    backend = fields.Nested(_BackendSchema, unknown=EXCLUDE)
    insights = fields.Nested(_InsightsSchema, data_key=ROOT)

    class Meta:
        unknown = EXCLUDE
