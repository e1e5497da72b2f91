-- What people searched for and what they opened of it: a twentieth of the events, each whole and by itself, since which
-- of them count depends on those before and after. Columns are named as in the events.
CREATE TABLE IF NOT EXISTS searches$local $on_cluster
(
    time DateTime64(3, 'UTC') CODEC(T64, LZ4),
    quarter DateTime('UTC'),
    userKey UInt64,
    action LowCardinality(String),
    term String,
    value Nullable(Float64),
    pluginId LowCardinality(String),
    environment LowCardinality(String),
    instance LowCardinality(String),
    groups Array(LowCardinality(String)) CODEC(ZSTD(3))
)
ENGINE = ${replicated}MergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (toDate(quarter), userKey, time)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, merge_selector_base = 10,
    min_bytes_for_wide_part = 1000000, default_compression_codec = 'ZSTD',
    -- Merged as the views are.
    vertical_merge_algorithm_min_rows_to_activate = 1, vertical_merge_algorithm_min_columns_to_activate = 1,
    $window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS searches_of_events $on_cluster TO searches$local AS
SELECT time, quarter, userKey, action, term, value, pluginId, environment, instance, groups
FROM events$local
WHERE action IN ('search', 'discover');
