-- Jobs that failed for good.

-- name: discarded_lock :one
-- One process at a time looks; false: another does at the moment.
SELECT pg_try_advisory_xact_lock(hashtextextended('revenge.discarded_job', 0));

-- name: discarded_since :one
-- Null where none was ever noticed.
SELECT max(finalized_at) FROM /* TEMPLATE: schema */discarded_job;

-- name: discarded_notice :many
-- Returns those that were new.
-- $1 bigint[] job ids, $2 timestamptz[] finalized_at, $3 text[] kinds, $4 text[] errors, $5 timestamptz now,
-- $6 text[] kinds of which nobody is told
INSERT INTO /* TEMPLATE: schema */discarded_job (job_id, finalized_at, kind, error, told_at)
SELECT given.job_id, given.finalized_at, given.kind, given.error, CASE WHEN given.kind = ANY ($6::text[]) THEN $5::timestamptz END
FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[]) AS given (job_id, finalized_at, kind, error)
ON CONFLICT (job_id, finalized_at) DO NOTHING
RETURNING job_id;

-- name: discarded_tell :many
-- Takes all of each kind of which nothing was told lately, as one row a kind. $1 timestamptz now, $2 timestamptz lately
WITH due AS (
    UPDATE /* TEMPLATE: schema */discarded_job AS job SET told_at = $1
    WHERE job.told_at IS NULL
        AND NOT EXISTS (
            SELECT FROM /* TEMPLATE: schema */discarded_job AS told WHERE told.kind = job.kind AND told.told_at > $2
        )
    RETURNING job.job_id, job.finalized_at, job.kind, job.error
)
SELECT
    kind,
    count(*) AS count,
    (array_agg(job_id ORDER BY finalized_at DESC))[1:10] AS job_ids,
    (array_agg(error ORDER BY finalized_at DESC))[1] AS error
FROM due
GROUP BY kind
ORDER BY kind;

-- name: discarded_forget :exec
-- All but the last: from it on is looked for new ones. $1 timestamptz before which they are forgotten
DELETE FROM /* TEMPLATE: schema */discarded_job
WHERE told_at IS NOT NULL AND finalized_at < $1
    AND finalized_at < (SELECT max(finalized_at) FROM /* TEMPLATE: schema */discarded_job);
