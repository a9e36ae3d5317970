-- name: migration_has_lines :one
-- No placeholder. No row: there is no table of versions; false: its shape is that of before version 5.
SELECT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = found.id AND attname = 'line' AND NOT attisdropped
)
FROM (SELECT to_regclass('/* TEMPLATE: schema */river_migration') AS id) AS found
WHERE found.id IS NOT NULL;

-- name: migration_elsewhere :many
-- $1 text schema, $2 text[] tables, $3 text schema, null for the search path's first. Schemas other than $3 that have a
-- table of versions; no row where $1 has none of the tables.
SELECT n.nspname
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'river_migration'
    AND n.nspname IS DISTINCT FROM coalesce($3::text, current_schema())
    AND EXISTS (
        SELECT FROM pg_class AS theirs
        WHERE theirs.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1::text)
            AND theirs.relname = ANY ($2::text[])
    )
ORDER BY n.nspname;

-- name: migration_list :many
-- No placeholder. Versions of every line, ours or not.
SELECT line, version, created_at
FROM /* TEMPLATE: schema */river_migration
ORDER BY line, version;

-- name: migration_list_before_lines :many
-- No placeholder. The same below version 5, where all is main.
SELECT 'main' AS line, version, created_at
FROM /* TEMPLATE: schema */river_migration
ORDER BY version;

-- name: migration_insert :exec
-- $1 text line, $2 bigint version. Its primary key decides who wins when two migrators apply one version.
INSERT INTO /* TEMPLATE: schema */river_migration (line, version)
VALUES ($1, $2);

-- name: migration_insert_before_lines :exec
-- $1 bigint version.
INSERT INTO /* TEMPLATE: schema */river_migration (version)
VALUES ($1);

-- name: migration_delete :one
-- $1 text line, $2 bigint version.
DELETE FROM /* TEMPLATE: schema */river_migration
WHERE line = $1 AND version = $2
RETURNING version;

-- name: migration_delete_before_lines :one
-- $1 bigint version.
DELETE FROM /* TEMPLATE: schema */river_migration
WHERE version = $1
RETURNING version;
