-- Statements on river_job that keep the table in order. Locked rows are passed over: the next pass finds them.

-- name: job_schedule :many
-- River: `JobSchedule`. Promotes what is due, one lane a priority, so that the index leads to the due rows alone. Of the
-- rows with one unique key the one that holds it already is promoted, else the first; the others are discarded.
-- Queues whose jobs are due now are notified. The rows that come back say what was moved and in how long it is due.
-- $1 look-ahead interval, $2 most rows of a lane integer, $3 insert channel text, $4 due at once within interval,
-- $5 grain of due times interval, $6 ids bigint[] or null for all
WITH due AS (
    SELECT job.id, job.queue, job.priority, job.scheduled_at, job.unique_key, job.unique_states
    FROM unnest(ARRAY[1, 2, 3, 4]::smallint[]) AS lane (priority)
    CROSS JOIN LATERAL (
        SELECT id, queue, priority, scheduled_at, unique_key, unique_states
        FROM /* TEMPLATE: schema */river_job AS waiting
        WHERE waiting.state IN ('retryable', 'scheduled')
            AND waiting.priority = lane.priority
            AND waiting.scheduled_at <= now() + $1::interval
            AND ($6::bigint[] IS NULL OR waiting.id = ANY ($6::bigint[]))
        ORDER BY waiting.scheduled_at, waiting.id
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    ) AS job
),
decided AS (
    SELECT
        due.id,
        CASE
            WHEN due.unique_key IS NULL OR due.unique_states IS NULL THEN true
            WHEN holder.id IS NOT NULL THEN holder.id = due.id
            ELSE row_number() OVER (
                PARTITION BY due.unique_key, due.unique_states IS NULL
                ORDER BY due.priority, due.scheduled_at, due.id
            ) = 1
        END AS is_promoted
    FROM due
    LEFT JOIN LATERAL (
        SELECT other.id
        FROM /* TEMPLATE: schema */river_job AS other
        WHERE other.unique_key = due.unique_key
            AND other.unique_key IS NOT NULL
            AND other.unique_states IS NOT NULL
            AND /* TEMPLATE: schema */river_job_state_in_bitmask(other.unique_states, other.state)
            AND due.unique_states IS NOT NULL
        LIMIT 1
    ) AS holder ON true
),
moved AS (
    UPDATE /* TEMPLATE: schema */river_job AS job
    SET
        state = CASE WHEN decided.is_promoted THEN 'available' ELSE 'discarded' END::/* TEMPLATE: schema */river_job_state,
        finalized_at = CASE WHEN decided.is_promoted THEN NULL ELSE now() END,
        metadata = CASE
            WHEN decided.is_promoted THEN job.metadata
            ELSE job.metadata || '{"unique_key_conflict": "scheduler_discarded"}'
        END,
        -- A key that discarded rows hold too can't be held by this one as well.
        unique_states = CASE
            WHEN decided.is_promoted
                OR NOT /* TEMPLATE: schema */river_job_state_in_bitmask(job.unique_states, 'discarded')
                THEN job.unique_states
        END
    FROM decided
    WHERE job.id = decided.id
    RETURNING
        job.queue,
        decided.is_promoted,
        CASE
            WHEN decided.is_promoted AND job.scheduled_at > now() + $4::interval
                THEN date_bin($5::interval, job.scheduled_at, '2000-01-01T00:00:00Z') + $5::interval
        END AS due_at
),
summed AS (
    SELECT queue, is_promoted, due_at, count(*) AS jobs
    FROM moved
    GROUP BY queue, is_promoted, due_at
),
told AS (
    SELECT pg_notify($3, '{"queue": ' || to_json(queue)::text || '}')
    FROM summed
    WHERE is_promoted AND due_at IS NULL
)
SELECT queue, is_promoted, jobs, due_at - clock_timestamp() AS due_in, (SELECT count(*) FROM told) AS notified
FROM summed;

-- name: job_get_due :many
-- What job_schedule would take, without taking it. $1 look-ahead interval, $2 limit integer
SELECT job.id, job.unique_key IS NOT NULL AND job.unique_states IS NOT NULL AS is_unique
FROM unnest(ARRAY[1, 2, 3, 4]::smallint[]) AS lane (priority)
CROSS JOIN LATERAL (
    SELECT id, unique_key, unique_states
    FROM /* TEMPLATE: schema */river_job AS waiting
    WHERE waiting.state IN ('retryable', 'scheduled')
        AND waiting.priority = lane.priority
        AND waiting.scheduled_at <= now() + $1::interval
    ORDER BY waiting.scheduled_at, waiting.id
    LIMIT $2
) AS job;

-- name: job_get_stuck :many
-- River: `JobGetStuck`, but never a row of a living node of ours: its own process watches its deadline, and other nodes
-- watch the process. A row older than its node's start is a predecessor's of the same id.
-- $1 stuck for at least interval, $2 after id bigint, $3 limit integer
SELECT
    job.id,
    job.kind,
    job.attempt,
    job.max_attempts,
    began.attempted_at,
    now() - began.attempted_at AS running_for,
    coalesce(cardinality(job.errors), 0) AS failures,
    job.metadata ? 'cancel_attempted_at' AS is_cancel_requested,
    0 AS losses,
    0 AS kills,
    false AS is_accused,
    false AS is_outage,
    coalesce(NOT /* TEMPLATE: schema */river_job_state_in_bitmask(job.unique_states, 'running'), false) AS is_rivalled
FROM /* TEMPLATE: schema */river_job AS job
-- Infinite and far times of other programs cannot be subtracted, or not be read: one would keep all from being rescued.
CROSS JOIN LATERAL (SELECT /* TEMPLATE: time */job.attempted_at) AS began
WHERE job.state = 'running'
    AND job.attempted_at < now() - $1::interval
    AND job.id > $2
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */revenge_job_node AS node
        WHERE node.id = job.attempted_by[cardinality(job.attempted_by)]
            AND node.dead_at IS NULL
            AND node.started_at <= job.attempted_at
    )
ORDER BY job.id
LIMIT $3;

-- name: job_get_lost :many
-- The running rows of a dead node. A suspect whose end was not written yet is accused as well as the one that ran after
-- it: the newest is meant. $1 node id text
SELECT
    job.id,
    job.kind,
    job.attempt,
    job.max_attempts,
    began.attempted_at,
    now() - began.attempted_at AS running_for,
    coalesce(cardinality(job.errors), 0) AS failures,
    job.metadata ? 'cancel_attempted_at' AS is_cancel_requested,
    CASE jsonb_typeof(job.metadata -> 'revenge:lost')
        WHEN 'number' THEN least(greatest((job.metadata ->> 'revenge:lost')::numeric, 0), 32767)::integer
        ELSE 0
    END AS losses,
    CASE jsonb_typeof(job.metadata -> 'revenge:killed')
        WHEN 'number' THEN least(greatest((job.metadata ->> 'revenge:killed')::numeric, 0), 32767)::integer
        ELSE 0
    END AS kills,
    coalesce(accusation.at = max(accusation.at) OVER (), false) AS is_accused,
    pg_postmaster_start_time() > job.attempted_at AS is_outage,
    coalesce(NOT /* TEMPLATE: schema */river_job_state_in_bitmask(job.unique_states, 'running'), false) AS is_rivalled
FROM /* TEMPLATE: schema */river_job AS job
CROSS JOIN LATERAL (SELECT /* TEMPLATE: time */job.attempted_at) AS began
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN job.metadata -> 'revenge:accused' -> 0 = to_jsonb(extract(epoch FROM job.attempted_at))
            AND jsonb_typeof(job.metadata -> 'revenge:accused' -> 1) = 'number'
            THEN (job.metadata -> 'revenge:accused' ->> 1)::numeric
        END AS at
) AS accusation
WHERE job.state = 'running' AND job.attempted_by[cardinality(job.attempted_by)] = $1
ORDER BY job.id;

-- name: job_accuse :exec
-- Notes before a suspect is run that it is the only one on its node: this attempt's time, so that the note means no
-- other, and the present one. $1 id bigint, $2 attempt smallint, $3 attempted_at timestamptz
UPDATE /* TEMPLATE: schema */river_job AS job
SET metadata = jsonb_set(
    job.metadata,
    '{revenge:accused}',
    jsonb_build_array(extract(epoch FROM job.attempted_at), extract(epoch FROM clock_timestamp()))
)
WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempted_at = $3;

-- name: job_rescue_many :many
-- Ends attempts whose worker is gone. The fence is the attempt's number and time: a row that was settled, moved or
-- fetched again since it was read stays as it is. A row whose unique key another has by now lets go of it, and is
-- discarded where it would run again, as the scheduler does with it. Returns what moved.
-- $1 id bigint[], $2 attempt smallint[], $3 attempted_at timestamptz[], $4 state text[], $5 new attempt smallint[],
-- $6 delay interval[] (null: scheduled_at stays), $7 error jsonb text[], $8 metadata key that counts these rescues text
WITH lost AS (
    SELECT
        job.id, wish.state, wish.new_attempt, wish.delay, wish.error, job.unique_key,
        -- A row that holds its key while it runs goes on to hold it: only what another program wrote can be in doubt.
        coalesce(
            job.unique_key IS NOT NULL
            AND NOT /* TEMPLATE: schema */river_job_state_in_bitmask(job.unique_states, 'running')
            AND /* TEMPLATE: schema */river_job_state_in_bitmask(
                job.unique_states, wish.state::/* TEMPLATE: schema */river_job_state
            ),
            false
        ) AS wants_key
    FROM unnest(
        $1::bigint[], $2::smallint[], $3::timestamptz[], $4::text[], $5::smallint[], $6::interval[], $7::text[]
    ) AS wish (id, attempt, attempted_at, state, new_attempt, delay, error)
    JOIN /* TEMPLATE: schema */river_job AS job ON job.id = wish.id AND job.attempt = wish.attempt
    -- As job_get_stuck and job_get_lost give it, and once more as asyncpg does: it makes the first and the last of times infinite.
    CROSS JOIN LATERAL (SELECT /* TEMPLATE: time */job.attempted_at) AS began
    CROSS JOIN LATERAL (SELECT /* TEMPLATE: time */wish.attempted_at) AS seen
    WHERE job.state = 'running' AND began.attempted_at = seen.attempted_at
    ORDER BY job.id
    FOR UPDATE OF job SKIP LOCKED
),
rivalled AS (
    SELECT
        lost.*,
        lost.wants_key AND (
            row_number() OVER (PARTITION BY lost.unique_key, lost.wants_key ORDER BY lost.id) > 1
            OR EXISTS (
                SELECT FROM /* TEMPLATE: schema */river_job AS other
                WHERE other.unique_key = lost.unique_key
                    AND other.unique_key IS NOT NULL
                    AND other.unique_states IS NOT NULL
                    AND /* TEMPLATE: schema */river_job_state_in_bitmask(other.unique_states, other.state)
                    AND other.id <> lost.id
            )
        ) AS is_taken
    FROM lost
),
rescued AS (
    SELECT
        *,
        is_taken AND state NOT IN ('cancelled', 'discarded') AS is_given_up,
        CASE WHEN is_taken AND state <> 'cancelled' THEN 'discarded' ELSE state END AS final_state
    FROM rivalled
)
UPDATE /* TEMPLATE: schema */river_job AS job
SET
    state = rescued.final_state::/* TEMPLATE: schema */river_job_state,
    attempt = coalesce(rescued.new_attempt, job.attempt),
    finalized_at = CASE WHEN rescued.final_state IN ('cancelled', 'discarded') THEN now() END,
    scheduled_at = CASE WHEN rescued.is_given_up THEN job.scheduled_at ELSE coalesce(now() + rescued.delay, job.scheduled_at) END,
    errors = CASE
        WHEN rescued.error IS NULL THEN job.errors
        ELSE array_append(job.errors, rescued.error::jsonb)
    END,
    metadata = CASE
        -- It takes no key, and must not keep the others from being rescued.
        WHEN jsonb_typeof(job.metadata) <> 'object' THEN job.metadata
        ELSE jsonb_set(
            job.metadata,
            ARRAY[$8::text],
            CASE jsonb_typeof(job.metadata -> $8::text)
                WHEN 'number' THEN to_jsonb((job.metadata ->> $8::text)::numeric + 1)
                ELSE '1'
            END
        ) || CASE WHEN rescued.is_given_up THEN '{"unique_key_conflict": "rescuer_discarded"}'::jsonb ELSE '{}' END
    END,
    unique_states = CASE WHEN NOT rescued.is_taken THEN job.unique_states END
FROM rescued
WHERE job.id = rescued.id
RETURNING job.id, job.kind, job.queue, job.state::text;

-- name: job_delete_before :exec
-- River: `JobDeleteBefore`, led to its rows by the index on state and finalized_at.
-- $1 states text[], $2 retentions interval[] beside them, $3 most rows of a state integer
DELETE FROM /* TEMPLATE: schema */river_job
-- An array and not IN: the planner can't know how few rows the lanes have, and would read the whole table.
WHERE id = ANY (ARRAY(
    SELECT job.id
    FROM unnest($1::text[], $2::interval[]) AS kept (state, retention)
    CROSS JOIN LATERAL (
        SELECT ended.id
        FROM /* TEMPLATE: schema */river_job AS ended
        WHERE ended.state = kept.state::/* TEMPLATE: schema */river_job_state
            AND ended.finalized_at IS NOT NULL
            AND ended.finalized_at < now() - kept.retention
        ORDER BY ended.finalized_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    ) AS job
));

-- name: job_get_held :many
-- Which of these attempts still run. $1 id bigint[], $2 attempt smallint[], $3 attempted_at timestamptz[]
SELECT job.id
FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[]) AS held (id, attempt, attempted_at)
JOIN /* TEMPLATE: schema */river_job AS job
    ON job.id = held.id AND job.attempt = held.attempt AND job.attempted_at = held.attempted_at
WHERE job.state = 'running';
