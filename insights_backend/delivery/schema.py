"""The tables of the outbox's file, version by version."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE request (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received_at INTEGER NOT NULL,
            events INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            batch TEXT,
            lines BLOB NOT NULL
        )
        """,
        "CREATE INDEX request_batch ON request (batch) WHERE batch IS NOT NULL",
        # The sums are kept, not counted: `append` asks for them each time, and the backlog may be long.
        "CREATE TABLE backlog (requests INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL)",
        "INSERT INTO backlog VALUES (0, 0, 0)",
        """
        CREATE TRIGGER request_in AFTER INSERT ON request BEGIN
            UPDATE backlog SET requests = requests + 1, events = events + NEW.events, bytes = bytes + NEW.bytes;
        END
        """,
        """
        CREATE TRIGGER request_out AFTER DELETE ON request BEGIN
            UPDATE backlog SET requests = requests - 1, events = events - OLD.events, bytes = bytes - OLD.bytes;
        END
        """,
    ),
    (
        """
        CREATE TABLE dead_letter (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            buried_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            events INTEGER NOT NULL,
            lines BLOB NOT NULL
        )
        """,
    ),
    (
        """
        CREATE TRIGGER request_changed AFTER UPDATE OF events, bytes ON request BEGIN
            UPDATE backlog SET events = events + NEW.events - OLD.events, bytes = bytes + NEW.bytes - OLD.bytes;
        END
        """,
    ),
    (
        # The batch under way: all requests up to the last one. To mark each of them would write its events once more.
        "CREATE TABLE claim (batch TEXT NOT NULL, last INTEGER NOT NULL)",
        "INSERT INTO claim SELECT batch, max(id) FROM request WHERE batch IS NOT NULL GROUP BY batch",
        # The column stays, and stays empty: without it the file would be written anew, for which there may be no room.
        "DROP INDEX request_batch",
    ),
    # From here on `lines` of a request may be packed, which an earlier version could not read.
    ("ALTER TABLE request ADD COLUMN keys BLOB",),
    ("ALTER TABLE claim ADD COLUMN digest TEXT",),
)
"""Each version's statements, which `Database` applies once, in this order."""
