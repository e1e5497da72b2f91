-- What the reports ask most, summed by quarter hour: days of every time zone begin at one. The user stays in the key,
-- so that counts of users are exact and a person can be taken out. Columns are named as in the events.

-- Who was there.
CREATE TABLE IF NOT EXISTS presence$local $on_cluster
(
    time DateTime('UTC') CODEC(Delta, ZSTD),
    userKey UInt64,
    sessionKey UInt64,
    environment LowCardinality(String),
    instance LowCardinality(String),
    groups Array(LowCardinality(String)),
    events SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD),
    views SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD),
    firstAt SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(Delta, ZSTD),
    lastAt SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(Delta, ZSTD)
)
ENGINE = ${replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (toDate(time), userKey, time, sessionKey, environment, instance, groups)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, default_compression_codec = 'ZSTD', $window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS presence_of_events $on_cluster TO presence$local AS
SELECT toDateTime(toStartOfInterval(e.time, INTERVAL 15 MINUTE)) AS time, userKey, sessionKey, environment, instance,
    groups, sum(events) AS events, sum(views) AS views, min(firstAt) AS firstAt, max(lastAt) AS lastAt
FROM events$local AS e
GROUP BY time, userKey, sessionKey, environment, instance, groups;

-- What they used.
CREATE TABLE IF NOT EXISTS usage$local $on_cluster
(
    time DateTime('UTC') CODEC(Delta, ZSTD),
    userKey UInt64,
    pluginId LowCardinality(String),
    action LowCardinality(String),
    environment LowCardinality(String),
    instance LowCardinality(String),
    groups Array(LowCardinality(String)),
    events SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD),
    views SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD)
)
ENGINE = ${replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (toDate(time), userKey, time, pluginId, action, environment, instance, groups)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, default_compression_codec = 'ZSTD', $window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_of_events $on_cluster TO usage$local AS
SELECT toDateTime(toStartOfInterval(e.time, INTERVAL 15 MINUTE)) AS time, userKey, pluginId, action, environment,
    instance, groups, sum(events) AS events, sum(views) AS views
FROM events$local AS e
GROUP BY time, userKey, pluginId, action, environment, instance, groups;
