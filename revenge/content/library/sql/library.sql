-- Libraries and their folders.

-- name: library_lock :exec
-- One at a time changes which folders belong to whom: two libraries that overlap could otherwise be made at once.
SELECT pg_advisory_xact_lock(hashtextextended('revenge.library', 0));

-- name: library_get :one
-- $1 uuid id
SELECT
    id, name, type, enabled, preferred_language, metadata_provider, scan_on_startup, realtime_monitoring,
    ignore_patterns, scanner_config, created_at, updated_at,
    ARRAY(
        SELECT root.path FROM /* TEMPLATE: schema */library_root AS root
        WHERE root.library_id = library.id AND root.removed_at IS NULL ORDER BY root.position
    ) AS paths
FROM /* TEMPLATE: schema */library AS library
WHERE id = $1 AND deleted_at IS NULL;

-- name: library_find :one
-- $1 text name in whatever case
SELECT id FROM /* TEMPLATE: schema */library WHERE lower(name) = lower($1) AND deleted_at IS NULL;

-- name: library_find_by_path :one
-- The one that has the innermost folder around a path. $1 bytea path, absolute and without a slash at its end, $2 text[] types
SELECT library.id
FROM /* TEMPLATE: schema */library_root AS root
JOIN /* TEMPLATE: schema */library AS library ON library.id = root.library_id
WHERE library.deleted_at IS NULL AND root.removed_at IS NULL AND library.type = ANY ($2::text[])
    AND (root.path = $1 OR root.path || '\x2f' = substring($1::bytea FROM 1 FOR length(root.path) + 1))
ORDER BY length(root.path) DESC
LIMIT 1;

-- name: library_list :many
-- $1 text lower-case name after which the page begins, '' for the first, $2 integer rows at most, $3 uuid[] those that may be
-- seen, null for all
SELECT
    id, name, type, enabled, preferred_language, metadata_provider, scan_on_startup, realtime_monitoring,
    ignore_patterns, scanner_config, created_at, updated_at, lower(name) AS sort_key,
    ARRAY(
        SELECT root.path FROM /* TEMPLATE: schema */library_root AS root
        WHERE root.library_id = library.id AND root.removed_at IS NULL ORDER BY root.position
    ) AS paths
FROM /* TEMPLATE: schema */library AS library
WHERE deleted_at IS NULL AND lower(name) > $1 AND ($3::uuid[] IS NULL OR id = ANY ($3))
ORDER BY lower(name)
LIMIT $2;

-- name: library_insert :exec
-- $1 uuid id, $2 text name, $3 boolean enabled, $4 text preferred_language, $5 text metadata_provider,
-- $6 boolean scan_on_startup, $7 boolean realtime_monitoring, $8 text[] ignore_patterns, $9 jsonb scanner_config, $10 text type
INSERT INTO /* TEMPLATE: schema */library (
    id, name, enabled, preferred_language, metadata_provider, scan_on_startup, realtime_monitoring,
    ignore_patterns, scanner_config, type
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: library_update :exec
-- As library_insert, without the type.
-- $1 uuid id, $2 text name, $3 boolean enabled, $4 text preferred_language, $5 text metadata_provider,
-- $6 boolean scan_on_startup, $7 boolean realtime_monitoring, $8 text[] ignore_patterns, $9 jsonb scanner_config
UPDATE /* TEMPLATE: schema */library
SET name = $2, enabled = $3, preferred_language = $4, metadata_provider = $5, scan_on_startup = $6,
    realtime_monitoring = $7, ignore_patterns = $8, scanner_config = $9, updated_at = now()
WHERE id = $1;

-- name: library_delete :one
-- Its rows stay, so that it can be restored. $1 uuid id
UPDATE /* TEMPLATE: schema */library SET deleted_at = now(), updated_at = now()
WHERE id = $1 AND deleted_at IS NULL
RETURNING id;

-- name: library_restore :exec
-- $1 uuid id, $2 text its new name, or null: the one that it had
UPDATE /* TEMPLATE: schema */library SET deleted_at = NULL, updated_at = now(), name = coalesce($2::text, name)
WHERE id = $1 AND deleted_at IS NOT NULL;

-- name: library_name :one
-- Deleted or not. $1 uuid id
SELECT name FROM /* TEMPLATE: schema */library WHERE id = $1;

-- name: library_claim_deleted :one
-- One at a time decides what becomes of it; its rows may still be pointed at by others. $1 uuid id
SELECT id FROM /* TEMPLATE: schema */library WHERE id = $1 AND deleted_at IS NOT NULL FOR NO KEY UPDATE NOWAIT;

-- name: library_forget :exec
-- With its folders, files, items and scans, for good. Only one that was deleted. $1 uuid id
DELETE FROM /* TEMPLATE: schema */library WHERE id = $1 AND deleted_at IS NOT NULL;

-- name: root_others :many
-- Folders of all other libraries. $1 uuid the library's id, null for a new one
SELECT root.path, library.name
FROM /* TEMPLATE: schema */library_root AS root
JOIN /* TEMPLATE: schema */library AS library ON library.id = root.library_id
WHERE library.deleted_at IS NULL AND root.removed_at IS NULL AND library.id IS DISTINCT FROM $1;

-- name: root_table :one
-- Null before the application's tables are made.
SELECT to_regclass('/* TEMPLATE: schema */library_root')::text;

-- name: root_elsewhere :one
-- $1 bytea the path of a folder
SELECT EXISTS (SELECT FROM /* TEMPLATE: schema */library_root WHERE path <> $1);

-- name: root_put :exec
-- Add folders, bring back those that were taken out, number them as given.
-- $1 uuid library_id, $2 uuid[] ids for new ones, $3 bytea[] paths, $4 text[] the paths to show
INSERT INTO /* TEMPLATE: schema */library_root (id, library_id, position, path, path_text)
SELECT given.id, $1, given.position, given.path, given.path_text
FROM unnest($2::uuid[], $3::bytea[], $4::text[]) WITH ORDINALITY AS given (id, path, path_text, position)
ON CONFLICT (library_id, sha256(path)) DO UPDATE SET position = EXCLUDED.position, removed_at = NULL;

-- name: root_take_out :exec
-- $1 uuid library_id, $2 bytea[] paths that stay
UPDATE /* TEMPLATE: schema */library_root SET removed_at = now()
WHERE library_id = $1 AND removed_at IS NULL AND path <> ALL ($2::bytea[]);

-- name: root_list :many
-- $1 uuid library_id
SELECT
    id, path, device,
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_file AS file WHERE file.root_id = root.id AND file.state <> 'missing'
    ) AS has_files,
    file_count
FROM /* TEMPLATE: schema */library_root AS root
WHERE library_id = $1 AND removed_at IS NULL
ORDER BY position;

-- name: root_sample :many
-- Some of its files, by which a disk is recognised. $1 uuid root id
SELECT path FROM /* TEMPLATE: schema */library_file WHERE root_id = $1 AND state <> 'missing' LIMIT 50;

-- name: root_done :exec
-- $1 uuid[] ids, $2 bigint[] devices
UPDATE /* TEMPLATE: schema */library_root AS root
SET device = given.device, scanned_at = now(),
    file_count = (
        SELECT count(*) FROM /* TEMPLATE: schema */library_file AS file
        WHERE file.root_id = root.id AND file.state <> 'missing'
    )
FROM unnest($1::uuid[], $2::bigint[]) AS given (id, device)
WHERE root.id = given.id;

-- name: root_delete_empty :exec
-- Folders that were taken out and whose files are all gone. $1 uuid library_id
DELETE FROM /* TEMPLATE: schema */library_root AS root
WHERE root.library_id = $1 AND root.removed_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */library_file AS file WHERE file.root_id = root.id);

-- name: root_adopt_files :exec
-- Files of folders that were taken out and lie in one that is there: /a was replaced by /a/b, or the other way round.
-- $1 uuid library_id
UPDATE /* TEMPLATE: schema */library_file AS file
SET root_id = present.id
FROM /* TEMPLATE: schema */library_root AS removed, /* TEMPLATE: schema */library_root AS present
WHERE removed.library_id = $1 AND removed.removed_at IS NOT NULL AND file.root_id = removed.id
    AND present.library_id = $1 AND present.removed_at IS NULL
    AND substring(file.path FROM 1 FOR octet_length(present.path) + 1) = present.path || '\x2f';

-- name: library_all_enabled :many
-- Those that are scanned, with their folders. No parameters.
SELECT
    id, name, type, enabled, preferred_language, metadata_provider, scan_on_startup, realtime_monitoring,
    ignore_patterns, scanner_config, created_at, updated_at,
    ARRAY(
        SELECT root.path FROM /* TEMPLATE: schema */library_root AS root
        WHERE root.library_id = library.id AND root.removed_at IS NULL ORDER BY root.position
    ) AS paths
FROM /* TEMPLATE: schema */library AS library
WHERE deleted_at IS NULL AND enabled
ORDER BY id;
