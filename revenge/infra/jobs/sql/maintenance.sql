-- Statements on no table: time, locks' time limits and indexes.

-- name: server_time :one
-- No parameters.
SELECT clock_timestamp();

-- name: current_schema :one
-- No parameters. With the schema that the tables are found in, which another place on the search path may have.
SELECT
    current_schema() AS name,
    (
        SELECT nspname::text
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE pg_class.oid = to_regclass('river_job')
    ) AS tables;

-- name: tune_session :exec
-- No parameters. Where there is no other way than a sequential scan its cost looks absurd, which must not make anybody
-- compile the plan. Each statement here is right at the level read committed; at another one, which a database may have
-- as its default, fetches of two nodes fail for each other's sake.
SELECT
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('enable_seqscan', 'off', false),
    set_config('jit', 'off', false);

-- name: set_lock_timeout :exec
-- For the rest of the transaction. $1 interval
SELECT set_config('lock_timeout', (extract(epoch FROM $1::interval) * 1000)::integer::text, true);

-- name: index_get :many
-- Those of the indexes that exist beside river_job, each with what an interrupted rebuild has left. $1 names text[]
SELECT
    index.relname::text AS name,
    array(
        SELECT artifact.relname::text
        FROM pg_class AS artifact
        WHERE artifact.relnamespace = index.relnamespace
            AND artifact.relkind = 'i'
            AND artifact.relname ~ ('^' || index.relname || '_cc(new|old)[0-9]*$')
        ORDER BY 1
    ) AS artifacts
FROM pg_class AS index
JOIN pg_class AS job ON job.relnamespace = index.relnamespace
WHERE job.oid = '/* TEMPLATE: schema */river_job'::regclass
    AND index.relkind = 'i'
    AND index.relname = ANY ($1::text[]);

-- name: index_rebuild :exec
-- Outside any transaction. No parameters: the index's name is put in as text.
REINDEX INDEX CONCURRENTLY /* TEMPLATE: schema *//* TEMPLATE: index */;

-- name: index_drop :exec
-- Outside any transaction. No parameters: the index's name is put in as text.
DROP INDEX CONCURRENTLY IF EXISTS /* TEMPLATE: schema *//* TEMPLATE: index */;

-- name: indexes_clean_pending :one
-- Sorts in what the valid GIN indexes of river_job that are ours have put off, unless another session does so, and returns
-- how many pages that was. In a transaction of its own; no parameters.
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(
        hashtextextended('revenge.pending_lists.' || '/* TEMPLATE: schema */river_job'::regclass::oid, 0)
    ) AS is_ours
)
SELECT coalesce(sum(gin_clean_pending_list(listed.indexrelid)), 0)::bigint
FROM turn
JOIN pg_index AS listed ON turn.is_ours
JOIN pg_class AS index ON index.oid = listed.indexrelid
JOIN pg_am AS method ON method.oid = index.relam
WHERE listed.indrelid = '/* TEMPLATE: schema */river_job'::regclass
    AND listed.indisvalid
    AND method.amname = 'gin'
    AND pg_has_role(index.relowner, 'USAGE');
