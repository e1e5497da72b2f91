CREATE TABLE IF NOT EXISTS total_users $on_cluster AS total_users_local
ENGINE = Distributed('$cluster', currentDatabase(), total_users_local, sipHash64(instance));
