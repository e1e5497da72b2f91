-- What the reports ask most. The user stays in it, so that counts of users are exact and a person can be taken out.
-- Columns are named as in the events.

-- Who was there, summed by quarter hour.
CREATE TABLE IF NOT EXISTS presence$local $on_cluster
(
    quarter DateTime('UTC'),
    userKey UInt64,
    sessionKey UInt64,
    environment LowCardinality(String),
    instance LowCardinality(String),
    groups Array(LowCardinality(String)) CODEC(ZSTD(3)),
    events SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD),
    views SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD),
    firstAt SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    lastAt SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    -- When each user came first in a month: who is new is asked of all of history.
    PROJECTION arrivals
    (
        SELECT userKey, environment, instance, groups, min(quarter) GROUP BY userKey, environment, instance, groups
    )
)
ENGINE = ${replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (toDate(quarter), userKey, quarter, sessionKey, environment, instance, groups)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, merge_selector_base = 10,
    -- A month is smaller than what the engine would keep in a file for each column; from these a few are read in half the
    -- time.
    min_bytes_for_wide_part = 1000000,
    -- What is summed is merged all columns at once, into buffers that need not be as large as those of large columns.
    min_columns_to_activate_adaptive_write_buffer = 1,
    default_compression_codec = 'ZSTD', deduplicate_merge_projection_mode = 'rebuild', $window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS presence_of_events $on_cluster TO presence$local AS
SELECT quarter, userKey, sessionKey, environment, instance, groups, sum(events) AS events, sum(views) AS views,
    min(firstAt) AS firstAt, max(lastAt) AS lastAt
FROM events$local
GROUP BY quarter, userKey, sessionKey, environment, instance, groups;

-- What they viewed: a third of the events, each by itself, with what tells of pages and entities.
CREATE TABLE IF NOT EXISTS views$local $on_cluster
(
    time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    quarter DateTime('UTC'),
    userKey UInt64,
    pluginId LowCardinality(String),
    page LowCardinality(String),
    entity LowCardinality(String),
    entityKind LowCardinality(String),
    entityOwner LowCardinality(String),
    entityType LowCardinality(String),
    entityLifecycle LowCardinality(String),
    environment LowCardinality(String),
    instance LowCardinality(String),
    groups Array(LowCardinality(String)) CODEC(ZSTD(3)),
    view Bool ALIAS true,
    events UInt64 ALIAS 1,
    views UInt64 ALIAS 1
)
ENGINE = ${replicated}MergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (toDate(quarter), userKey, time)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, merge_selector_base = 10,
    min_bytes_for_wide_part = 1000000, default_compression_codec = 'ZSTD',
    -- Few columns, too, are merged one after the other, which takes a quarter of the memory.
    vertical_merge_algorithm_min_rows_to_activate = 1, vertical_merge_algorithm_min_columns_to_activate = 1,
    $window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS views_of_events $on_cluster TO views$local AS
SELECT time, quarter, userKey, pluginId, page, entity, entityKind, entityOwner, entityType, entityLifecycle,
    environment, instance, groups
FROM events$local
WHERE view;
