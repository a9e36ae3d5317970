DO $$
BEGIN
    ALTER INDEX IF EXISTS /* TEMPLATE: schema */river_job_args_index RESET (gin_pending_list_limit);
    ALTER INDEX IF EXISTS /* TEMPLATE: schema */river_job_metadata_index RESET (gin_pending_list_limit);
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
