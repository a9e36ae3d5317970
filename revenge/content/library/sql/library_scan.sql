-- Scans, the claims on them and their errors.

-- name: scan_insert :exec
-- $1 uuid id, $2 uuid library_id, $3 text scan_type, $4 bytea[] paths, $5 bigint job_id
INSERT INTO /* TEMPLATE: schema */library_scan (id, library_id, scan_type, paths, job_id) VALUES ($1, $2, $3, $4, $5);

-- name: scan_set_job :exec
-- $1 uuid id, $2 bigint job_id
UPDATE /* TEMPLATE: schema */library_scan SET job_id = $2 WHERE id = $1;

-- name: scan_get :one
-- $1 uuid id, $2 double precision seconds for which a heartbeat holds a claim
SELECT
    id, library_id, scan_type, status, paths, job_id, claim, heartbeat_at, checkpoint, files_seen, added, updated, moved,
    unchanged, missing, removed, unmatched, failed, probed, error_message, created_at, started_at, completed_at,
    coalesce(heartbeat_at > now() - make_interval(secs => $2), false) AS is_held
FROM /* TEMPLATE: schema */library_scan
WHERE id = $1
FOR UPDATE;

-- name: scan_find :one
-- The one that this job began, else the one that is active. $1 uuid library_id, $2 bigint job_id, null for none
SELECT id FROM /* TEMPLATE: schema */library_scan
WHERE library_id = $1 AND (job_id = $2 OR status IN ('pending', 'running'))
ORDER BY job_id IS NOT DISTINCT FROM $2 DESC, id DESC
LIMIT 1;

-- name: scan_active :many
-- $1 uuid library_id, null for all libraries, $2 double precision seconds for which a heartbeat holds a claim
SELECT id, library_id, job_id, coalesce(heartbeat_at > now() - make_interval(secs => $2), false) AS is_held
FROM /* TEMPLATE: schema */library_scan
WHERE status IN ('pending', 'running') AND ($1::uuid IS NULL OR library_id = $1)
ORDER BY id;

-- name: scan_show :one
-- $1 uuid library_id, $2 uuid id
SELECT
    id, library_id, scan_type, status, job_id, files_seen, added, updated, moved, unchanged, missing, removed, unmatched,
    failed, probed, error_message, created_at, started_at, completed_at
FROM /* TEMPLATE: schema */library_scan
WHERE library_id = $1 AND id = $2;

-- name: scan_list :many
-- $1 uuid library_id, $2 uuid id before which the page begins, null for the newest, $3 integer rows at most
SELECT
    id, library_id, scan_type, status, job_id, files_seen, added, updated, moved, unchanged, missing, removed, unmatched,
    failed, probed, error_message, created_at, started_at, completed_at
FROM /* TEMPLATE: schema */library_scan
WHERE library_id = $1 AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3;

-- name: scan_claim :one
-- From now on this run alone writes. $1 uuid id, $2 uuid claim, $3 bigint job_id
UPDATE /* TEMPLATE: schema */library_scan
SET claim = $2, job_id = coalesce($3, job_id), status = 'running', heartbeat_at = now(), started_at = coalesce(started_at, now()),
    completed_at = NULL, error_message = NULL
WHERE id = $1
RETURNING started_at;

-- name: scan_reset :exec
-- An ended scan begins again from nothing. $1 uuid id
UPDATE /* TEMPLATE: schema */library_scan
SET status = 'pending', completed_at = NULL, started_at = NULL, error_message = NULL, checkpoint = '{}', files_seen = 0,
    added = 0, updated = 0, moved = 0, unchanged = 0, missing = 0, removed = 0, unmatched = 0, failed = 0, probed = 0
WHERE id = $1;

-- name: scan_hold :one
-- Locks the row for the chunk's transaction: who takes the scan over waits for its end. $1 uuid id, $2 uuid claim
SELECT scan.id
FROM /* TEMPLATE: schema */library_scan AS scan
JOIN /* TEMPLATE: schema */library AS library ON library.id = scan.library_id AND library.deleted_at IS NULL
WHERE scan.id = $1 AND scan.claim = $2 AND scan.status = 'running'
FOR UPDATE OF scan;

-- name: scan_save :exec
-- $1 uuid id, $2 jsonb checkpoint, $3 integer files_seen, $4 integer added, $5 integer updated, $6 integer moved,
-- $7 integer unchanged, $8 integer missing, $9 integer removed, $10 integer unmatched, $11 integer failed,
-- $12 integer probed
UPDATE /* TEMPLATE: schema */library_scan
SET checkpoint = $2, files_seen = $3, added = $4, updated = $5, moved = $6, unchanged = $7, missing = $8, removed = $9,
    unmatched = $10, failed = $11, probed = $12, heartbeat_at = now()
WHERE id = $1;

-- name: scan_beat :one
-- $1 uuid id, $2 uuid claim
UPDATE /* TEMPLATE: schema */library_scan SET heartbeat_at = now()
WHERE id = $1 AND claim = $2 AND status = 'running'
RETURNING id;

-- name: scan_release :exec
-- The scan stays as it is, for its job to go on with. $1 uuid id, $2 uuid claim
UPDATE /* TEMPLATE: schema */library_scan SET claim = NULL, heartbeat_at = NULL WHERE id = $1 AND claim = $2;

-- name: scan_end :one
-- $1 uuid id, $2 uuid claim, null for whatever claim, $3 text status, $4 text error_message
UPDATE /* TEMPLATE: schema */library_scan
SET status = $3, error_message = $4, completed_at = now(), claim = NULL, heartbeat_at = NULL
WHERE id = $1 AND status IN ('pending', 'running') AND ($2::uuid IS NULL OR claim = $2)
RETURNING
    id, library_id, scan_type, status, job_id, files_seen, added, updated, moved, unchanged, missing, removed, unmatched,
    failed, probed, error_message, created_at, started_at, completed_at;

-- name: scan_error_insert_many :one
-- Returns how many are new. $1 uuid scan_id, $2 uuid[] ids, $3 bytea[] paths, $4 text[] the paths to show, $5 text[] errors
WITH inserted AS (
    INSERT INTO /* TEMPLATE: schema */library_scan_error (id, scan_id, path, path_text, error)
    SELECT given.id, $1, given.path, given.path_text, given.error
    FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[]) AS given (id, path, path_text, error)
    ON CONFLICT (scan_id, sha256(path)) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM inserted;

-- name: scan_error_list :many
-- $1 uuid scan_id, $2 uuid id after which the page begins, null for the first, $3 integer rows at most
SELECT id, path, error FROM /* TEMPLATE: schema */library_scan_error
WHERE scan_id = $1 AND ($2::uuid IS NULL OR id > $2)
ORDER BY id
LIMIT $3;
