-- One row is one stored event; columns are named as in its JSON, so that its bytes can be inserted as they are.
-- Texts that may be absent are empty here, and null again when they are shown.
CREATE TABLE IF NOT EXISTS events
(
    id String,
    time DateTime64(3, 'UTC'),
    receivedAt DateTime64(3, 'UTC'),
    environment LowCardinality(String),
    instance LowCardinality(String),
    action LowCardinality(String),
    subject String,
    value Nullable(Float64),
    pluginId LowCardinality(String),
    routeRef LowCardinality(String),
    extension LowCardinality(String),
    sessionId String,
    attributes String,
    context String,
    user String,
    userMetadata String,
    groups Array(LowCardinality(String)),
    entity String,
    entityMetadata String,
    target String,
    view Bool,
    notes Array(LowCardinality(String)),
    -- What reports filter by, taken out of the JSON once.
    entityOwner LowCardinality(String) MATERIALIZED JSONExtractString(entityMetadata, 'spec.owner'),
    entityType LowCardinality(String) MATERIALIZED JSONExtractString(entityMetadata, 'spec.type'),
    entityLifecycle LowCardinality(String) MATERIALIZED JSONExtractString(entityMetadata, 'spec.lifecycle')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
-- By day first, since every question has dates.
ORDER BY (toDate(time), pluginId, action, user, time, id)
SETTINGS
    -- An insert that was acknowledged survives a kill.
    fsync_after_insert = 1,
    -- A batch that is sent again under its id is stored once.
    non_replicated_deduplication_window = 1000;
