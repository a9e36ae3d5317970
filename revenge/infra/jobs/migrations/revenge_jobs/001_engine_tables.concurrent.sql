-- What is due, in the scheduler's own order: without it a pass over a few due rows reads every row that waits.
-- A job that is neither scheduled nor retried never enters it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS revenge_job_due_idx
    ON /* TEMPLATE: schema */river_job (priority, scheduled_at, id)
    WHERE state IN ('retryable', 'scheduled');

-- Newest first within a state that few rows have, beside millions of completed ones. Available, running and completed
-- are left out: they are the ordinary life of a job, which so pays nothing for this index.
CREATE INDEX CONCURRENTLY IF NOT EXISTS revenge_job_state_idx
    ON /* TEMPLATE: schema */river_job (state, id)
    WHERE state IN ('cancelled', 'discarded', 'pending', 'retryable', 'scheduled');
