-- What keeps libraries and their scans in order.

-- name: scan_delete_expired :many
-- Scans that have ended, with their errors; the latest ones of each library stay, however old they are.
-- $1 interval retention, $2 integer scans that each library keeps, $3 integer rows at most
DELETE FROM /* TEMPLATE: schema */library_scan
WHERE id IN (
    SELECT old.id
    FROM /* TEMPLATE: schema */library AS library
    CROSS JOIN LATERAL (
        SELECT scan.id, scan.status, scan.created_at
        FROM /* TEMPLATE: schema */library_scan AS scan
        WHERE scan.library_id = library.id
        ORDER BY scan.id DESC
        OFFSET $2
    ) AS old
    WHERE old.status IN ('completed', 'failed', 'cancelled') AND old.created_at < now() - $1::interval
    LIMIT $3
)
RETURNING id;

-- name: scan_count_expired :one
-- What scan_delete_expired would delete. $1 interval retention, $2 integer scans that each library keeps
SELECT count(*)
FROM /* TEMPLATE: schema */library AS library
CROSS JOIN LATERAL (
    SELECT scan.status, scan.created_at
    FROM /* TEMPLATE: schema */library_scan AS scan
    WHERE scan.library_id = library.id
    ORDER BY scan.id DESC
    OFFSET $2
) AS old
WHERE old.status IN ('completed', 'failed', 'cancelled') AND old.created_at < now() - $1::interval;

-- name: library_scan_ages :many
-- Enabled libraries, and how long ago a scan of all of each was last asked for.
SELECT
    library.id, library.name, library.type, library.scanner_config, library.scan_on_startup,
    extract(epoch FROM now() - latest.created_at)::double precision AS age_s,
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_scan AS active
        WHERE active.library_id = library.id AND active.status IN ('pending', 'running')
    ) AS is_scanned
FROM /* TEMPLATE: schema */library AS library
LEFT JOIN LATERAL (
    SELECT scan.created_at
    FROM /* TEMPLATE: schema */library_scan AS scan
    WHERE scan.library_id = library.id AND scan.paths = '{}'
    ORDER BY scan.id DESC
    LIMIT 1
) AS latest ON true
WHERE library.enabled AND library.deleted_at IS NULL
ORDER BY library.id;

-- name: library_with_missing :many
-- Libraries that hold files that have been missing for too long, and are not scanned: a scan forgets its own.
-- $1 interval the grace period
SELECT library.id
FROM /* TEMPLATE: schema */library AS library
WHERE library.deleted_at IS NULL
    AND EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_file AS file
        WHERE file.library_id = library.id AND file.state = 'missing' AND file.missing_since <= now() - $1::interval
    )
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_scan AS scan
        WHERE scan.library_id = library.id AND scan.status IN ('pending', 'running')
    )
ORDER BY library.id;
