-- name: unfinished :one
-- Each state by equality, which the fetching index serves: a scan of the whole table would disturb what it measures.
SELECT
    EXISTS (SELECT FROM /* TEMPLATE: schema */river_job WHERE state = 'available')
    OR EXISTS (SELECT FROM /* TEMPLATE: schema */river_job WHERE state = 'running')
    OR EXISTS (SELECT FROM /* TEMPLATE: schema */river_job WHERE state = 'retryable');

-- name: vacuum :exec
VACUUM (ANALYZE) /* TEMPLATE: schema */river_job;

-- name: empty :exec
TRUNCATE /* TEMPLATE: schema */river_job;

-- name: fill_finished :exec
-- Rows that ended within the last day, one in a hundred discarded. $1 how many integer
INSERT INTO /* TEMPLATE: schema */river_job (
    kind, args, state, attempt, max_attempts, attempted_at, attempted_by, created_at, scheduled_at, finalized_at
)
SELECT
    'revenge_bench_old', jsonb_build_object('num', n),
    (CASE WHEN n % 100 = 0 THEN 'discarded' ELSE 'completed' END)::/* TEMPLATE: schema */river_job_state,
    1, 25, at, '{bench}', at, at, at
FROM generate_series(1, $1::integer) AS n
CROSS JOIN LATERAL (SELECT now() - interval '20 hours' * n / $1::integer AS at) AS ended;

-- name: fill_waiting :exec
-- Rows that are due from an hour from now on, of all priorities. $1 how many integer
INSERT INTO /* TEMPLATE: schema */river_job (kind, args, state, max_attempts, priority, scheduled_at)
SELECT 'revenge_bench_old', '{}', 'scheduled', 25, n % 4 + 1, now() + interval '1 hour' + interval '1 second' * n
FROM generate_series(1, $1::integer) AS n;

-- name: forget_noops :exec
-- What a round has left.
DELETE FROM /* TEMPLATE: schema */river_job WHERE kind = 'revenge_bench_noop';
