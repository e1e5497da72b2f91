CREATE TABLE IF NOT EXISTS presence $on_cluster AS presence_local
ENGINE = Distributed('$cluster', currentDatabase(), presence_local, userKey);

CREATE TABLE IF NOT EXISTS usage $on_cluster AS usage_local
ENGINE = Distributed('$cluster', currentDatabase(), usage_local, userKey);
