-- What is due, in the scheduler's own order, for ours and for Go's: without it Go's statement reads the whole table when
-- a few of many waiting rows are due. A job that is neither scheduled nor retried never enters it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS revenge_job_due_idx
    ON /* TEMPLATE: schema */river_job (priority, scheduled_at, id)
    WHERE state IN ('retryable', 'scheduled');

-- Newest first within a state that few rows have, beside millions of completed ones. Available, running and completed
-- are left out: they are the ordinary life of a job, which so pays nothing for this index.
-- PostgreSQL proves the predicate from constants only: a statement must say state = 'discarded', not state = ANY ($1).
CREATE INDEX CONCURRENTLY IF NOT EXISTS revenge_job_state_idx
    ON /* TEMPLATE: schema */river_job (state, id)
    WHERE state IN ('cancelled', 'discarded', 'pending', 'retryable', 'scheduled');

-- What was worked and waits again, by the time of its last attempt: for those who watch, and were away when that happened.
-- A job that succeeds at its first attempt never enters it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS revenge_job_put_back_idx
    ON /* TEMPLATE: schema */river_job (attempted_at, id)
    WHERE attempted_at IS NOT NULL AND state IN ('available', 'retryable', 'scheduled');
