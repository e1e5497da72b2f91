-- The events that are stored, by a number made of instance and id; asked before each insert for what was sent before.
-- Written after the events are: a batch that a crash cut short is inserted whole once more, under its token.
CREATE TABLE IF NOT EXISTS event_ids$local $on_cluster
(
    key UInt64 CODEC(NONE),
    storedAt DateTime('UTC') DEFAULT now()
)
ENGINE = ${replicated}MergeTree
PARTITION BY toYYYYMMDD(storedAt)
ORDER BY key
-- A client sends again within days; then the number is of no more use.
TTL storedAt + INTERVAL 15 DAY
SETTINGS fsync_after_insert = 1, min_rows_to_fsync_after_merge = 1, merge_selector_base = 10,
    default_compression_codec = 'ZSTD', ttl_only_drop_parts = 1;
