-- What people do to many jobs at once, and to rows of jobs that run.

-- name: job_search :many
-- River: `JobList`. A page by any filter in any order; its marks other than the schema are filled from fixed words. Filters
-- that are null let all pass. $1 ids bigint[], $2 kinds text[], $3 priorities smallint[], $4 queues text[], $5 states
-- text[], $6 all of these tags text[], $7 any of these tags text[], $8 metadata contain jsonb text, $9 limit integer, and
-- where a page goes before $10 its last id bigint, and where that has a time $11 its time timestamptz text
SELECT /* TEMPLATE: job_row */
FROM /* TEMPLATE: schema */river_job
WHERE ($1::bigint[] IS NULL OR id = ANY ($1::bigint[]))
    AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
    AND ($3::smallint[] IS NULL OR priority = ANY ($3::smallint[]))
    AND ($4::text[] IS NULL OR queue = ANY ($4::text[]))
    AND ($5::text[] IS NULL OR state = ANY ($5::text[]::/* TEMPLATE: schema */river_job_state[]))
    AND ($6::text[] IS NULL OR tags @> $6::text[]::varchar[])
    AND ($7::text[] IS NULL OR tags && $7::text[]::varchar[])
    AND ($8::text IS NULL OR metadata @> $8::text::jsonb)
    AND /* TEMPLATE: state */
    AND /* TEMPLATE: after */
ORDER BY /* TEMPLATE: order */
LIMIT $9;

-- name: job_delete_many :many
-- River: `JobDeleteMany`. Never what runs; what somebody else holds in this moment is passed over. Filters that are null
-- let all pass. $1 ids bigint[], $2 kinds text[], $3 priorities smallint[], $4 queues text[], $5 states text[], $6 limit integer
WITH found AS (
    SELECT id
    FROM /* TEMPLATE: schema */river_job
    WHERE ($1::bigint[] IS NULL OR id = ANY ($1::bigint[]))
        AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
        AND ($3::smallint[] IS NULL OR priority = ANY ($3::smallint[]))
        AND ($4::text[] IS NULL OR queue = ANY ($4::text[]))
        AND ($5::text[] IS NULL OR state = ANY ($5::text[]::/* TEMPLATE: schema */river_job_state[]))
        AND state <> 'running'
    ORDER BY id
    LIMIT $6
    FOR UPDATE SKIP LOCKED
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */river_job AS job
    USING found
    WHERE job.id = found.id
    RETURNING /* TEMPLATE: job_row */job.
)
SELECT * FROM gone ORDER BY id;

-- name: job_cancel_many :many
-- job_cancel for all that match and have not ended, in the order of their ids. Filters as in job_delete_many.
-- $1 to $5 filters, $6 limit integer, $7 control channel text, $8 the request's time as a JSON string
WITH found AS (
    SELECT id, queue
    FROM /* TEMPLATE: schema */river_job
    WHERE ($1::bigint[] IS NULL OR id = ANY ($1::bigint[]))
        AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
        AND ($3::smallint[] IS NULL OR priority = ANY ($3::smallint[]))
        AND ($4::text[] IS NULL OR queue = ANY ($4::text[]))
        AND ($5::text[] IS NULL OR state = ANY ($5::text[]::/* TEMPLATE: schema */river_job_state[]))
        AND finalized_at IS NULL
    ORDER BY id
    LIMIT $6
    FOR UPDATE
),
told AS (
    SELECT
        id,
        pg_notify($7, json_build_object('action', 'cancel', 'job_id', id, 'queue', queue)::text)
    FROM found
),
changed AS (
    UPDATE /* TEMPLATE: schema */river_job AS job
    SET
        state = CASE WHEN job.state = 'running' THEN job.state ELSE 'cancelled' END,
        finalized_at = CASE WHEN job.state = 'running' THEN job.finalized_at ELSE now() END,
        metadata = jsonb_set(job.metadata, '{cancel_attempted_at}', $8::text::jsonb, true)
    FROM told
    WHERE job.id = told.id
    RETURNING /* TEMPLATE: job_row */job.
)
SELECT * FROM changed ORDER BY id;

-- name: job_retry_many :many
-- job_retry for all that match, neither run nor are due, and whose unique key is free, in the order of their ids; their
-- queues are told. Of several with one key the first is taken. Filters as in job_delete_many.
-- $1 to $5 filters, $6 limit integer, $7 insert channel text
WITH found AS (
    SELECT id, queue, unique_key, unique_states, state
    FROM /* TEMPLATE: schema */river_job
    WHERE ($1::bigint[] IS NULL OR id = ANY ($1::bigint[]))
        AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
        AND ($3::smallint[] IS NULL OR priority = ANY ($3::smallint[]))
        AND ($4::text[] IS NULL OR queue = ANY ($4::text[]))
        AND ($5::text[] IS NULL OR state = ANY ($5::text[]::/* TEMPLATE: schema */river_job_state[]))
        AND state <> 'running'
        AND NOT (state = 'available' AND scheduled_at < now())
    ORDER BY id
    LIMIT $6
    FOR UPDATE
),
free AS (
    SELECT DISTINCT ON (coalesce(encode(unique_key, 'hex'), id::text)) id
    FROM found
    WHERE unique_key IS NULL
        OR NOT EXISTS (
            SELECT FROM /* TEMPLATE: schema */river_job AS other
            WHERE other.unique_key = found.unique_key
                AND other.unique_states IS NOT NULL
                AND /* TEMPLATE: schema */river_job_state_in_bitmask(other.unique_states, other.state)
                AND other.id <> found.id
        )
    ORDER BY coalesce(encode(unique_key, 'hex'), id::text), id
),
changed AS (
    UPDATE /* TEMPLATE: schema */river_job AS job
    SET
        state = 'available',
        finalized_at = NULL,
        scheduled_at = now(),
        max_attempts = CASE WHEN job.attempt = job.max_attempts THEN job.max_attempts + 1 ELSE job.max_attempts END,
        metadata = job.metadata - 'cancel_attempted_at'
    FROM free
    WHERE job.id = free.id
    RETURNING /* TEMPLATE: job_row */job.
),
told AS (
    SELECT count(pg_notify($7, '{"queue": ' || to_json(due.queue)::text || '}')) AS queues
    FROM (SELECT DISTINCT queue FROM changed) AS due
)
SELECT changed.* FROM changed CROSS JOIN told ORDER BY changed.id;

-- name: job_update :one
-- River: `JobUpdate`: keys given take the place of those that are there. $1 id bigint, $2 metadata jsonb text
UPDATE /* TEMPLATE: schema */river_job
SET metadata = metadata || $2::text::jsonb
WHERE id = $1
RETURNING /* TEMPLATE: job_row */;
