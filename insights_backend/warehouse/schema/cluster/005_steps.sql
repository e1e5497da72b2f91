CREATE TABLE IF NOT EXISTS steps $on_cluster AS steps_local
ENGINE = Distributed('$cluster', currentDatabase(), steps_local, userKey);
