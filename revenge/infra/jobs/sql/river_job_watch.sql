-- What changed, for those who watch all nodes' jobs.

-- name: job_watch :many
-- Rows inserted, started or ended since a moment, and those whose state is being followed. Each part is served by an index
-- and bounded. $1 highest id seen bigint, $2 since timestamptz, $3 followed ids bigint[], $4 limit of each part integer
WITH changed AS (
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE id > $1
        ORDER BY id
        LIMIT $4
    )
    UNION
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE state = 'running' AND attempted_at >= $2
        LIMIT $4
    )
    UNION
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE state IN ('cancelled', 'completed', 'discarded') AND finalized_at >= $2
        ORDER BY finalized_at DESC
        LIMIT $4
    )
    UNION
    SELECT id FROM unnest($3::bigint[]) AS followed (id)
)
SELECT
    id, kind, queue, state::text, priority, attempt, max_attempts, args::text, metadata::text, tags, created_at, scheduled_at,
    attempted_at, finalized_at, attempted_by, errors::text[], unique_key, unique_states::int
FROM /* TEMPLATE: schema */river_job
JOIN changed USING (id)
ORDER BY id;

-- name: job_get_states :many
-- $1 id bigint[]
SELECT id, state::text FROM /* TEMPLATE: schema */river_job WHERE id = ANY ($1::bigint[]);

-- name: job_watch_start :one
-- Where watching begins: the highest id and the database's time.
SELECT coalesce(max(id), 0) AS id, now() AS at FROM /* TEMPLATE: schema */river_job;

-- name: job_running_ids :many
-- $1 limit integer
SELECT id FROM /* TEMPLATE: schema */river_job WHERE state = 'running' LIMIT $1;
