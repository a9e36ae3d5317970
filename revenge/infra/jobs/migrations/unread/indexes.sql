-- River's indexes that neither its engine nor ours reads, as main 2 and revenge_jobs 2 make them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS river_job_args_index
    ON /* TEMPLATE: schema */river_job USING gin (args) WITH (gin_pending_list_limit = 65536);

CREATE INDEX CONCURRENTLY IF NOT EXISTS river_job_metadata_index
    ON /* TEMPLATE: schema */river_job USING gin (metadata) WITH (gin_pending_list_limit = 65536);

CREATE INDEX CONCURRENTLY IF NOT EXISTS river_job_kind
    ON /* TEMPLATE: schema */river_job (kind);
