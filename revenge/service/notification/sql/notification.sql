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

-- name: event_get :one
-- $1 uuid id
SELECT id, type, category, occurred_at, account_id, target_id, data, metadata
FROM /* TEMPLATE: schema */notification_event WHERE id = $1;

-- name: event_list :many
-- Newest first. $1 timestamptz and $2 uuid: the event before which the page begins, null for the first,
-- $3 text type or null, $4 text category or null, $5 text agent or null, $6 text status of a delivery or null, $7 integer rows at most
SELECT id, type, category, occurred_at, account_id, target_id, data, metadata
FROM /* TEMPLATE: schema */notification_event AS event
WHERE ($1::timestamptz IS NULL OR (occurred_at, id) < ($1, $2::uuid))
    AND ($3::text IS NULL OR type = $3)
    AND ($4::text IS NULL OR category = $4)
    AND (
        ($5::text IS NULL AND $6::text IS NULL)
        OR EXISTS (
            SELECT FROM /* TEMPLATE: schema */notification_delivery AS delivery
            WHERE delivery.event_id = event.id
                AND ($5::text IS NULL OR delivery.agent = $5) AND ($6::text IS NULL OR delivery.status = $6)
        )
    )
ORDER BY occurred_at DESC, id DESC
LIMIT $7;

-- name: delivery_list :many
-- $1 uuid[] event ids
SELECT event_id, agent, status, attempts, error, created_at, last_attempt_at, sent_at
FROM /* TEMPLATE: schema */notification_delivery
WHERE event_id = ANY ($1::uuid[])
ORDER BY event_id, agent;

-- name: delivery_lock :one
-- $1 uuid event_id, $2 text agent
SELECT delivery.status, delivery.job_id, delivery.attempts, event.type, agent.blocked_until
FROM /* TEMPLATE: schema */notification_delivery AS delivery
JOIN /* TEMPLATE: schema */notification_event AS event ON event.id = delivery.event_id
LEFT JOIN /* TEMPLATE: schema */notification_agent AS agent ON agent.name = delivery.agent
WHERE delivery.event_id = $1 AND delivery.agent = $2
FOR UPDATE OF delivery;

-- name: delivery_claim :many
-- This one, those that this job had before, and with $5 others of the type that wait; what another job has is left to it.
-- $1 uuid event_id, $2 text agent, $3 bigint job_id, $4 timestamptz now, $5 text type whose events are told together or null,
-- $6 integer deliveries at most
WITH chosen AS (
    SELECT delivery.event_id
    FROM /* TEMPLATE: schema */notification_delivery AS delivery
    JOIN /* TEMPLATE: schema */notification_event AS event ON event.id = delivery.event_id
    WHERE delivery.agent = $2 AND delivery.status IN ('pending', 'sending')
        AND (
            delivery.event_id = $1
            OR (delivery.status = 'sending' AND delivery.job_id = $3)
            OR (delivery.status = 'pending' AND event.type = $5::text)
        )
    ORDER BY delivery.event_id <> $1, delivery.event_id
    LIMIT $6
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE /* TEMPLATE: schema */notification_delivery AS delivery
SET status = 'sending', job_id = $3, last_attempt_at = $4, attempts = delivery.attempts + 1
FROM chosen, /* TEMPLATE: schema */notification_event AS event
WHERE delivery.event_id = chosen.event_id AND delivery.agent = $2 AND event.id = chosen.event_id
RETURNING
    event.id, event.type, event.category, event.occurred_at, event.account_id, event.target_id, event.data, event.metadata;

-- name: delivery_settle :one
-- Only what this very try took. Returns how many.
-- $1 text agent, $2 bigint job_id, $3 timestamptz when they were taken, $4 text status, $5 text error or null, $6 timestamptz now,
-- $7 timestamptz until when the agent is left alone or null
WITH settled AS (
    UPDATE /* TEMPLATE: schema */notification_delivery
    SET status = $4, error = $5, sent_at = CASE WHEN $4 = 'sent' THEN $6::timestamptz END
    WHERE agent = $1 AND job_id = $2 AND last_attempt_at = $3 AND status = 'sending'
    RETURNING event_id
), told AS (
    INSERT INTO /* TEMPLATE: schema */notification_agent AS agent (
        name, blocked_until, last_sent_at, last_failed_at, last_error
    )
    VALUES (
        $1, $7, CASE WHEN $4 = 'sent' THEN $6::timestamptz END, CASE WHEN $4 <> 'sent' THEN $6::timestamptz END, $5
    )
    ON CONFLICT (name) DO UPDATE
    SET blocked_until = EXCLUDED.blocked_until,
        last_sent_at = coalesce(EXCLUDED.last_sent_at, agent.last_sent_at),
        last_failed_at = coalesce(EXCLUDED.last_failed_at, agent.last_failed_at),
        last_error = EXCLUDED.last_error
)
SELECT count(*) FROM settled;

-- name: delivery_put_back :exec
-- What this very try took waits again, with what was said of it before; no attempt is counted, and nothing is said of the agent.
-- $1 text agent, $2 bigint job_id, $3 timestamptz when they were taken
UPDATE /* TEMPLATE: schema */notification_delivery
SET status = 'pending', attempts = attempts - 1
WHERE agent = $1 AND job_id = $2 AND last_attempt_at = $3 AND status = 'sending';

-- name: delivery_filter :exec
-- $1 uuid event_id, $2 text agent, $3 text reason, $4 bigint job_id
UPDATE /* TEMPLATE: schema */notification_delivery SET status = 'filtered', error = $3, job_id = $4
WHERE event_id = $1 AND agent = $2;

-- name: delivery_reopen :one
-- $1 uuid event_id, $2 text agent, $3 bigint the job that will try it
UPDATE /* TEMPLATE: schema */notification_delivery SET status = 'pending', error = NULL, job_id = $3
WHERE event_id = $1 AND agent = $2 AND status IN ('failed', 'filtered')
RETURNING event_id;

-- name: delivery_fail_ended :many
-- Deliveries whose jobs have ended without settling them: cancelled while they waited, or dead with their process.
-- $1 uuid[] event ids, $2 text[] agents, $3 bigint[] job ids, $4 text[] reasons, all beside each other
WITH ended AS (
    SELECT given.event_id, given.agent, given.job_id, given.reason
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[]) AS given (event_id, agent, job_id, reason)
)
UPDATE /* TEMPLATE: schema */notification_delivery AS delivery
SET status = 'failed', error = ended.reason, job_id = ended.job_id
FROM ended
WHERE delivery.agent = ended.agent AND delivery.status IN ('pending', 'sending')
    AND (delivery.job_id = ended.job_id OR (delivery.event_id = ended.event_id AND delivery.job_id IS NULL))
RETURNING delivery.agent;

-- name: event_forget :many
-- With their deliveries. $1 timestamptz before which events are forgotten, $2 integer events at most
WITH old AS (
    SELECT id FROM /* TEMPLATE: schema */notification_event
    WHERE occurred_at < $1
    ORDER BY occurred_at, id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM /* TEMPLATE: schema */notification_event AS event USING old WHERE event.id = old.id
RETURNING event.id;

-- name: agent_list :many
SELECT name, blocked_until, last_sent_at, last_failed_at, last_error
FROM /* TEMPLATE: schema */notification_agent
ORDER BY name;
