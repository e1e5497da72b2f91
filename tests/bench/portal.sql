-- A year of a portal, made inside the engine: who comes when, and what they do, decided by hashes and so the same each time.
INSERT INTO events (id, time, receivedAt, environment, instance, action, subject, value, pluginId, routeRef, extension,
    sessionId, attributes, context, user, userMetadata, groups, entity, entityMetadata, target, view, notes)
WITH
    sipHash64(person, day) AS visit,
    sipHash64(person, day, number) AS chance,
    -- Runs of twelve events, half a minute apart, every hour and a half from seven o'clock.
    toDateTime64({first:Date}, 3, 'UTC') + toIntervalDay(day) + toIntervalHour(7) + toIntervalSecond(visit % 14400)
        + toIntervalSecond(intDiv(number, 12) * 5400) + toIntervalMillisecond((number % 12) * 30000 + chance % 20000) AS at,
    ['navigate', 'navigate', 'navigate', 'navigate', 'navigate', 'navigate', 'click', 'click', 'click', 'click', 'click',
        'click', 'click', 'click', 'search', 'discover', 'click', 'click', 'click', 'create'][chance % 20 + 1] AS kind,
    toUInt32(pow(intDiv(chance, 100) % 1000 / 1000, 3) * 20) AS plugin,
    toUInt32(pow(intDiv(chance, 100000) % 10000 / 10000, 2) * 5000) AS service,
    if(kind = 'create', 'template:default/template-' || toString(service % 20),
        'component:default/service-' || toString(service)) AS described,
    'group:default/team-' || toString(service % 200) AS team
SELECT
    substring(lower(hex(sipHash128(person, day, number))), 1, 24), at, at + toIntervalMillisecond(200 + chance % 3000), 'production', 'local',
    kind,
    multiIf(kind IN ('search', 'discover'), 'how to ' || toString(service), kind = 'create', 'new service',
        '/catalog/default/component/service-' || toString(service) || ['', '/docs', '/ci-cd', '/api'][service % 4 + 1]),
    multiIf(kind = 'search', intDiv(chance, 40) % 5, kind = 'discover', intDiv(chance, 40) % 10, kind = 'create', 45, NULL),
    multiIf(kind IN ('search', 'discover'), 'search', kind = 'create', 'scaffolder', plugin = 1, 'techdocs',
        'plugin-' || toString(plugin)),
    '', 'App', '', '{}', '{}', 'u_1a2b3c4d_' || substring(lower(hex(sipHash128('user', person))), 1, 26),
    '{"metadata.namespace":"default"}',
    ['group:default/department-' || toString(person % 12), 'group:default/team-' || toString(person % 200)],
    if(kind IN ('search', 'discover'), '', described),
    if(kind NOT IN ('search', 'discover'), '{"kind":"Component","metadata.namespace":"default","spec.type":"service",'
        || '"spec.lifecycle":"production","spec.owner":"' || team || '"}', '{}'),
    '', kind = 'navigate', []
FROM (
    SELECT number % {users:UInt32} AS person, {from:UInt32} + intDiv(number, {users:UInt32}) AS day
    FROM numbers({users:UInt32} * {days:UInt32})
    -- Some come every day and some hardly ever; weekends are quiet. Some weeks before the year's end an outage keeps half
    -- of them away, and the week after it a department holds a training.
    WHERE {rate:Float64} * 2 * person / {users:UInt32} * if(toDayOfWeek({first:Date} + day) < 6, 1, 0.1)
            * multiIf(day = 340, 0.5, day = 344 AND person % 12 = 3, 2.5, 1)
        > sipHash64(person, day, 'comes') % 10000 / 10000) AS visits
ARRAY JOIN range(1 + visit % {most:UInt32}) AS number
SETTINGS max_insert_block_size = 1000000, min_insert_block_size_rows = 1000000, max_insert_threads = 1
