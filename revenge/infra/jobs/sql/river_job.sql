-- Statements on river_job. What each column means: River 0.51.1; where we differ: docs/river/differences.md.

-- What a whole row is read by, wherever a statement has its mark; the table's alias may stand behind the mark. Times are
-- microseconds since 1970, so that no DateStyle or codec of a caller's connection has a say in them.
-- columns: job_row
id, kind, queue, state::text, priority, attempt, max_attempts, args::text, metadata::text, tags,
/* TEMPLATE: microseconds */created_at, /* TEMPLATE: microseconds */scheduled_at,
/* TEMPLATE: microseconds */attempted_at, /* TEMPLATE: microseconds */finalized_at,
attempted_by, errors::text[], unique_key, unique_states::int

-- name: job_insert_many :one
-- River: `JobInsertFastMany` without unique jobs, and its notification, in one statement: nothing comes back but the ids,
-- in the order given, and the time. What many jobs share is sent and read once: as fast as COPY (docs/performance.md).
-- $1 insert channel text, null where the caller notifies when it is committed; columns of each shape: $2 kind text[], $3 queue text[], $4 state text[], $5 priority smallint[],
-- $6 max_attempts smallint[], $7 scheduled_at timestamptz text[] (null: now, by this server's clock, as all times of River's
-- inserts), $8 metadata jsonb text[], $9 tags text[] (comma-joined: River's tags hold no comma); columns of each job:
-- $10 args jsonb text[], $11 number of its shape, from 1, integer[]; $12 payloads text[]
WITH inserted AS (
    INSERT INTO /* TEMPLATE: schema */river_job (
        args, kind, max_attempts, metadata, priority, queue, scheduled_at, state, tags
    )
    SELECT
        args::jsonb, ($2::text[])[shape], ($6::smallint[])[shape], ($8::text[])[shape]::jsonb,
        ($5::smallint[])[shape], ($3::text[])[shape], coalesce(($7::text[])[shape]::timestamptz, now()),
        ($4::text[])[shape]::/* TEMPLATE: schema */river_job_state, string_to_array(($9::text[])[shape], ',')
    -- Sub-selects hide the arrays from the planner, which would otherwise think anew for each job (as in job_fetch).
    FROM unnest((SELECT $10::text[]), (SELECT $11::integer[])) AS rows (args, shape)
    RETURNING id
),
told AS (
    SELECT count(pg_notify($1, payload)) FROM unnest((SELECT $12::text[])) AS payload
)
SELECT (SELECT array_agg(id) FROM inserted), (extract(epoch FROM now()) * 1000000)::bigint
FROM told;

-- name: job_insert_unique :many
-- River: `JobInsertFastMany`, the whole of it. One row per element, in the order of their keys, those without one first:
-- two transactions that take the same keys in different orders would deadlock. The ids are in the order given, in which
-- the jobs are worked.
-- $1 to $11 as in job_insert_many; $12 unique_key bytea[] (empty: none), $13 unique_states integer[] (0: none)
WITH given AS MATERIALIZED (
    SELECT
        nextval((
            SELECT coalesce(
                pg_get_serial_sequence('/* TEMPLATE: schema */river_job', 'id'), '/* TEMPLATE: schema */river_job_id_seq'
            )::regclass
        )) AS id,
        args, shape, unique_key, unique_states
    FROM unnest($10::text[], $11::integer[], $12::bytea[], $13::integer[]) AS rows (
        args, shape, unique_key, unique_states
    )
),
inserted AS (
    INSERT INTO /* TEMPLATE: schema */river_job (
        id, args, kind, max_attempts, metadata, priority, queue, scheduled_at, state, tags, unique_key, unique_states
    )
    SELECT
        id, args::jsonb, ($2::text[])[shape], ($6::smallint[])[shape], ($8::text[])[shape]::jsonb,
        ($5::smallint[])[shape], ($3::text[])[shape], coalesce(($7::text[])[shape]::timestamptz, now()),
        ($4::text[])[shape]::/* TEMPLATE: schema */river_job_state, string_to_array(($9::text[])[shape], ','),
        nullif(unique_key, ''), CASE unique_states WHEN 0 THEN NULL ELSE unique_states::bit(8) END
    FROM given
    ORDER BY given.unique_key, given.id
    ON CONFLICT (unique_key)
        WHERE unique_key IS NOT NULL
            AND unique_states IS NOT NULL
            AND /* TEMPLATE: schema */river_job_state_in_bitmask(unique_states, state)
        -- The row keeps its own kind (River 0.49): an update is needed for RETURNING to show it at all.
        DO UPDATE SET kind = river_job.kind
    RETURNING /* TEMPLATE: job_row */, (xmax <> 0) AS duplicate
),
told AS (
    -- The payload's bytes are River's: one space after the colon. Queue names hold nothing that needs escaping.
    SELECT count(pg_notify($1, '{"queue": "' || due.queue || '"}'))
    FROM (SELECT DISTINCT queue FROM inserted WHERE state = 'available' AND $1::text IS NOT NULL) AS due
)
-- A new row is known but for its id: only what was there before is sent back whole.
SELECT
    id, duplicate, (extract(epoch FROM now()) * 1000000)::bigint AS inserted_at,
    CASE WHEN duplicate THEN kind END AS kind,
    CASE WHEN duplicate THEN queue END AS queue,
    CASE WHEN duplicate THEN state END AS state,
    CASE WHEN duplicate THEN priority END AS priority,
    CASE WHEN duplicate THEN attempt END AS attempt,
    CASE WHEN duplicate THEN max_attempts END AS max_attempts,
    CASE WHEN duplicate THEN args END AS args,
    CASE WHEN duplicate THEN metadata END AS metadata,
    CASE WHEN duplicate THEN tags END AS tags,
    CASE WHEN duplicate THEN created_at END AS created_at,
    CASE WHEN duplicate THEN scheduled_at END AS scheduled_at,
    CASE WHEN duplicate THEN attempted_at END AS attempted_at,
    CASE WHEN duplicate THEN finalized_at END AS finalized_at,
    CASE WHEN duplicate THEN attempted_by END AS attempted_by,
    CASE WHEN duplicate THEN errors END AS errors,
    CASE WHEN duplicate THEN unique_key END AS unique_key,
    CASE WHEN duplicate THEN unique_states END AS unique_states
FROM inserted CROSS JOIN told;

-- name: job_fetch :many
-- River: `JobGetAvailable`, for all queues of a process in one round trip.
-- $1 client id text, $2 queues text[], $3 free slots integer[] beside them, $4 kinds text[] or null for every kind
WITH claimed AS (
    SELECT due.id
    -- Sub-selects, so that the planner sees no more of the values with them than without: otherwise a plan made for them
    -- looks cheaper each time, and planning takes longer than fetching a few rows.
    FROM unnest((SELECT $2::text[]), (SELECT $3::integer[])) AS wanted (queue, slots)
    CROSS JOIN LATERAL (
        SELECT job.id
        FROM /* TEMPLATE: schema */river_job AS job
        WHERE job.state = 'available'
            AND job.queue = wanted.queue
            AND job.scheduled_at <= now()
            AND ((SELECT $4::text[]) IS NULL OR job.kind = ANY ((SELECT $4::text[])::text[]))
        ORDER BY job.priority, job.scheduled_at, job.id
        LIMIT wanted.slots
        FOR UPDATE SKIP LOCKED
    ) AS due
)
UPDATE /* TEMPLATE: schema */river_job AS job
SET
    state = 'running',
    -- A row at the type's limit must not make every fetch of its queue fail.
    attempt = least(job.attempt + 1, 32767),
    attempted_at = now(),
    -- The newest 99 and this client (River: `maxAttemptedBy`).
    attempted_by = array_append(
        CASE WHEN cardinality(job.attempted_by) >= 100
            THEN job.attempted_by[cardinality(job.attempted_by) - 98:]
            ELSE job.attempted_by
        END,
        $1::text
    )
-- An array and not a join: the planner takes a LIMIT it cannot see for a tenth of the table, and would read all of it.
WHERE job.id = ANY (ARRAY(SELECT claimed.id FROM claimed))
RETURNING
    job.id, job.kind, job.queue, job.args, job.attempt, job.max_attempts, job.attempted_at, /* TEMPLATE: time */job.scheduled_at,
    job.priority, nullif(job.metadata, '{}'), coalesce(cardinality(job.errors), 0);

-- name: job_complete_many :many
-- The short form of job_settle_many for attempts that simply succeeded.
-- $1 id bigint[], $2 attempt smallint[], $3 attempted_at timestamptz[], $4 finalized_at timestamptz
UPDATE /* TEMPLATE: schema */river_job AS job
SET state = 'completed', finalized_at = $4
-- Sub-selects for the planner's sake, as in job_fetch.
FROM unnest((SELECT $1::bigint[]), (SELECT $2::smallint[]), (SELECT $3::timestamptz[])) AS done (id, attempt, attempted_at)
WHERE job.id = done.id
    -- As text, so that no index on state serves: it would walk the dead entries of all that ran before.
    AND job.state::text = 'running'
    AND job.attempt = done.attempt
    AND job.attempted_at = done.attempted_at
RETURNING job.id;

-- name: job_settle_many :many
-- River: `JobSetStateIfRunningMany`, fenced by attempt and attempted_at: a stale settlement changes nothing. A row that
-- left `running` by its worker's own transaction still takes the metadata. A cancel request turns what would run again
-- into cancelled.
-- $1 id bigint[], $2 attempt smallint[], $3 attempted_at timestamptz[], $4 state text[], $5 finalized_at timestamptz[],
-- $6 scheduled_at timestamptz[], $7 new attempt smallint[], $8 error jsonb text[], $9 metadata jsonb text[], $10 now timestamptz
WITH settled AS (
    SELECT *, state IN ('available', 'retryable', 'scheduled') AS runs_again
    FROM unnest(
        $1::bigint[], $2::smallint[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::timestamptz[],
        $7::smallint[], $8::text[], $9::text[]
    ) AS rows (id, attempt, attempted_at, state, finalized_at, scheduled_at, new_attempt, error, metadata)
),
locked AS (
    SELECT
        settled.*,
        job.state = 'running' AS is_running,
        job.state = 'running' AND settled.runs_again AND job.metadata ? 'cancel_attempted_at' AS is_cancelled
    FROM settled
    JOIN /* TEMPLATE: schema */river_job AS job
        ON job.id = settled.id AND job.attempt = settled.attempt AND job.attempted_at = settled.attempted_at
    WHERE job.state = 'running' OR settled.metadata IS NOT NULL
    ORDER BY job.id
    FOR UPDATE OF job
)
UPDATE /* TEMPLATE: schema */river_job AS job
SET
    state = CASE
        WHEN locked.is_cancelled THEN 'cancelled'
        WHEN locked.is_running THEN locked.state::/* TEMPLATE: schema */river_job_state
        ELSE job.state
    END,
    finalized_at = CASE
        WHEN locked.is_cancelled THEN $10
        WHEN locked.is_running AND locked.finalized_at IS NOT NULL THEN locked.finalized_at
        ELSE job.finalized_at
    END,
    attempt = CASE
        WHEN locked.is_running AND NOT locked.is_cancelled THEN coalesce(locked.new_attempt, job.attempt)
        ELSE job.attempt
    END,
    scheduled_at = CASE
        WHEN locked.is_running AND NOT locked.is_cancelled THEN coalesce(locked.scheduled_at, job.scheduled_at)
        ELSE job.scheduled_at
    END,
    errors = CASE
        WHEN locked.is_running AND locked.error IS NOT NULL THEN array_append(job.errors, locked.error::jsonb)
        ELSE job.errors
    END,
    metadata = CASE
        WHEN locked.metadata IS NOT NULL THEN job.metadata || locked.metadata::jsonb
        ELSE job.metadata
    END
FROM locked
WHERE job.id = locked.id
RETURNING job.id, job.state::text;

-- name: job_merge_metadata :one
-- River: `JobUpdate`, fenced as everything that an attempt writes.
-- $1 id bigint, $2 attempt smallint, $3 attempted_at timestamptz, $4 metadata jsonb text
UPDATE /* TEMPLATE: schema */river_job
SET metadata = metadata || $4::text::jsonb
WHERE id = $1 AND attempt = $2 AND attempted_at = $3 AND state::text = 'running'
RETURNING id;

-- name: job_free_key :exec
-- The attempt's row takes its unique key in no state any more; the key itself can still be read, as everything that an
-- attempt writes fenced. $1 id bigint, $2 attempt smallint, $3 attempted_at timestamptz
UPDATE /* TEMPLATE: schema */river_job
SET unique_states = NULL
WHERE id = $1 AND attempt = $2 AND attempted_at = $3 AND state::text = 'running';

-- name: job_get :one
-- $1 id bigint
SELECT /* TEMPLATE: job_row */
FROM /* TEMPLATE: schema */river_job
WHERE id = $1;

-- name: job_get_many :many
-- $1 id bigint[]
SELECT /* TEMPLATE: job_row */
FROM /* TEMPLATE: schema */river_job
WHERE id = ANY ($1::bigint[])
ORDER BY id;

-- name: job_list :many
-- Newest first, whatever their state. $1 kinds text[] or null, $2 queues text[] or null, $3 tags text[] or null (all of them),
-- $4 before this id bigint or null, $5 limit integer
SELECT /* TEMPLATE: job_row */
FROM /* TEMPLATE: schema */river_job
WHERE ($1::text[] IS NULL OR kind = ANY ($1::text[]))
    AND ($2::text[] IS NULL OR queue = ANY ($2::text[]))
    AND ($3::text[] IS NULL OR tags @> $3::text[]::varchar[])
    AND ($4::bigint IS NULL OR id < $4::bigint)
ORDER BY id DESC
LIMIT $5;

-- name: job_list_by_state :many
-- The same for some states: a branch for each with its name as a literal, since a parameter proves no partial index.
-- Branches that were not asked for are not run. $1 states text[], $2 kinds text[] or null, $3 queues text[] or null,
-- $4 tags text[] or null, $5 before this id bigint or null, $6 limit integer
WITH found AS (
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'available' = ANY ($1::text[]) AND state = 'available'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'cancelled' = ANY ($1::text[]) AND state = 'cancelled'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'completed' = ANY ($1::text[]) AND state = 'completed'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'discarded' = ANY ($1::text[]) AND state = 'discarded'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'pending' = ANY ($1::text[]) AND state = 'pending'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'retryable' = ANY ($1::text[]) AND state = 'retryable'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'running' = ANY ($1::text[]) AND state = 'running'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
    UNION ALL
    (
        SELECT id FROM /* TEMPLATE: schema */river_job
        WHERE 'scheduled' = ANY ($1::text[]) AND state = 'scheduled'
            AND ($2::text[] IS NULL OR kind = ANY ($2::text[]))
            AND ($3::text[] IS NULL OR queue = ANY ($3::text[]))
            AND ($4::text[] IS NULL OR tags @> $4::text[]::varchar[])
            AND ($5::bigint IS NULL OR id < $5::bigint)
        ORDER BY id DESC
        LIMIT $6
    )
)
SELECT /* TEMPLATE: job_row */
FROM /* TEMPLATE: schema */river_job
WHERE id = ANY (ARRAY(SELECT found.id FROM found ORDER BY found.id DESC LIMIT $6))
ORDER BY id DESC;

-- name: job_cancel :one
-- River: `JobCancel`. A running row keeps its state: its worker is told and reports. A final row is not touched and not
-- returned. $1 id bigint, $2 control channel text, $3 the request's time as a JSON string
WITH found AS (
    SELECT id, queue, state
    FROM /* TEMPLATE: schema */river_job
    WHERE id = $1 AND finalized_at IS NULL
    FOR UPDATE
),
told AS (
    SELECT
        id,
        pg_notify($2, json_build_object('action', 'cancel', 'job_id', id, 'queue', queue)::text)
    FROM found
)
UPDATE /* TEMPLATE: schema */river_job AS job
SET
    state = CASE WHEN job.state = 'running' THEN job.state ELSE 'cancelled' END,
    finalized_at = CASE WHEN job.state = 'running' THEN job.finalized_at ELSE now() END,
    metadata = jsonb_set(job.metadata, '{cancel_attempted_at}', $3::text::jsonb, true)
FROM told
WHERE job.id = told.id
RETURNING /* TEMPLATE: job_row */job.;

-- name: job_retry :one
-- River: `JobRetry`. Not while running; what is due already stays as it is. $1 id bigint
WITH found AS (
    SELECT id
    FROM /* TEMPLATE: schema */river_job
    WHERE id = $1
        AND state <> 'running'
        AND NOT (state = 'available' AND scheduled_at < now())
    FOR UPDATE
)
UPDATE /* TEMPLATE: schema */river_job AS job
SET
    state = 'available',
    finalized_at = NULL,
    scheduled_at = now(),
    max_attempts = CASE WHEN job.attempt = job.max_attempts THEN job.max_attempts + 1 ELSE job.max_attempts END,
    metadata = job.metadata - 'cancel_attempted_at'
FROM found
WHERE job.id = found.id
RETURNING /* TEMPLATE: job_row */job.;

-- name: job_delete :one
-- $1 id bigint. Not while running.
DELETE FROM /* TEMPLATE: schema */river_job
WHERE id = $1 AND state <> 'running'
RETURNING /* TEMPLATE: job_row */;

-- name: job_get_locked :one
-- The committed row after a concurrent change, as River re-reads it (0.48). $1 id bigint
SELECT /* TEMPLATE: job_row */
FROM /* TEMPLATE: schema */river_job
WHERE id = $1
FOR UPDATE;

-- name: job_get_cancel_requested :many
-- Which of these attempts somebody asked to cancel: the truth behind the control notification. $1 id bigint[]
SELECT id, attempt, attempted_at
FROM /* TEMPLATE: schema */river_job
WHERE id = ANY ($1::bigint[]) AND state = 'running' AND metadata ? 'cancel_attempted_at';

-- name: job_hand_back_unseen :exec
-- Jobs that a fetch of this client claimed without its answer arriving: as interrupted ones, the attempt does not count.
-- One that somebody asked to cancel is cancelled: no worker is there to be told. One whose unique key another has by now
-- is discarded, as everywhere else: its client would fetch nothing any more.
-- $1 client id text, $2 ids of jobs that the client knows bigint[]
WITH unseen AS (
    SELECT
        job.id, job.unique_key, wish.is_cancelled,
        coalesce(
            job.unique_key IS NOT NULL
            AND NOT /* TEMPLATE: schema */river_job_state_in_bitmask(job.unique_states, 'running')
            AND /* TEMPLATE: schema */river_job_state_in_bitmask(
                job.unique_states,
                CASE WHEN wish.is_cancelled THEN 'cancelled' ELSE 'available' END::/* TEMPLATE: schema */river_job_state
            ),
            false
        ) AS wants_key
    FROM /* TEMPLATE: schema */river_job AS job
    CROSS JOIN LATERAL (SELECT job.metadata ? 'cancel_attempted_at' AS is_cancelled) AS wish
    WHERE job.state = 'running'
        AND job.attempted_by[cardinality(job.attempted_by)] = $1
        AND job.id <> ALL ($2::bigint[])
    ORDER BY job.id
    FOR UPDATE OF job
),
judged AS (
    SELECT
        unseen.id, unseen.is_cancelled,
        unseen.wants_key AND (
            row_number() OVER (PARTITION BY unseen.unique_key, unseen.wants_key ORDER BY unseen.id) > 1
            OR EXISTS (
                SELECT FROM /* TEMPLATE: schema */river_job AS other
                WHERE other.unique_key = unseen.unique_key
                    AND other.unique_key IS NOT NULL
                    AND other.unique_states IS NOT NULL
                    AND /* TEMPLATE: schema */river_job_state_in_bitmask(other.unique_states, other.state)
                    AND other.id <> unseen.id
            )
        ) AS is_taken
    FROM unseen
)
UPDATE /* TEMPLATE: schema */river_job AS job
SET
    state = CASE
        WHEN judged.is_cancelled THEN 'cancelled'
        WHEN judged.is_taken THEN 'discarded'
        ELSE 'available'
    END::/* TEMPLATE: schema */river_job_state,
    attempt = CASE WHEN judged.is_cancelled THEN job.attempt ELSE greatest(job.attempt - 1, 0) END,
    finalized_at = CASE WHEN judged.is_cancelled OR judged.is_taken THEN now() END,
    scheduled_at = CASE WHEN judged.is_cancelled OR judged.is_taken THEN job.scheduled_at ELSE now() END,
    metadata = CASE
        WHEN judged.is_taken AND NOT judged.is_cancelled
            THEN job.metadata || '{"unique_key_conflict": "rescuer_discarded"}'
        ELSE job.metadata
    END,
    unique_states = CASE WHEN NOT judged.is_taken THEN job.unique_states END
FROM judged
WHERE job.id = judged.id;

-- name: notify_many :exec
-- $1 channel text, $2 payloads text[]
SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload;
