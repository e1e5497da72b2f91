-- The number of people who could use each portal, as its catalog counted them, by day in UTC; a day's last count stands.
CREATE TABLE IF NOT EXISTS total_users$local $on_cluster
(
    day Date32,
    environment LowCardinality(String),
    instance LowCardinality(String),
    total UInt64,
    recordedAt DateTime64(3, 'UTC')
)
ENGINE = ${replicated}ReplacingMergeTree(recordedAt)
ORDER BY (environment, instance, day)
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, default_compression_codec = 'ZSTD';
