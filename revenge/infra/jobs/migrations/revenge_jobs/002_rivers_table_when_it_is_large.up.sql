-- What a job's arguments say goes into the index on args by way of a list, which whoever fills it sorts in. Beside millions
-- of rows each entry has another page to go to: at 4 MB, PostgreSQL's own limit, an insert of a thousand jobs waited 11 to
-- 16 s for that. A longer list is sorted in by autovacuum, several entries to a page (docs/performance.md, large tables).
-- A lean table has no such index, and where River's tables are another role's they stay as they are.
DO $$
BEGIN
    ALTER INDEX IF EXISTS /* TEMPLATE: schema */river_job_args_index SET (gin_pending_list_limit = 65536);
    ALTER INDEX IF EXISTS /* TEMPLATE: schema */river_job_metadata_index SET (gin_pending_list_limit = 65536);
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
