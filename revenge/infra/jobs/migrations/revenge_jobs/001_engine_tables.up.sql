-- One row a running client. All of these tables are logged: a node row that a crash of the server took away would
-- turn a dead node into an unknown one, and its jobs would wait for River's hour.
CREATE TABLE /* TEMPLATE: schema */revenge_job_node (
    id text PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT now(),
    beaten_at timestamptz NOT NULL DEFAULT now(),
    dead_at timestamptz,
    lock_key bigint,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    queues jsonb NOT NULL DEFAULT '{}',
    stats jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT revenge_job_node_id_length CHECK (char_length(id) > 0 AND char_length(id) < 128)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

COMMENT ON COLUMN /* TEMPLATE: schema */revenge_job_node.lock_key IS 'session advisory lock held on its direct connection; null without one';
COMMENT ON COLUMN /* TEMPLATE: schema */revenge_job_node.queues IS 'queue name -> number of workers';

CREATE TABLE /* TEMPLATE: schema */revenge_job_lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL,
    term bigint NOT NULL DEFAULT 1,
    CONSTRAINT revenge_job_lease_name_length CHECK (char_length(name) > 0 AND char_length(name) < 128),
    CONSTRAINT revenge_job_lease_term_positive CHECK (term > 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

COMMENT ON COLUMN /* TEMPLATE: schema */revenge_job_lease.term IS 'grows at every take-over, never at a renewal';

-- The last report of each job, written once a second for all jobs of a node. No foreign key: River's cleaner deletes
-- jobs without knowing this table, and must not pay for it. Only the key is indexed and half of each page stays free,
-- so that the next report of a row is a heap-only update.
CREATE TABLE /* TEMPLATE: schema */revenge_job_progress (
    job_id bigint PRIMARY KEY,
    attempt smallint NOT NULL,
    data jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- Periodic jobs that outlive the process which declared them. kind is null for one that a function in code builds.
CREATE TABLE /* TEMPLATE: schema */revenge_job_schedule (
    id text PRIMARY KEY,
    kind text,
    definition jsonb NOT NULL DEFAULT '{}',
    missed_policy text NOT NULL DEFAULT 'skip',
    paused_at timestamptz,
    last_run_at timestamptz,
    next_run_at timestamptz,
    last_job_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT revenge_job_schedule_id_length CHECK (char_length(id) > 0 AND char_length(id) < 128),
    CONSTRAINT revenge_job_schedule_kind_length CHECK (char_length(kind) > 0 AND char_length(kind) < 128),
    CONSTRAINT revenge_job_schedule_missed_policy CHECK (missed_policy IN ('skip', 'once', 'all'))
) WITH (fillfactor = 70);
