-- Events, and what became of telling each agent.

-- name: event_insert :exec
-- Events, and a delivery for each agent that is to be told; what is there already stays.
-- $1 uuid[] ids, $2 text[] types, $3 text[] categories, $4 timestamptz[] occurred_at, $5 uuid[] account_id,
-- $6 uuid[] target_id, $7 text[] data as JSON, $8 text[] metadata as JSON,
-- $9 uuid[] event ids of deliveries, $10 text[] their agents, beside them
WITH event AS (
    INSERT INTO /* TEMPLATE: schema */notification_event (
        id, type, category, occurred_at, account_id, target_id, data, metadata
    )
    SELECT
        given.id, given.type, given.category, given.occurred_at, given.account_id, given.target_id,
        given.data::jsonb, given.metadata::jsonb
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::uuid[], $7::text[], $8::text[]
    ) AS given (id, type, category, occurred_at, account_id, target_id, data, metadata)
    ON CONFLICT (id) DO NOTHING
)
INSERT INTO /* TEMPLATE: schema */notification_delivery (event_id, agent)
SELECT given.event_id, given.agent
FROM unnest($9::uuid[], $10::text[]) AS given (event_id, agent)
ON CONFLICT (event_id, agent) DO NOTHING;
