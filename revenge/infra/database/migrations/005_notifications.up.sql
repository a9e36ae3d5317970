-- What happened that people want to hear of, and what became of telling each agent.
CREATE TABLE /* TEMPLATE: schema */notification_event (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    category text NOT NULL,
    occurred_at timestamptz NOT NULL,
    account_id uuid,
    target_id uuid,
    data jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX notification_event_time ON /* TEMPLATE: schema */notification_event (occurred_at, id);

CREATE TABLE /* TEMPLATE: schema */notification_delivery (
    event_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */notification_event (id) ON DELETE CASCADE,
    agent text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    error text,
    job_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_attempt_at timestamptz,
    sent_at timestamptz,
    PRIMARY KEY (event_id, agent),
    CONSTRAINT notification_delivery_status CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'filtered')),
    CONSTRAINT notification_delivery_sent CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);

CREATE INDEX notification_delivery_open ON /* TEMPLATE: schema */notification_delivery (agent, event_id)
    WHERE status IN ('pending', 'sending');

COMMENT ON COLUMN /* TEMPLATE: schema */notification_delivery.job_id IS 'of the job that took it last; null: none yet';

-- What agents said last, for all nodes. An agent itself is in the settings, its address never here.
CREATE TABLE /* TEMPLATE: schema */notification_agent (
    name text PRIMARY KEY,
    blocked_until timestamptz,
    last_sent_at timestamptz,
    last_failed_at timestamptz,
    last_error text
);

-- Jobs that failed for good, as far as they were noticed, and when people were told.
CREATE TABLE /* TEMPLATE: schema */discarded_job (
    job_id bigint NOT NULL,
    finalized_at timestamptz NOT NULL,
    kind text NOT NULL,
    error text NOT NULL DEFAULT '',
    told_at timestamptz,
    PRIMARY KEY (job_id, finalized_at)
);

CREATE INDEX discarded_job_time ON /* TEMPLATE: schema */discarded_job (finalized_at);
CREATE INDEX discarded_job_kind ON /* TEMPLATE: schema */discarded_job (kind, told_at);

COMMENT ON COLUMN /* TEMPLATE: schema */discarded_job.finalized_at IS 'a job that a person tries again may fail for good again';
