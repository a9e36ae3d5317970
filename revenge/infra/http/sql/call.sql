-- name: call_admit :one
-- Take a turn in one round trip. A bucket may go into debt by what may be waited for: the debt is each one's place in
-- the queue. A breaker whose time is over lets one call through, by moving its time on; whoever comes second finds it moved.
-- $1 text: the service's name
-- $2 double precision: turns a second; null without a rate
-- $3 double precision: turns at once at most; null without a rate
-- $4 interval: longest wait for a turn
-- $5 interval: for how long a breaker stays open
WITH moment AS MATERIALIZED (
    SELECT clock_timestamp() AS now
), circuit AS (
    SELECT c.failures, c.opened_until
    FROM /* TEMPLATE: schema */call_circuit AS c
    WHERE c.name = $1::text
), bucket AS (
    SELECT r.tokens, r.refilled_at, r.blocked_until
    FROM /* TEMPLATE: schema */call_rate AS r
    WHERE r.name = $1::text
), trial AS (
    UPDATE /* TEMPLATE: schema */call_circuit AS c
    SET opened_until = m.now + $5::interval
    FROM moment AS m
    WHERE c.name = $1::text
        AND c.opened_until <= m.now
        AND NOT EXISTS (SELECT FROM bucket AS b WHERE b.blocked_until > m.now)
    RETURNING c.name
), may_try AS (
    SELECT NOT EXISTS (SELECT FROM circuit AS c WHERE c.opened_until IS NOT NULL) OR EXISTS (SELECT FROM trial) AS yes
), taken AS (
    INSERT INTO /* TEMPLATE: schema */call_rate AS r (name, tokens, refilled_at)
    SELECT $1::text, $3::double precision - 1, m.now
    FROM moment AS m, may_try AS t
    WHERE t.yes AND $2::double precision IS NOT NULL
    ON CONFLICT (name) DO UPDATE
    SET tokens = least(
            $3::double precision,
            r.tokens + greatest(0, extract(epoch FROM clock_timestamp() - r.refilled_at)) * $2::double precision
        ) - 1,
        refilled_at = greatest(r.refilled_at, clock_timestamp())
    WHERE (r.blocked_until IS NULL OR r.blocked_until <= clock_timestamp())
        AND 1 - least(
            $3::double precision,
            r.tokens + greatest(0, extract(epoch FROM clock_timestamp() - r.refilled_at)) * $2::double precision
        ) <= extract(epoch FROM $4::interval) * $2::double precision
    RETURNING r.tokens
)
SELECT
    t.yes AS may_try,
    EXISTS (SELECT FROM taken) OR (
        $2::double precision IS NULL AND t.yes AND NOT EXISTS (SELECT FROM bucket AS b WHERE b.blocked_until > m.now)
    ) AS is_taken,
    coalesce((SELECT greatest(0, -k.tokens) / $2::double precision FROM taken AS k), 0) AS wait_s,
    coalesce((SELECT c.failures FROM circuit AS c), 0) AS failures,
    coalesce((SELECT extract(epoch FROM c.opened_until - m.now) FROM circuit AS c), 0)::double precision AS open_s,
    coalesce((SELECT extract(epoch FROM b.blocked_until - m.now) FROM bucket AS b), 0)::double precision AS blocked_s,
    coalesce((
        SELECT (1 - b.tokens) / $2::double precision - greatest(0, extract(epoch FROM m.now - b.refilled_at))
        FROM bucket AS b
    ), 0)::double precision AS full_s
FROM moment AS m, may_try AS t

-- name: call_block :exec
-- $1 text: the service's name
-- $2 interval: for how long nobody is to call it
INSERT INTO /* TEMPLATE: schema */call_rate AS r (name, tokens, refilled_at, blocked_until)
VALUES ($1::text, 0, clock_timestamp(), clock_timestamp() + $2::interval)
ON CONFLICT (name) DO UPDATE
SET blocked_until = greatest(r.blocked_until, excluded.blocked_until)

-- name: call_failed :exec
-- $1 text: the service's name
-- $2 integer: failures in a row that open its breaker
-- $3 interval: for how long
INSERT INTO /* TEMPLATE: schema */call_circuit AS c (name, failures, opened_until)
VALUES ($1::text, 1, CASE WHEN $2::integer <= 1 THEN clock_timestamp() + $3::interval END)
ON CONFLICT (name) DO UPDATE
SET failures = c.failures + 1,
    opened_until = CASE
        WHEN c.failures + 1 >= $2::integer THEN clock_timestamp() + $3::interval
        ELSE c.opened_until
    END

-- name: call_mended :exec
-- $1 text: the service's name
UPDATE /* TEMPLATE: schema */call_circuit
SET failures = 0, opened_until = NULL
WHERE name = $1::text AND (failures > 0 OR opened_until IS NOT NULL)
