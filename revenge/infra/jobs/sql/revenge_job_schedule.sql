-- Statements on revenge_job_schedule. All times are the database's, so nodes need no common clock.
-- definition: {"declared": schedule in code, "override": schedule set at run time, "requested_at": a run asked for}.
-- next_run_at: null: not planned yet; infinity: never again.

-- name: schedule_declare :exec
-- A schedule that changed is planned anew; one that was overridden at run time stays overridden.
-- $1 id text, $2 kind text or null, $3 schedule text (JSON), $4 missed policy text, $5 run on start boolean,
-- $6 interval within which a run counts as that of another node's start
INSERT INTO /* TEMPLATE: schema */revenge_job_schedule AS schedule (id, kind, definition, missed_policy)
VALUES (
    $1, $2,
    jsonb_build_object('declared', $3::jsonb)
        || CASE WHEN $5 THEN jsonb_build_object('requested_at', now()) ELSE '{}' END,
    $4
)
ON CONFLICT (id) DO UPDATE SET
    kind = excluded.kind,
    missed_policy = excluded.missed_policy,
    definition = schedule.definition
        || CASE
            WHEN $5 AND schedule.paused_at IS NULL AND coalesce(schedule.last_run_at < now() - $6::interval, true)
                THEN jsonb_build_object('requested_at', now())
            ELSE '{}'
        END
        || jsonb_build_object('declared', $3::jsonb),
    next_run_at = CASE
        WHEN schedule.definition ? 'override' OR schedule.definition -> 'declared' = $3::jsonb
            THEN schedule.next_run_at
    END,
    updated_at = now();

-- name: schedule_get_due_in :many
-- When there is something to do for each of the schedules, soonest first: negative where it should have been done.
-- $1 ids text[], $2 limit integer
SELECT id, moment - now() AS due_in
FROM (
    SELECT id, least((definition ->> 'requested_at')::timestamptz, coalesce(next_run_at, updated_at)) AS moment
    FROM /* TEMPLATE: schema */revenge_job_schedule
    WHERE id = ANY ($1::text[])
) AS schedule
WHERE isfinite(moment)
ORDER BY moment, id
LIMIT $2;

-- name: schedule_lock_due :one
-- No row when nothing is due, when another node has it in hand, or when that one was faster: the condition is checked
-- again on the row as it is once it is locked. $1 id text
SELECT
    definition, missed_policy, paused_at IS NOT NULL AS is_paused, definition ? 'requested_at' AS is_requested,
    last_run_at, next_run_at IS NOT NULL AS is_planned, nullif(next_run_at, 'infinity') AS next_run_at, now() AS now
FROM /* TEMPLATE: schema */revenge_job_schedule
WHERE id = $1
    AND least((definition ->> 'requested_at')::timestamptz, coalesce(next_run_at, updated_at)) <= now()
ORDER BY id
FOR UPDATE SKIP LOCKED;

-- name: schedule_settle :exec
-- What was due is done. $1 id text, $2 next run timestamptz or null for never, $3 whether there was a run boolean,
-- $4 its job bigint or null for none
UPDATE /* TEMPLATE: schema */revenge_job_schedule
SET next_run_at = coalesce($2::timestamptz, 'infinity'),
    definition = definition - 'requested_at',
    last_run_at = CASE WHEN $3 THEN now() ELSE last_run_at END,
    last_job_id = coalesce($4::bigint, last_job_id),
    updated_at = now()
WHERE id = $1;

-- name: schedule_list :many
-- $1 ids text[] or null for all
SELECT
    id, kind, definition, missed_policy, paused_at, last_run_at, nullif(next_run_at, 'infinity') AS next_run_at,
    last_job_id, created_at, updated_at
FROM /* TEMPLATE: schema */revenge_job_schedule
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
ORDER BY id;

-- name: schedule_set_paused :exec
-- $1 id text, $2 paused boolean
UPDATE /* TEMPLATE: schema */revenge_job_schedule
SET paused_at = CASE WHEN $2 THEN coalesce(paused_at, now()) END,
    updated_at = now()
WHERE id = $1;

-- name: schedule_request_run :exec
-- $1 id text
UPDATE /* TEMPLATE: schema */revenge_job_schedule
SET definition = definition || jsonb_build_object('requested_at', now()),
    updated_at = now()
WHERE id = $1;

-- name: schedule_lock :one
-- $1 id text
SELECT definition, last_run_at, now() AS now
FROM /* TEMPLATE: schema */revenge_job_schedule
WHERE id = $1
FOR UPDATE;

-- name: schedule_override :exec
-- $1 id text, $2 schedule text (JSON) or null for the declared one, $3 next run timestamptz or null,
-- $4 whether null means never boolean; otherwise a node that has the code plans it
UPDATE /* TEMPLATE: schema */revenge_job_schedule
SET definition = definition - 'override'
        || CASE WHEN $2::text IS NULL THEN '{}' ELSE jsonb_build_object('override', $2::jsonb) END,
    next_run_at = CASE WHEN $3::timestamptz IS NULL AND $4 THEN 'infinity' ELSE $3 END,
    updated_at = now()
WHERE id = $1;

-- name: schedule_delete :exec
-- $1 id text
DELETE FROM /* TEMPLATE: schema */revenge_job_schedule
WHERE id = $1;
