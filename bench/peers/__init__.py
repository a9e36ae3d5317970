"""Programs that put other job queues through the same measurements; each runs by itself, with the peers' own packages."""
