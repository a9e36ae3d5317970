-- Statements on revenge_job_node. All times are the database's, so nodes need no common clock.

-- name: node_register :one
-- $1 id text, $2 host text, $3 pid integer, $4 version text, $5 queues jsonb as text, $6 stats jsonb as text,
-- $7 started_at timestamptz of a process that registers again, else null
INSERT INTO /* TEMPLATE: schema */revenge_job_node AS node (id, host, pid, version, queues, stats, started_at)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb, coalesce($7::timestamptz, now()))
ON CONFLICT (id) DO UPDATE
    SET started_at = excluded.started_at, beaten_at = now(), dead_at = NULL, lock_key = NULL, host = excluded.host,
        pid = excluded.pid, version = excluded.version, queues = excluded.queues, stats = excluded.stats
RETURNING started_at;

-- name: node_get :one
-- $1 id text
SELECT
    id,
    beaten_at,
    now() - beaten_at AS silence,
    lock_key,
    EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND objsubid = 1
            AND granted
            AND (classid::bigint << 32) | objid::bigint = node.lock_key
    ) AS is_locked
FROM /* TEMPLATE: schema */revenge_job_node AS node
WHERE id = $1 AND dead_at IS NULL;

-- name: node_lock :exec
-- On the connection whose end shall free it. The key is random: nobody else has it. $1 lock key bigint
SELECT pg_advisory_lock($1);

-- name: node_set_lock_key :exec
-- $1 id text, $2 lock key bigint
UPDATE /* TEMPLATE: schema */revenge_job_node
SET lock_key = $2, beaten_at = now()
WHERE id = $1;

-- name: node_beat :many
-- Beats, and looks at all others that are not known to be dead. No row: this node has none. Without others one row
-- with id null. $1 id text, $2 lock key bigint or null, $3 queues jsonb as text, $4 stats jsonb as text
WITH beat AS (
    UPDATE /* TEMPLATE: schema */revenge_job_node
    SET beaten_at = now(), lock_key = $2, queues = $3::text::jsonb, stats = $4::text::jsonb
    WHERE id = $1
    RETURNING dead_at
),
-- Materialised: the server's lock table is copied once and not once for each node.
locks AS MATERIALIZED (
    SELECT (classid::bigint << 32) | objid::bigint AS key
    FROM pg_locks
    WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND objsubid = 1
        AND granted
)
SELECT
    beat.dead_at,
    now() - pg_postmaster_start_time() AS server_uptime,
    other.id,
    other.beaten_at,
    now() - other.beaten_at AS silence,
    other.lock_key,
    coalesce(other.lock_key IN (SELECT key FROM locks), false) AS is_locked
FROM beat
LEFT JOIN /* TEMPLATE: schema */revenge_job_node AS other ON other.id <> $1 AND other.dead_at IS NULL;

-- name: node_revive :exec
-- $1 id text
UPDATE /* TEMPLATE: schema */revenge_job_node
SET dead_at = NULL, beaten_at = now()
WHERE id = $1;

-- name: node_mark_dead :one
-- Only if it is still as it was seen: a beat in between is a sign of life. Its next beat waits for this transaction and
-- then sees the mark. $1 id text, $2 beaten_at timestamptz
UPDATE /* TEMPLATE: schema */revenge_job_node
SET dead_at = now()
WHERE id = $1 AND beaten_at = $2 AND dead_at IS NULL
RETURNING dead_at;

-- name: node_leave :exec
-- $1 id text. The running rows of a whole cluster are few, and River's fetching index has them together.
DELETE FROM /* TEMPLATE: schema */revenge_job_node
WHERE id = $1
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */river_job AS job
        WHERE job.state = 'running' AND job.attempted_by[cardinality(job.attempted_by)] = $1
    );

-- name: node_delete_dead :exec
-- $1 retention interval
DELETE FROM /* TEMPLATE: schema */revenge_job_node
WHERE dead_at < now() - $1::interval AND beaten_at < now() - $1::interval;

-- name: node_list :many
-- All nodes with what they look like, for people. No parameters.
SELECT
    node.id,
    node.started_at,
    node.beaten_at,
    node.dead_at,
    node.host,
    node.pid,
    node.version,
    node.queues,
    node.stats,
    now() - node.beaten_at AS silence,
    node.lock_key,
    EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND objsubid = 1
            AND granted
            AND (classid::bigint << 32) | objid::bigint = node.lock_key
    ) AS is_locked
FROM /* TEMPLATE: schema */revenge_job_node AS node
ORDER BY node.started_at, node.id;
