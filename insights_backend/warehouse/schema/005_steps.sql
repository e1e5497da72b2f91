-- What people do step by step: they search and open what was found, and they open, start and finish templates. A tenth of
-- the events, each whole and by itself, since which searches count depends on the steps before and after. Columns are
-- named as in the events.
CREATE TABLE IF NOT EXISTS steps$local $on_cluster
(
    time DateTime64(3, 'UTC') CODEC(T64, LZ4),
    quarter DateTime('UTC'),
    userKey UInt64,
    action LowCardinality(String),
    term String,
    templateStep LowCardinality(String),
    template LowCardinality(String),
    value Nullable(Float64),
    pluginId LowCardinality(String),
    environment LowCardinality(String),
    instance LowCardinality(String),
    groups Array(LowCardinality(String)) CODEC(ZSTD(3))
)
ENGINE = ${replicated}MergeTree
PARTITION BY toYYYYMM(quarter)
-- Who asks for the steps of one kind need not read the other's.
ORDER BY (templateStep, toDate(quarter), userKey, time)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, merge_selector_base = 10,
    min_bytes_for_wide_part = 1000000, default_compression_codec = 'ZSTD',
    -- Merged as the views are.
    vertical_merge_algorithm_min_rows_to_activate = 1, vertical_merge_algorithm_min_columns_to_activate = 1,
    $window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS steps_of_events $on_cluster TO steps$local AS
SELECT time, quarter, userKey, action, term, templateStep, template, value, pluginId, environment, instance, groups
FROM events$local
WHERE action IN ('search', 'discover') OR templateStep != '';
