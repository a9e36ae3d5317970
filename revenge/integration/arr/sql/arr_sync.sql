-- How the full sync of each program goes: one row a program, the same for all nodes.

-- name: sync_state :one
-- $1 text source
SELECT
    source, sync_id, started_at, ended_at, succeeded_at, job_id, cursor, added, updated, unchanged, removed, failed,
    total, error
FROM /* TEMPLATE: schema */arr_sync
WHERE source = $1;

-- name: sync_lock :one
-- $1 text source
SELECT
    source, sync_id, started_at, ended_at, succeeded_at, job_id, cursor, added, updated, unchanged, removed, failed,
    total, error
FROM /* TEMPLATE: schema */arr_sync
WHERE source = $1
FOR UPDATE;

-- name: sync_row :exec
-- There is always one to lock. $1 text source
INSERT INTO /* TEMPLATE: schema */arr_sync (source) VALUES ($1) ON CONFLICT (source) DO NOTHING;

-- name: sync_begin :one
-- Return by whose clock titles are written. -- $1 text source, $2 uuid sync_id, $3 uuid claim, $4 bigint job_id
UPDATE /* TEMPLATE: schema */arr_sync
SET sync_id = $2, claim = $3, job_id = $4, started_at = now(), ended_at = NULL, cursor = 0, added = 0, updated = 0,
    unchanged = 0, removed = 0, failed = 0, total = 0, error = NULL
WHERE source = $1
RETURNING now();

-- name: sync_resume :one
-- As above. -- $1 text source, $2 uuid claim, $3 bigint job_id
UPDATE /* TEMPLATE: schema */arr_sync SET claim = $2, job_id = $3 WHERE source = $1 RETURNING now();

-- name: sync_checkpoint :one
-- Of the run that has the claim alone. $1 text source, $2 uuid claim, $3 bigint cursor, $4 integer added,
-- $5 integer updated, $6 integer unchanged, $7 integer removed, $8 integer failed, $9 integer total
UPDATE /* TEMPLATE: schema */arr_sync
SET cursor = $3, added = $4, updated = $5, unchanged = $6, removed = $7, failed = $8, total = $9
WHERE source = $1 AND claim = $2 AND ended_at IS NULL
RETURNING source;

-- name: sync_hold :one
-- The run that has the claim keeps it until the transaction ends. $1 text source, $2 uuid claim
SELECT source FROM /* TEMPLATE: schema */arr_sync WHERE source = $1 AND claim = $2 AND ended_at IS NULL FOR UPDATE;

-- name: sync_end :one
-- $1 text source, $2 uuid claim
UPDATE /* TEMPLATE: schema */arr_sync
SET ended_at = now(), succeeded_at = now(), claim = NULL, error = NULL
WHERE source = $1 AND claim = $2 AND ended_at IS NULL
RETURNING source;

-- name: sync_say_error :exec
-- What stands in the way of a sync that goes on later. $1 text source, $2 bigint job_id, $3 text error
UPDATE /* TEMPLATE: schema */arr_sync SET error = $3 WHERE source = $1 AND job_id = $2 AND ended_at IS NULL;

-- name: sync_fail :one
-- $1 text source, $2 bigint job_id, $3 text error
UPDATE /* TEMPLATE: schema */arr_sync
SET ended_at = now(), claim = NULL, error = $3
WHERE source = $1 AND job_id = $2 AND ended_at IS NULL
RETURNING source;
