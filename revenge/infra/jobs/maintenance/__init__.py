"""What keeps the tables in order: River's services on the leader, the engine's own on every node."""
