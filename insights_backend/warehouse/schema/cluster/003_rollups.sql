CREATE TABLE IF NOT EXISTS presence $on_cluster AS presence_local
ENGINE = Distributed('$cluster', currentDatabase(), presence_local, userKey);

CREATE TABLE IF NOT EXISTS views $on_cluster AS views_local
ENGINE = Distributed('$cluster', currentDatabase(), views_local, userKey);
