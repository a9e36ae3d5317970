"""Our engine behind the commands of the Go peer, so that a scenario is written once and holds both ways."""
