-- One row is one stored event; columns are named as in its JSON, so that its bytes can be inserted as they are.
-- Texts that may be absent are empty here, and null again when they are shown. Those that repeat over long stretches are
-- packed harder, which costs nothing when they are read.
CREATE TABLE IF NOT EXISTS events$local $on_cluster
(
    id String,
    time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    receivedAt DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    environment LowCardinality(String),
    instance LowCardinality(String),
    action LowCardinality(String),
    subject String CODEC(ZSTD(3)),
    value Nullable(Float64),
    pluginId LowCardinality(String),
    routeRef LowCardinality(String),
    extension LowCardinality(String),
    sessionId String,
    attributes String CODEC(ZSTD(3)),
    context String CODEC(ZSTD(3)),
    user String,
    userMetadata LowCardinality(String),
    groups Array(LowCardinality(String)) CODEC(ZSTD(3)),
    entity LowCardinality(String),
    entityMetadata LowCardinality(String),
    target String,
    view Bool,
    notes Array(LowCardinality(String)),
    -- The quarter hour it lies in: days of every time zone begin at one. Reports ask by it, since many events share one:
    -- it is read and compared in half the time. Each question reads it whole: packed less hard, that takes two thirds.
    quarter DateTime('UTC') MATERIALIZED toStartOfFifteenMinutes(time) CODEC(LZ4),
    -- Users are counted by number, several times faster than by text. At a million users, the chance that any two of
    -- them share one is 1 in 37 million.
    userKey UInt64 MATERIALIZED if(user = '', 0, sipHash64(user)),
    -- What reports filter by, taken out of the JSON once. Of the engine's functions for that, this one alone looks once at a
    -- text that many rows have; but it writes what is null as "null".
    entityKind LowCardinality(String) MATERIALIZED
        replaceRegexpOne(JSON_VALUE(entityMetadata, '$$."kind"'), '^null$$', ''),
    entityOwner LowCardinality(String) MATERIALIZED
        replaceRegexpOne(JSON_VALUE(entityMetadata, '$$."spec.owner"'), '^null$$', ''),
    entityType LowCardinality(String) MATERIALIZED
        replaceRegexpOne(JSON_VALUE(entityMetadata, '$$."spec.type"'), '^null$$', ''),
    entityLifecycle LowCardinality(String) MATERIALIZED
        replaceRegexpOne(JSON_VALUE(entityMetadata, '$$."spec.lifecycle"'), '^null$$', ''),
    -- The page that a view is of: the path, in which an entity's own namespace, kind and name, numbers and UUIDs give way
    -- to names of theirs, so that one page of all entities is one page.
    pagePath String ALIAS trimRight(if(position(subject, '://') = 0, cutQueryString(cutFragment(subject)),
        replaceRegexpOne(cutQueryString(cutFragment(subject)), '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*', '')), '/'),
    -- The same as it reads: in lower case, and without what a browser has encoded, but for a slash within a segment.
    pageText String ALIAS lowerUTF8(if(position(pagePath, '%') = 0, pagePath, arrayStringConcat(
        arrayMap(segment -> replaceAll(decodeURLComponent(segment), '/', '%2F'), splitByChar('/', pagePath)), '/'))),
    -- How the entity stands in it. A user's is a pseudonym that says no namespace, which is the segment before then.
    entityPath String ALIAS if(position(entity, ':') = 0, concat('/user/', entity, '/'),
        concat('/', substringIndex(substringIndex(entity, '/', 1), ':', -1), '/', substringIndex(entity, ':', 1), '/',
            substringIndex(entity, '/', -1), '/')),
    entityAt UInt64 ALIAS if(entity = '', 0, position(concat(pageText, '/'), entityPath)),
    -- After how many segments, which are as many in both.
    entitySegment Int64 ALIAS countSubstrings(substring(pageText, 1, entityAt), '/') - (position(entity, ':') = 0),
    pageRoute String ALIAS multiIf(
        entityAt > 0, concat(substringIndex(pagePath, '/', entitySegment), '/:namespace/:kind/:name',
            substring(pagePath, length(substringIndex(pagePath, '/', entitySegment + 3)) + 1)),
        startsWith(entity, 'template:'),
            replaceRegexpOne(pagePath, '/create/templates/[^/]+/[^/]+', '/create/templates/:namespace/:name'),
        pagePath),
    page LowCardinality(String) MATERIALIZED multiIf(NOT view, '', pagePath = '', '/', arrayStringConcat(arrayMap(segment ->
        if(match(segment, '^([0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$$'), ':id', segment),
        splitByChar('/', pageRoute)), '/')),
    -- How far an event brings its template, an entity; empty for all other events.
    templateStep LowCardinality(String) MATERIALIZED multiIf(NOT startsWith(entity, 'template:'), '',
        action = 'create', 'finished',
        action = 'click' AND subject = 'Template has been opened', 'opened',
        action = 'click' AND subject = 'Create' AND pluginId = 'scaffolder', 'started', ''),
    template LowCardinality(String) ALIAS if(templateStep = '', '', entity),
    -- What was searched for, in lower case and without the white space (in Unicode's sense) around it.
    term String ALIAS if(action = 'search',
        lowerUTF8(replaceRegexpAll(subject, '^[\\s\\v\\x{85}\\p{Z}]+|[\\s\\v\\x{85}\\p{Z}]+$$', '')), ''),
    -- What the rollups count, so that one question can be asked of either.
    sessionKey UInt64 ALIAS if(sessionId = '', 0, sipHash64(sessionId)),
    events UInt64 ALIAS 1,
    views UInt64 ALIAS toUInt64(view),
    firstAt DateTime64(3, 'UTC') ALIAS time,
    lastAt DateTime64(3, 'UTC') ALIAS time
)
ENGINE = ${replicated}MergeTree
PARTITION BY toYYYYMM(quarter)
-- By day first, since every question has dates; a user's events of a day together, since that compresses best.
ORDER BY (toDate(quarter), user, time)
SETTINGS
    -- An insert that was acknowledged survives a loss of power, also when its rows have been merged with others.
    fsync_after_insert = 1,
    min_rows_to_fsync_after_merge = 1,
    default_compression_codec = 'ZSTD',
    -- Under load parts are merged when there are about ten of a size instead of five, which rewrites the rows of all tables
    -- a third as often. A question then reads a dozen parts more.
    merge_selector_base = 10,
    -- Small parts, too, are merged column by column, which takes a third less than row by row.
    vertical_merge_algorithm_min_rows_to_activate = 1,
    -- A batch that is sent again under its id is stored once.
    $window = 1000;
