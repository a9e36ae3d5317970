-- What the test kit asks of a real database besides the engine's own statements. Paused queues are left alone.

-- name: drain_next :one
-- The queue of the job that is first in line in any of the queues; no row when nothing is due.
-- $1 queues text[] or null for all, $2 kinds text[] or null for every kind
SELECT job.queue
FROM /* TEMPLATE: schema */river_job AS job
WHERE job.state = 'available'
    AND job.scheduled_at <= now()
    AND ($1::text[] IS NULL OR job.queue = ANY ($1::text[]))
    AND ($2::text[] IS NULL OR job.kind = ANY ($2::text[]))
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */river_queue AS queue WHERE queue.name = job.queue AND queue.paused_at IS NOT NULL
    )
ORDER BY job.priority, job.scheduled_at, job.id
LIMIT 1;

-- name: drain_bring_forward :many
-- Makes due now what would be due next; no row when nothing waits. A job whose last attempt failed waits for its retry,
-- any other for the time that its insert or its snooze set.
-- $1 queues text[] or null for all, $2 kinds text[] or null for every kind, $3 whether jobs that wait for their time
-- boolean, $4 whether jobs that wait for their retry boolean
UPDATE /* TEMPLATE: schema */river_job
SET scheduled_at = now()
WHERE id = (
    SELECT job.id
    FROM /* TEMPLATE: schema */river_job AS job
    WHERE job.state IN ('available', 'retryable', 'scheduled')
        AND job.scheduled_at > now()
        AND ($1::text[] IS NULL OR job.queue = ANY ($1::text[]))
        AND ($2::text[] IS NULL OR job.kind = ANY ($2::text[]))
        AND CASE
            WHEN job.state = 'retryable'
                OR job.errors[cardinality(job.errors)] -> 'attempt' = to_jsonb(job.attempt)
                THEN $4::boolean
            ELSE $3::boolean
        END
        AND NOT EXISTS (
            SELECT FROM /* TEMPLATE: schema */river_queue AS queue WHERE queue.name = job.queue AND queue.paused_at IS NOT NULL
        )
    ORDER BY job.scheduled_at, job.priority, job.id
    LIMIT 1
)
RETURNING id;
