"""Values without I/O: what an event, an entity reference and an entity filter are."""
