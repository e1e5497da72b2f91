"""Every key of the configuration, declared once: its name, its reader with its bounds, and what it is for."""

from marshmallow import EXCLUDE, ValidationError, fields

from insights_backend.logs import LogFormat
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings import readers, urls
from insights_backend.settings.building import build_settings, check_secrets
from insights_backend.settings.declaration import Key, Section
from insights_backend.settings.dsn import dsn
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


class _AuthSchema(Section):
    """Who may send events, and how the user of an event is known."""

    mode = Key(
        "mode",
        readers.choice(AuthMode),
        "`backstage`: users are known by their verified Backstage token. `static`: relays with one of `tokens` name "
        "them in the event, as `user` or `context.userName`. `none`, for development: the header `X-Insights-User` is "
        "believed.",
    )
    jwks_url = Key("jwksUrl", urls.url, "Where the portal publishes its signing keys.", unset="from `backend.baseUrl`")
    tokens = Key("tokens", readers.list_of(readers.token), "What relays show; at least one where `mode` is `static`.")


class _CatalogSchema(Section):
    """The portal's software catalog, which knows entities, users and groups: `baseUrl` or `file`."""

    base_url = Key("baseUrl", urls.base_url, "A running Backstage's catalog.", unset="from `backend.baseUrl`")
    token = Key("token", readers.token, "A token of `backend.auth.externalAccess`, with which it is read.")
    file = Key("file", readers.path, "Entity descriptors in YAML instead, for those without a running Backstage.")
    cache_ttl = Key("cacheTtl", readers.duration(zero=True), "How long an entity is remembered.")
    timeout = Key("timeout", readers.duration(zero=False), "How long the catalog is waited for.")


class _IngestSchema(Section):
    """What one request may bring."""

    max_body_bytes = Key(
        "maxBodyBytes", readers.integer(1, 64 * 1024**2), "Bytes of a body, counted after decompression; over it 413."
    )
    max_events = Key("maxEvents", readers.integer(1, 10_000), "Events of a body; over it 413.")
    max_age = Key("maxAge", readers.duration(zero=False), "Events that are older are refused.")
    events_per_minute = Key(
        "eventsPerMinute",
        readers.integer(1, 10**9),
        "Of each user, and of all who prove none together; beyond it 429. A relay has no limit.",
        unset="no limit",
    )


class _UploadSchema(Section):
    """A collector to which events are uploaded, instead of storing them here."""

    url = Key("url", urls.url, "Where it is, such as `https://insights.example.com/api/backstage-insights`.")
    token = Key("token", readers.token, "What it knows this portal by.", unset="`spotify.apiToken`")
    format = Key(
        "format",
        readers.choice(UploadFormatName),
        "`segment`: the batch API of Segment, RudderStack, Jitsu and others; `token` is then the write key.",
    )
    timeout = Key("timeout", readers.duration(zero=False), "How long one request may take.")
    deadline = Key("deadline", readers.duration(zero=False), "How long a batch may take, with its retries.")
    retries = Key("retries", readers.integer(0, 100), "How often a batch is tried again before its deadline.")


class _OutboxSchema(Section):
    """What was accepted and has not arrived; it lies in `dataDir`."""

    max_bytes = Key(
        "maxBytes", readers.integer(1, 2**50), "How much may wait; beyond it 503. Leave twice as much free."
    )


class _CollectorSchema(Section):
    """What other portals upload to."""

    events_per_minute = Key(
        "eventsPerMinute", readers.integer(1, 10**9), "Of each instance; beyond it 429.", unset="no limit"
    )


class _WarehouseSchema(Section):
    """Where events are stored in the end."""

    dsn = Key(
        "dsn",
        dsn,
        "`chdb:///relative/path` or `chdb:////absolute/path` for the embedded engine, or "
        "`clickhouse://user:password@host:8443/insights?secure=true`.",
        unset="`chdb:///{dataDir}/warehouse`",
    )
    cluster = Key(
        "cluster", readers.label, "The name of the ClickHouse cluster on which tables are replicated and distributed."
    )
    retention_days = Key(
        "retentionDays",
        readers.integer(1, 15_000),
        "Events and everything derived from them are forgotten after so many days.",
    )


class _RedactionSchema(Section):
    """How personal data is taken out of events."""

    enabled = Key("enabled", readers.boolean, "Whether it is.")
    fields_ = Key(
        "fields",
        readers.treatments,
        "Beside the shipped policy, what is done with which field: `keep`, `pseudonymise`, `scan` or `drop`.",
        attribute="fields",
    )


class _DashboardSchema(Section):
    """Who may read dashboard and reports."""

    access = Key(
        "access",
        readers.choice(DashboardAccess),
        "`token`: whoever has a token of scope `view`. `header`: whoever a proxy names. `open`, for development: "
        "anyone who reaches the port, who may export and upload too.",
    )
    header = Key("header", readers.header, "In which header the proxy names its user; needed for `header`.")
    trusted_proxies = Key(
        "trustedProxies",
        readers.list_of(readers.network),
        "Addresses or networks from which the proxy connects; needed for `header`.",
    )


class _InsightsSchema(Section):
    roles = Key(
        "roles",
        readers.list_of(readers.choice(Role)),
        "`backend` takes a portal's events, `collector` what backends upload.",
        unset="both, or `[backend]` where `upload.url` is set",
    )
    capture_entity_fields = Key(
        "captureEntityFields",
        readers.list_of(readers.dot_path, _MAX_FIELDS),
        "What is stored of an event's entity, by dot path, beside `kind`, `metadata.namespace`, `spec.type`, "
        "`spec.lifecycle` and `spec.owner`.",
    )
    capture_identity_fields = Key(
        "captureIdentityFields",
        readers.list_of(readers.dot_path, _MAX_FIELDS),
        "What is stored of an event's user, beside `metadata.namespace` and `spec.memberOf`.",
    )
    capture_identity_groups_filter = Key(
        "captureIdentityGroupsFilter",
        EntityFilterQuery.parse,
        "Keeps only the groups that match, such as `'spec.type': [department, team]` or "
        "`'metadata.includeInInsights': true`; a key without a value must exist.",
        unset="all groups",
    )
    total_users_entity_query_filter = Key(
        "totalUsersEntityQueryFilter",
        EntityFilterQuery.parse,
        "Who is counted as one who could use the portal, such as `'relations.memberOf': group:default/rnd`; of a list "
        "any may match.",
        unset="all users",
    )
    salt = Key(
        "salt",
        readers.salt,
        "The key of the pseudonyms; must be set where several machines serve one portal.",
        unset="made at the first start, in `dataDir`",
    )
    previous_salts = Key(
        "previousSalts",
        readers.list_of(readers.salt),
        "The salts before it, oldest first; see `insights rotate-salt`.",
    )
    identities = Key(
        "identities",
        readers.choice(Identities),
        "`clear` stores user references as they are.",
    )
    debug = Key("debug", readers.boolean, "Log what would be stored, and store nothing.")
    log_format = Key(
        "logFormat", readers.choice(LogFormat), "`json`: a line is an object, for machines; `human`: a text."
    )
    environment = Key("environment", readers.label, "A label on every event.")
    allowed_origins = Key(
        "allowedOrigins",
        readers.list_of(urls.origin),
        "The pages that may send events (CORS); with any set, those of other origins are refused.",
    )
    data_dir = Key("dataDir", readers.path, "Everything that this machine keeps; relative to the working directory.")
    viewers = Key(
        "viewers",
        readers.list_of(readers.viewer),
        "Backstage users, by themselves or by a group, who may read reports with their Backstage token; it takes "
        "`auth.mode: backstage`.",
    )
    auth = fields.Nested(_AuthSchema)
    catalog = fields.Nested(_CatalogSchema)
    ingest = fields.Nested(_IngestSchema)
    redaction = fields.Nested(_RedactionSchema)
    outbox = fields.Nested(_OutboxSchema)
    upload = fields.Nested(_UploadSchema)
    collector = fields.Nested(_CollectorSchema)
    warehouse = fields.Nested(_WarehouseSchema)
    dashboard = fields.Nested(_DashboardSchema)


class _BackendSchema(Section):
    """Backstage's own keys: all but one are none of our business."""

    base_url = Key("baseUrl", urls.base_url, "The portal's backend.")


class _RootSchema(Section):
    backend = fields.Nested(_BackendSchema, unknown=EXCLUDE)
    insights = fields.Nested(_InsightsSchema, data_key=ROOT)

    class Meta:
        unknown = EXCLUDE


OWN_KEYS: Section = _InsightsSchema()
"""The keys below `backstageInsights`, to be described."""
