-- What all nodes share when they call others: how fast they may, whether it is worth trying, and what they were told.
CREATE UNLOGGED TABLE /* TEMPLATE: schema */call_rate (
    name text PRIMARY KEY,
    tokens double precision NOT NULL,
    refilled_at timestamptz NOT NULL,
    blocked_until timestamptz
);

CREATE UNLOGGED TABLE /* TEMPLATE: schema */call_circuit (
    name text PRIMARY KEY,
    failures integer NOT NULL DEFAULT 0,
    opened_until timestamptz
);

CREATE TABLE /* TEMPLATE: schema */provider_answer (
    provider text NOT NULL,
    key text NOT NULL,
    answer jsonb,
    fetched_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (provider, key)
);

CREATE INDEX provider_answer_expires ON /* TEMPLATE: schema */provider_answer (expires_at);

COMMENT ON COLUMN /* TEMPLATE: schema */provider_answer.answer IS 'null: it said that there is no such thing';
