-- name: migration_lock :one
-- $1 text schema, null for the search path's first. Tried again and again instead of waited for: a session that waits
-- inside the statement holds a snapshot, which CREATE INDEX CONCURRENTLY in the lock's owner would wait for.
SELECT pg_try_advisory_lock(hashtextextended('revenge.migrations.' || coalesce($1::text, current_schema(), ''), 0));

-- name: migration_unlock :one
-- $1 text schema, as for the lock.
SELECT pg_advisory_unlock(hashtextextended('revenge.migrations.' || coalesce($1::text, current_schema(), ''), 0));

-- name: statement_timeout_get :one
-- No placeholder.
SELECT current_setting('statement_timeout');

-- name: statement_timeout_set :one
-- $1 text as PostgreSQL writes it.
SELECT set_config('statement_timeout', $1::text, false);

-- name: schema_exists :one
-- $1 text name.
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text);

-- name: schema_create :exec
-- No placeholder.
CREATE SCHEMA /* TEMPLATE: name */;

-- name: index_get :one
-- $1 text table with its schema, $2 text index. valid is null when there is no such index; owned says whether the
-- present user may make one. No row: there is no such table.
SELECT
    pg_has_role(indexed.relowner, 'USAGE') AS owned,
    (
        SELECT i.indisvalid
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = indexed.oid AND c.relname = $2::text
    ) AS valid
FROM pg_class AS indexed
WHERE indexed.oid = to_regclass($1::text);

-- name: index_drop :exec
-- No placeholder.
DROP INDEX CONCURRENTLY IF EXISTS /* TEMPLATE: name */;
