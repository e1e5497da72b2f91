CREATE TABLE IF NOT EXISTS searches $on_cluster AS searches_local
ENGINE = Distributed('$cluster', currentDatabase(), searches_local, userKey);
