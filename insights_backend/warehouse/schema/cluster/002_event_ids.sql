CREATE TABLE IF NOT EXISTS event_ids $on_cluster AS event_ids_local
ENGINE = Distributed('$cluster', currentDatabase(), event_ids_local, key);
