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
