-- River's indexes that neither its engine nor ours reads, as main 2 makes them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS river_job_args_index
    ON /* TEMPLATE: schema */river_job USING gin (args);

CREATE INDEX CONCURRENTLY IF NOT EXISTS river_job_metadata_index
    ON /* TEMPLATE: schema */river_job USING gin (metadata);

CREATE INDEX CONCURRENTLY IF NOT EXISTS river_job_kind
    ON /* TEMPLATE: schema */river_job (kind);
