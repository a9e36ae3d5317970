-- Statements on river_leader. All times are the database's, so clients need no common clock.

-- name: leader_attempt_elect :one
-- River: `LeaderDeleteExpired` and `LeaderAttemptElect`. One row: this client leads; none: another does.
-- $1 client id text, $2 lease interval
INSERT INTO /* TEMPLATE: schema */river_leader AS leader (name, leader_id, elected_at, expires_at)
VALUES ('default', $1, now(), now() + $2::interval)
ON CONFLICT (name) DO UPDATE
    SET leader_id = excluded.leader_id, elected_at = excluded.elected_at, expires_at = excluded.expires_at
    WHERE leader.expires_at < now()
RETURNING elected_at;

-- name: leader_attempt_reelect :one
-- River: `LeaderAttemptReelect`. An expired lease is never revived, though nobody has taken it. Whether somebody has asked
-- this very term to end, see leader_request_resign; no row when the term is over.
-- $1 client id text, $2 elected_at timestamptz, $3 lease interval
UPDATE /* TEMPLATE: schema */river_leader AS leader
SET expires_at = now() + $3::interval
WHERE leader_id = $1 AND elected_at = $2 AND expires_at >= now()
RETURNING EXISTS (
    SELECT FROM /* TEMPLATE: schema */revenge_job_lease
    WHERE name = 'resign' AND holder = leader.leader_id || ' ' || extract(EPOCH FROM leader.elected_at)
);

-- name: leader_request_resign :exec
-- Asks the present term to end, for a leader that hears no notification: it sees it when it renews. The row needs no
-- cleaning: every term has its own name. No parameters.
INSERT INTO /* TEMPLATE: schema */revenge_job_lease AS lease (name, holder, expires_at)
SELECT 'resign', leader_id || ' ' || extract(EPOCH FROM elected_at), expires_at
FROM /* TEMPLATE: schema */river_leader
WHERE expires_at >= now()
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at;

-- name: leader_resign :exec
-- River: `LeaderResign`. $1 elected_at timestamptz, $2 client id text, $3 leadership channel text
WITH held AS (
    SELECT name, leader_id
    FROM /* TEMPLATE: schema */river_leader
    WHERE elected_at = $1 AND leader_id = $2
    FOR UPDATE
),
told AS (
    SELECT name, pg_notify($3, json_build_object('leader_id', leader_id, 'action', 'resigned')::text)
    FROM held
)
DELETE FROM /* TEMPLATE: schema */river_leader AS leader
USING told
WHERE leader.name = told.name;

-- name: leader_get :one
-- Who leads. No parameters.
SELECT leader_id, elected_at, expires_at
FROM /* TEMPLATE: schema */river_leader
WHERE expires_at >= now();
