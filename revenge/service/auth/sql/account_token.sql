-- Tokens of every kind. Only the hash of one is kept.

-- name: token_insert :one
-- $1 uuid id, $2 uuid account_id, $3 uuid session_id, $4 text kind, $5 bytea token_hash, $6 text name, $7 jsonb data,
-- $8 interval lifetime, null for ever
INSERT INTO /* TEMPLATE: schema */account_token (
    id, account_id, session_id, kind, token_hash, name, data, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
RETURNING created_at, expires_at;

-- name: token_consume :one
-- Of two that come at once one gets it. $1 text kind, $2 bytea token_hash
UPDATE /* TEMPLATE: schema */account_token SET used_at = now(), last_used_at = now()
WHERE kind = $1 AND token_hash = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
RETURNING id, account_id, session_id, data;

-- name: token_used :one
-- Whose token was used before. $1 text kind, $2 bytea token_hash
SELECT id, account_id, session_id FROM /* TEMPLATE: schema */account_token
WHERE kind = $1 AND token_hash = $2 AND used_at IS NOT NULL;

-- name: token_revoke_all :many
-- $1 text kind, $2 uuid account_id
UPDATE /* TEMPLATE: schema */account_token SET revoked_at = now()
WHERE kind = $1 AND account_id = $2 AND revoked_at IS NULL AND used_at IS NULL
RETURNING id;

-- name: refresh_owner :one
-- $1 uuid session_id, $2 interval of rest after which a session counts as left, null for never
SELECT session.account_id, session.revoked_at IS NULL
    AND session.expires_at > now()
    AND account.is_active
    AND ($2::interval IS NULL OR session.last_activity_at > now() - $2::interval) AS holds
FROM /* TEMPLATE: schema */session AS session
JOIN /* TEMPLATE: schema */account AS account ON account.id = session.account_id
WHERE session.id = $1
FOR UPDATE OF session;

-- name: api_key_identify :one
-- $1 bytea token_hash
SELECT
    token.id, account.id AS account_id, account.username, account.is_admin,
    coalesce(token.last_used_at < now() - interval '1 minute', true) AS is_stale
FROM /* TEMPLATE: schema */account_token AS token
JOIN /* TEMPLATE: schema */account AS account ON account.id = token.account_id AND account.is_active
WHERE token.kind = 'api_key' AND token.token_hash = $1 AND token.revoked_at IS NULL
    AND (token.expires_at IS NULL OR token.expires_at > now());

-- name: api_key_touch :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */account_token SET last_used_at = now()
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');

-- name: api_key_list :many
-- Those that hold, oldest first. $1 uuid account_id, $2 uuid id after which the page begins, null for the first,
-- $3 integer rows at most
SELECT id, account_id, name, created_at, expires_at, last_used_at
FROM /* TEMPLATE: schema */account_token
WHERE account_id = $1 AND kind = 'api_key' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    AND ($2::uuid IS NULL OR id > $2)
ORDER BY id
LIMIT $3;

-- name: api_key_count :one
-- $1 uuid account_id
SELECT count(*) FROM /* TEMPLATE: schema */account_token
WHERE account_id = $1 AND kind = 'api_key' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

-- name: api_key_revoke :one
-- $1 uuid account_id, $2 uuid id
UPDATE /* TEMPLATE: schema */account_token SET revoked_at = now()
WHERE account_id = $1 AND id = $2 AND kind = 'api_key' AND revoked_at IS NULL
RETURNING name;

-- name: token_delete_ended :many
-- $1 text kind, $2 interval since their end, $3 boolean whether those that have run out, $4 boolean whether those that were
-- used, $5 boolean whether those that were revoked, $6 integer rows at most
DELETE FROM /* TEMPLATE: schema */account_token
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */account_token
    WHERE kind = $1
        AND (
            ($3 AND expires_at < now() - $2::interval)
            OR ($4 AND used_at < now() - $2::interval)
            OR ($5 AND revoked_at < now() - $2::interval)
        )
    ORDER BY id
    LIMIT $6
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: token_count_ended :one
-- What token_delete_ended would delete. $1 text kind, $2 interval since their end, $3 boolean whether those that have run out,
-- $4 boolean whether those that were used, $5 boolean whether those that were revoked
SELECT count(*) FROM /* TEMPLATE: schema */account_token
WHERE kind = $1
    AND (
        ($3 AND expires_at < now() - $2::interval)
        OR ($4 AND used_at < now() - $2::interval)
        OR ($5 AND revoked_at < now() - $2::interval)
    );
