-- What changed, for those who watch all nodes' jobs.

-- name: job_watch :many
-- Rows inserted, started or ended since a moment, and those that are followed. Each part is served by an index and
-- bounded; PostgreSQL takes ended rows in the index's order only where their state is a constant.
-- $1 highest id seen bigint, $2 started since timestamptz or null for none, $3 time and $4 id of the last ended row seen
-- timestamptz and bigint, $5 followed ids bigint[], $6 limit of each part integer, $7 time and $8 id of the last row seen of
-- those that were worked and wait again timestamptz, null for none, and bigint: only who was away needs these, and their
-- index may not be there; their time stands where that of ended rows does
WITH ended AS (
    (
        SELECT id, state, attempt, finalized_at
        FROM /* TEMPLATE: schema */river_job
        WHERE state = 'cancelled'
            AND finalized_at >= $3
            AND (finalized_at > $3 OR id > $4)
        ORDER BY finalized_at, id
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id, state, attempt, finalized_at
        FROM /* TEMPLATE: schema */river_job
        WHERE state = 'completed'
            AND finalized_at >= $3
            AND (finalized_at > $3 OR id > $4)
        ORDER BY finalized_at, id
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id, state, attempt, finalized_at
        FROM /* TEMPLATE: schema */river_job
        WHERE state = 'discarded'
            AND finalized_at >= $3
            AND (finalized_at > $3 OR id > $4)
        ORDER BY finalized_at, id
        LIMIT $6
    )
)
(
    SELECT id, state::text, attempt, /* TEMPLATE: time */finalized_at, 'new' AS part
    FROM /* TEMPLATE: schema */river_job
    WHERE id > $1
    ORDER BY id
    LIMIT $6
)
UNION ALL
(
    SELECT id, state::text, attempt, /* TEMPLATE: time */finalized_at, 'started' AS part
    FROM /* TEMPLATE: schema */river_job
    WHERE state = 'running' AND attempted_at >= $2
    LIMIT $6
)
UNION ALL
(
    SELECT id, state::text, attempt, /* TEMPLATE: time */finalized_at, 'ended' AS part
    FROM ended
    ORDER BY finalized_at, id
    LIMIT $6
)
UNION ALL
(
    SELECT id, state::text, attempt, /* TEMPLATE: time */attempted_at, 'put_back' AS part
    FROM /* TEMPLATE: schema */river_job
    WHERE $7::timestamptz IS NOT NULL
        AND state IN ('available', 'retryable', 'scheduled')
        AND attempted_at >= $7
        AND (attempted_at > $7 OR id > $8)
    ORDER BY attempted_at, id
    LIMIT $6
)
UNION ALL
SELECT id, state::text, attempt, /* TEMPLATE: time */finalized_at, 'followed' AS part
FROM /* TEMPLATE: schema */river_job
WHERE id = ANY ($5::bigint[]);

-- name: job_get_states :many
-- $1 id bigint[]
SELECT id, state::text FROM /* TEMPLATE: schema */river_job WHERE id = ANY ($1::bigint[]);

-- name: job_watch_start :one
-- Where watching begins: the highest id and the database's time.
SELECT coalesce(max(id), 0) AS id, now() AS at FROM /* TEMPLATE: schema */river_job;

-- name: job_running_ids :many
-- $1 limit integer
SELECT id FROM /* TEMPLATE: schema */river_job WHERE state = 'running' LIMIT $1;
