-- Every webhook that came.

-- name: subject_lock :exec
-- Of one subject at a time until the transaction ends: nobody adds an event while the job that works them says that it is
-- done. $1 text source, $2 text subject
SELECT pg_advisory_xact_lock(hashtextextended('revenge webhook ' || $1 || ' ' || $2, 0));

-- name: event_same :one
-- The last one that said the same. $1 text source, $2 bytea dedupe_key, $3 timestamptz not before
SELECT id, handled_at, job_id
FROM /* TEMPLATE: schema */webhook_event
WHERE source = $1 AND dedupe_key = $2 AND received_at >= $3
ORDER BY received_at DESC
LIMIT 1;

-- name: event_seen :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */webhook_event SET seen = seen + 1 WHERE id = $1;

-- name: event_insert :exec
-- $1 uuid id, $2 text source, $3 text event_type, $4 text subject, $5 bytea dedupe_key, $6 text payload as JSON,
-- $7 timestamptz received_at
INSERT INTO /* TEMPLATE: schema */webhook_event (id, source, event_type, subject, dedupe_key, payload, received_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7);

-- name: event_set_job :exec
-- $1 uuid id, $2 bigint job_id
UPDATE /* TEMPLATE: schema */webhook_event SET job_id = $2 WHERE id = $1;

-- name: event_open :many
-- What waits of a subject, in the order it came. $1 text source, $2 text subject, $3 integer limit
SELECT id, event_type, payload::text AS payload
FROM /* TEMPLATE: schema */webhook_event
WHERE source = $1 AND subject = $2 AND handled_at IS NULL
ORDER BY id
LIMIT $3;

-- name: event_handled :exec
-- $1 uuid[] id, $2 text outcome
UPDATE /* TEMPLATE: schema */webhook_event SET handled_at = now(), outcome = $2
WHERE id = ANY ($1::uuid[]) AND handled_at IS NULL;

-- name: event_list :many
-- Newest first. $1 text source, $2 uuid before which (null: from the newest), $3 integer limit
SELECT id, event_type, subject, received_at, seen, job_id, handled_at, outcome
FROM /* TEMPLATE: schema */webhook_event
WHERE source = $1 AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3;

-- name: event_forget :many
-- The oldest first, a batch at a time. $1 text source, $2 timestamptz received before, $3 integer limit
DELETE FROM /* TEMPLATE: schema */webhook_event
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */webhook_event
    WHERE source = $1 AND received_at < $2
    ORDER BY received_at, id
    LIMIT $3
)
RETURNING id;
