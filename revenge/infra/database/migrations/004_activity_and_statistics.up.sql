-- Who did what, when it happened; and what the server holds, then and now.
CREATE TABLE /* TEMPLATE: schema */activity (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    account_id uuid,
    username text,
    action text NOT NULL,
    is_security boolean NOT NULL,
    resource_type text,
    resource_id text,
    changes jsonb,
    metadata jsonb,
    ip_address inet,
    user_agent text,
    success boolean NOT NULL DEFAULT true,
    error_message text,
    CONSTRAINT activity_action CHECK (char_length(action) BETWEEN 1 AND 100)
);

CREATE INDEX activity_time ON /* TEMPLATE: schema */activity (occurred_at, id);
CREATE INDEX activity_account ON /* TEMPLATE: schema */activity (account_id, occurred_at);
CREATE INDEX activity_action ON /* TEMPLATE: schema */activity (action, occurred_at);
CREATE INDEX activity_resource ON /* TEMPLATE: schema */activity (resource_type, resource_id, occurred_at);
CREATE INDEX activity_security ON /* TEMPLATE: schema */activity (occurred_at, id) WHERE is_security;

COMMENT ON COLUMN /* TEMPLATE: schema */activity.account_id IS 'whose account it was, though it may be gone: a log tells what happened';

CREATE TABLE /* TEMPLATE: schema */server_stat (
    key text NOT NULL,
    at timestamptz NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (key, at)
);
