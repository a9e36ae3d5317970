-- Nothing changes on PostgreSQL (in River this version concerns SQLite), but its row must be there.
SELECT 1;
