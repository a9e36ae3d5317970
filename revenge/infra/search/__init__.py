"""Search: one port, served by PostgreSQL or by Typesense with the same queries and the same answers."""
