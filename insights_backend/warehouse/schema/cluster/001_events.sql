-- A user's events lie on one shard, so that no shard has to hand users over to be counted.
CREATE TABLE IF NOT EXISTS events $on_cluster AS events_local
ENGINE = Distributed('$cluster', currentDatabase(), events_local, sipHash64(user));
