"""The warehouse: one engine, inside our process or as a ClickHouse server, by the DSN alone."""
