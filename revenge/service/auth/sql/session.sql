-- Logins that hold, and those that failed.

-- name: session_insert :exec
-- $1 uuid id, $2 uuid account_id, $3 bytea token_hash, $4 text device_name, $5 inet ip_address, $6 text user_agent,
-- $7 interval the token's lifetime, $8 interval the session's
INSERT INTO /* TEMPLATE: schema */session (
    id, account_id, token_hash, device_name, ip_address, user_agent, token_expires_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval, now() + $8::interval);

-- name: session_renew :one
-- $1 uuid id, $2 bytea token_hash, $3 interval the token's lifetime, $4 interval the session's
UPDATE /* TEMPLATE: schema */session
SET token_hash = $2, token_expires_at = now() + $3::interval, expires_at = now() + $4::interval, last_activity_at = now()
WHERE id = $1 AND revoked_at IS NULL
RETURNING token_expires_at, expires_at;

-- name: session_times :one
-- $1 uuid id
SELECT token_expires_at, expires_at FROM /* TEMPLATE: schema */session WHERE id = $1;

-- name: session_identify :one
-- $1 bytea token_hash, $2 interval of rest after which a session counts as left, null for never
SELECT
    session.id AS session_id, account.id AS account_id, account.username, account.is_admin,
    session.last_activity_at < now() - interval '1 minute' AS is_stale
FROM /* TEMPLATE: schema */session AS session
JOIN /* TEMPLATE: schema */account AS account ON account.id = session.account_id AND account.is_active
WHERE session.token_hash = $1
    AND session.revoked_at IS NULL
    AND session.token_expires_at > now()
    AND ($2::interval IS NULL OR session.last_activity_at > now() - $2::interval);

-- name: session_touch :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */session SET last_activity_at = now()
WHERE id = $1 AND last_activity_at < now() - interval '1 minute';

-- name: session_list :many
-- Those that hold, newest first. $1 uuid account_id, $2 uuid id before which the page begins, null for the newest,
-- $3 integer rows at most
SELECT id, account_id, device_name, host(ip_address) AS ip_address, user_agent, created_at, last_activity_at, expires_at
FROM /* TEMPLATE: schema */session
WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > now() AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3;

-- name: session_revoke :many
-- Their refresh tokens with them. $1 uuid account_id, $2 uuid id, null for all, $3 uuid id of one that stays, null for none,
-- $4 text reason
WITH revoked AS (
    UPDATE /* TEMPLATE: schema */session SET revoked_at = now(), revoke_reason = $4
    WHERE account_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id = $2) AND id IS DISTINCT FROM $3
    RETURNING id
),
tokens AS (
    UPDATE /* TEMPLATE: schema */account_token AS token SET revoked_at = now()
    FROM revoked
    WHERE token.session_id = revoked.id AND token.revoked_at IS NULL AND token.used_at IS NULL
)
SELECT id FROM revoked;

-- name: session_excess :many
-- Sessions beyond the latest ones that hold. $1 uuid account_id, $2 integer how many may hold
SELECT id FROM /* TEMPLATE: schema */session
WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > now()
ORDER BY id DESC
OFFSET $2;

-- name: session_count_active :one
SELECT count(*) FROM /* TEMPLATE: schema */session WHERE revoked_at IS NULL AND expires_at > now();

-- name: session_revoke_idle :many
-- $1 interval of rest after which a session counts as left, $2 integer rows at most
WITH idle AS (
    SELECT id FROM /* TEMPLATE: schema */session
    WHERE revoked_at IS NULL AND last_activity_at <= now() - $1::interval
    ORDER BY last_activity_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
),
tokens AS (
    UPDATE /* TEMPLATE: schema */account_token AS token SET revoked_at = now()
    FROM idle
    WHERE token.session_id = idle.id AND token.revoked_at IS NULL AND token.used_at IS NULL
)
UPDATE /* TEMPLATE: schema */session AS session SET revoked_at = now(), revoke_reason = 'idle'
FROM idle
WHERE session.id = idle.id
RETURNING session.id;

-- name: session_delete_expired :many
-- $1 interval since their end, $2 integer rows at most
DELETE FROM /* TEMPLATE: schema */session
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */session
    WHERE expires_at < now() - $1::interval
    ORDER BY expires_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: session_delete_revoked :many
-- $1 interval since they were revoked, $2 integer rows at most
DELETE FROM /* TEMPLATE: schema */session
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */session
    WHERE revoked_at < now() - $1::interval
    ORDER BY revoked_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: failed_login_lock :exec
-- One at a time counts the failures of a name: many at once would all see that there is one try left. $1 text username
SELECT pg_advisory_xact_lock(hashtextextended('revenge.login.' || lower($1), 0));

-- name: failed_login_count :one
-- Failures of a name and of an address, and how long ago the oldest was that still counts.
-- $1 text username, $2 inet ip_address, $3 interval the window
SELECT
    (
        SELECT count(*) FROM /* TEMPLATE: schema */failed_login AS named
        WHERE lower(named.username) = lower($1) AND named.attempted_at > now() - $3::interval
    ) AS of_name,
    (
        SELECT count(*) FROM /* TEMPLATE: schema */failed_login AS placed
        WHERE placed.ip_address = $2 AND placed.attempted_at > now() - $3::interval
    ) AS of_address,
    (
        SELECT extract(epoch FROM now() - min(attempted_at))::double precision
        FROM /* TEMPLATE: schema */failed_login AS failed
        WHERE (lower(failed.username) = lower($1) OR failed.ip_address = $2) AND failed.attempted_at > now() - $3::interval
    ) AS oldest_s;

-- name: failed_login_insert :exec
-- $1 uuid id, $2 text username, $3 inet ip_address
INSERT INTO /* TEMPLATE: schema */failed_login (id, username, ip_address, attempted_at) VALUES ($1, $2, $3, now());

-- name: failed_login_forgive :exec
-- A right password after some wrong ones. $1 text username, $2 inet ip_address
DELETE FROM /* TEMPLATE: schema */failed_login
WHERE lower(username) = lower($1) AND ip_address IS NOT DISTINCT FROM $2;

-- name: failed_login_delete_old :many
-- $1 interval since the try, $2 integer rows at most
DELETE FROM /* TEMPLATE: schema */failed_login
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */failed_login
    WHERE attempted_at < now() - $1::interval
    ORDER BY attempted_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: failed_login_count_old :one
-- $1 interval since the try
SELECT count(*) FROM /* TEMPLATE: schema */failed_login WHERE attempted_at < now() - $1::interval;
