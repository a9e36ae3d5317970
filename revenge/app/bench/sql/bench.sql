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
