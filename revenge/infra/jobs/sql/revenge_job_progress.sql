-- Statements on revenge_job_progress.

-- name: progress_write_many :exec
-- Only for attempts that are still the job's latest: a late writer changes nothing. In the order of ids, so that two
-- nodes never wait for each other in a circle.
-- $1 job id bigint[], $2 attempt smallint[], $3 attempted_at timestamptz[], $4 data jsonb as text[]
INSERT INTO /* TEMPLATE: schema */revenge_job_progress AS progress (job_id, attempt, data, updated_at)
SELECT report.job_id, report.attempt, report.data::jsonb, now()
FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::text[]) AS report (job_id, attempt, attempted_at, data)
JOIN /* TEMPLATE: schema */river_job AS job ON job.id = report.job_id AND job.attempted_at = report.attempted_at
ORDER BY report.job_id
ON CONFLICT (job_id) DO UPDATE
    SET attempt = excluded.attempt, data = excluded.data, updated_at = excluded.updated_at
    WHERE progress.attempt <= excluded.attempt;

-- name: progress_get_many :many
-- The engine's own reports, and for jobs without one what Go's server writes into the output of a running row.
-- $1 job id bigint[]
SELECT job_id, data, updated_at
FROM /* TEMPLATE: schema */revenge_job_progress
WHERE job_id = ANY ($1::bigint[])
UNION ALL
SELECT job.id, job.metadata -> 'output', now()
FROM /* TEMPLATE: schema */river_job AS job
WHERE job.id = ANY ($1::bigint[])
    AND job.state = 'running'
    AND jsonb_typeof(job.metadata -> 'output' -> 'phase') = 'string'
    AND jsonb_typeof(job.metadata -> 'output' -> 'current') = 'number'
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */revenge_job_progress AS own
        WHERE own.job_id = job.id AND own.attempt >= job.attempt
    );

-- name: progress_delete_orphans :one
-- Looks at one window of rows. Returns the last id it looked at, null at the end, and how many rows went.
-- $1 after job id bigint, $2 window integer
WITH looked AS (
    SELECT job_id
    FROM /* TEMPLATE: schema */revenge_job_progress
    WHERE job_id > $1
    ORDER BY job_id
    LIMIT $2
),
deleted AS (
    DELETE FROM /* TEMPLATE: schema */revenge_job_progress AS progress
    USING looked
    WHERE progress.job_id = looked.job_id
        AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */river_job AS job WHERE job.id = looked.job_id)
    RETURNING 1
)
SELECT (SELECT max(job_id) FROM looked) AS last_id, (SELECT count(*) FROM deleted) AS deleted;
