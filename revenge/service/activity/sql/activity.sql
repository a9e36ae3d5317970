-- Who did what.

-- name: activity_insert :many
-- An entry that is there already stays as it is.
-- $1 uuid[] ids, $2 timestamptz[] occurred_at, $3 uuid[] account_id, $4 text[] username, $5 text[] action,
-- $6 boolean[] is_security, $7 text[] resource_type, $8 text[] resource_id, $9 text[] changes as JSON,
-- $10 text[] metadata as JSON, $11 text[] ip_address, $12 text[] user_agent, $13 boolean[] success, $14 text[] error_message
INSERT INTO /* TEMPLATE: schema */activity (
    id, occurred_at, account_id, username, action, is_security, resource_type, resource_id, changes, metadata,
    ip_address, user_agent, success, error_message
)
SELECT
    given.id, given.occurred_at, given.account_id, given.username, given.action, given.is_security,
    given.resource_type, given.resource_id, given.changes::jsonb, given.metadata::jsonb, given.ip_address::inet,
    given.user_agent, given.success, given.error_message
FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::text[]
) AS given (
    id, occurred_at, account_id, username, action, is_security, resource_type, resource_id, changes, metadata,
    ip_address, user_agent, success, error_message
)
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: activity_list :many
-- Newest first. $1 timestamptz and $2 uuid: the entry before which the page begins, null for the first, $3 uuid account_id or null,
-- $4 text action or null, $5 text resource_type or null, $6 text resource_id or null, $7 boolean success or null,
-- $8 timestamptz from or null, $9 timestamptz before which or null, $10 boolean is_security or null, $11 integer rows at most
SELECT
    id, occurred_at, recorded_at, account_id, username, action, is_security, resource_type, resource_id, changes, metadata,
    host(ip_address) AS ip_address, user_agent, success, error_message
FROM /* TEMPLATE: schema */activity
WHERE ($1::timestamptz IS NULL OR (occurred_at, id) < ($1, $2::uuid))
    AND ($3::uuid IS NULL OR account_id = $3)
    AND ($4::text IS NULL OR action = $4)
    AND ($5::text IS NULL OR resource_type = $5)
    AND ($6::text IS NULL OR resource_id = $6)
    AND ($7::boolean IS NULL OR success = $7)
    AND ($8::timestamptz IS NULL OR occurred_at >= $8)
    AND ($9::timestamptz IS NULL OR occurred_at < $9)
    AND ($10::boolean IS NULL OR is_security = $10)
ORDER BY occurred_at DESC, id DESC
LIMIT $11;

-- name: activity_stats :one
SELECT
    count(*) AS total_count,
    count(*) FILTER (WHERE success) AS success_count,
    count(*) FILTER (WHERE NOT success) AS failed_count,
    min(occurred_at) AS oldest_entry,
    max(occurred_at) AS newest_entry
FROM /* TEMPLATE: schema */activity;

-- name: activity_actions :many
-- The most frequent first. $1 timestamptz since when, $2 integer actions at most
SELECT action, count(*) AS count
FROM /* TEMPLATE: schema */activity
WHERE occurred_at >= $1
GROUP BY action
ORDER BY count(*) DESC, action
LIMIT $2;

-- name: activity_expire :one
-- Removes a batch of entries whose time is over; returns how many of each sort.
-- $1 timestamptz before which entries are removed, $2 timestamptz the same for those about security, $3 integer entries at most
WITH old AS (
    SELECT id FROM /* TEMPLATE: schema */activity
    WHERE occurred_at < $1 AND (NOT is_security OR occurred_at < $2)
    ORDER BY occurred_at, id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM /* TEMPLATE: schema */activity AS activity USING old WHERE activity.id = old.id
    RETURNING activity.is_security
)
SELECT count(*) AS total, count(*) FILTER (WHERE is_security) AS security FROM gone;

-- name: activity_expired :one
-- What the statement above would remove in all.
-- $1 timestamptz before which entries are removed, $2 timestamptz the same for those about security
SELECT count(*) AS total, count(*) FILTER (WHERE is_security) AS security
FROM /* TEMPLATE: schema */activity
WHERE occurred_at < $1 AND (NOT is_security OR occurred_at < $2);
