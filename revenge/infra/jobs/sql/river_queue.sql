-- Statements on river_queue.

-- name: queue_create_or_touch :many
-- River: `QueueCreateOrSetUpdatedAt`, for all queues of a client. Returns which of them are paused.
-- $1 names text[]
INSERT INTO /* TEMPLATE: schema */river_queue AS queue (name, created_at, metadata, updated_at)
SELECT DISTINCT wanted.name, now(), '{}'::jsonb, now()
FROM unnest($1::text[]) AS wanted (name)
ORDER BY wanted.name
ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at
RETURNING queue.name, queue.paused_at IS NOT NULL AS is_paused;

-- name: queue_get_paused :many
-- The truth behind pause and resume notifications. $1 names text[]
SELECT name
FROM /* TEMPLATE: schema */river_queue
WHERE name = ANY ($1::text[]) AND paused_at IS NOT NULL;

-- name: queue_pause :one
-- River: `QueuePause` with its notification. Returns how many rows matched. $1 name or * text, $2 control channel text,
-- $3 payload text
WITH matched AS (
    UPDATE /* TEMPLATE: schema */river_queue
    SET
        paused_at = coalesce(paused_at, now()),
        updated_at = CASE WHEN paused_at IS NULL THEN now() ELSE updated_at END
    WHERE name = $1 OR $1 = '*'
    RETURNING name
),
told AS (
    SELECT pg_notify($2, $3)
    WHERE $1 = '*' OR EXISTS (SELECT FROM matched)
)
SELECT (SELECT count(*) FROM matched) AS queues, (SELECT count(*) FROM told) AS notified;

-- name: queue_resume :one
-- River: `QueueResume` with its notification. Returns how many rows matched. $1 name or * text, $2 control channel text,
-- $3 payload text
WITH matched AS (
    UPDATE /* TEMPLATE: schema */river_queue
    SET
        paused_at = NULL,
        updated_at = CASE WHEN paused_at IS NULL THEN updated_at ELSE now() END
    WHERE name = $1 OR $1 = '*'
    RETURNING name
),
told AS (
    SELECT pg_notify($2, $3)
    WHERE $1 = '*' OR EXISTS (SELECT FROM matched)
)
SELECT (SELECT count(*) FROM matched) AS queues, (SELECT count(*) FROM told) AS notified;

-- name: queue_update :one
-- River: `QueueUpdate` with its notification. Returns how many rows matched. $1 name text, $2 metadata jsonb text or null,
-- $3 control channel text, $4 payload text or null
WITH matched AS (
    UPDATE /* TEMPLATE: schema */river_queue
    SET metadata = coalesce($2::text::jsonb, metadata), updated_at = now()
    WHERE name = $1
    RETURNING name
),
told AS (
    SELECT pg_notify($3, $4)
    WHERE $4::text IS NOT NULL AND EXISTS (SELECT FROM matched)
)
SELECT (SELECT count(*) FROM matched) AS queues, (SELECT count(*) FROM told) AS notified;

-- name: queue_list :many
-- Queues by name, with unfinished jobs counted from River's fetching index and slots of all nodes that have beaten of
-- late. $1 limit integer, $2 latest beat interval, $3 name of the only one text or null
WITH counted AS (
    SELECT
        job.queue, job.state, count(*) AS jobs,
        -- One row of an infinite time, or one that no datetime holds, must not make the list of all queues unreadable.
        least(greatest(min(job.scheduled_at), '1970-01-01T00:00:00Z'), '9999-01-01T00:00:00Z') AS first_at
    FROM /* TEMPLATE: schema */river_job AS job
    WHERE job.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
        AND ($3::text IS NULL OR job.queue = $3::text)
    GROUP BY job.queue, job.state
),
filled AS (
    SELECT
        counted.queue,
        json_object_agg(counted.state, counted.jobs)::text AS counts,
        min(counted.first_at) AS first_at,
        min(counted.first_at) FILTER (WHERE counted.state = 'available' AND counted.first_at <= now()) AS waits_since
    FROM counted
    GROUP BY counted.queue
),
slots AS (
    SELECT served.key AS queue, sum(served.value::integer)::integer AS workers
    FROM /* TEMPLATE: schema */revenge_job_node AS node
    CROSS JOIN LATERAL jsonb_each_text(node.queues) AS served
    WHERE node.dead_at IS NULL AND node.beaten_at > now() - $2::interval
    GROUP BY served.key
)
SELECT
    coalesce(queue.name, filled.queue) AS name,
    queue.paused_at,
    coalesce(queue.created_at, filled.first_at) AS created_at,
    coalesce(queue.updated_at, filled.first_at) AS updated_at,
    coalesce(filled.counts, '{}') AS counts,
    extract(epoch FROM now() - filled.waits_since)::float8 AS oldest_wait_s,
    coalesce(slots.workers, 0) AS workers,
    coalesce(queue.metadata, '{}')::text AS metadata,
    queue.name IS NOT NULL AS is_served
FROM /* TEMPLATE: schema */river_queue AS queue
FULL JOIN filled ON filled.queue = queue.name
LEFT JOIN slots ON slots.queue = coalesce(queue.name, filled.queue)
WHERE $3::text IS NULL OR coalesce(queue.name, filled.queue) = $3::text
ORDER BY name
LIMIT $1;

-- name: queue_delete_expired :exec
-- River: `QueueDeleteExpired`. $1 retention interval, $2 limit integer
DELETE FROM /* TEMPLATE: schema */river_queue
WHERE name IN (
    SELECT name
    FROM /* TEMPLATE: schema */river_queue
    WHERE updated_at < now() - $1::interval
    ORDER BY name
    LIMIT $2
    FOR UPDATE SKIP LOCKED
);
