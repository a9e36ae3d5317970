-- name: answer_get :one
-- $1 text: the provider
-- $2 text: what was asked
SELECT answer
FROM /* TEMPLATE: schema */provider_answer
WHERE provider = $1::text AND key = $2::text AND expires_at > now()

-- name: answer_put :exec
-- $1 text: the provider
-- $2 text: what was asked
-- $3 jsonb: what it said; null where it said that there is no such thing
-- $4 interval: how long it serves
INSERT INTO /* TEMPLATE: schema */provider_answer (provider, key, answer, fetched_at, expires_at)
VALUES ($1::text, $2::text, $3::jsonb, now(), now() + $4::interval)
ON CONFLICT (provider, key) DO UPDATE
SET answer = excluded.answer, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at

-- name: answer_forget_old :many
-- $1 integer: how many at most
DELETE FROM /* TEMPLATE: schema */provider_answer
WHERE (provider, key) IN (
    SELECT a.provider, a.key
    FROM /* TEMPLATE: schema */provider_answer AS a
    WHERE a.expires_at <= now()
    ORDER BY a.expires_at
    LIMIT $1::integer
    FOR UPDATE SKIP LOCKED
)
RETURNING provider
