-- Statements on revenge_job_lease. All times are the database's, so holders need no common clock.

-- name: lease_acquire :one
-- The holder's term, or no row while another holds it. A holder that let it run out gets a new term.
-- $1 name text, $2 holder text, $3 time to live interval
INSERT INTO /* TEMPLATE: schema */revenge_job_lease AS lease (name, holder, expires_at)
VALUES ($1, $2, now() + $3::interval)
ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder,
        expires_at = excluded.expires_at,
        term = CASE
            WHEN lease.holder = excluded.holder AND lease.expires_at >= now() THEN lease.term
            ELSE lease.term + 1
        END
    WHERE lease.holder = excluded.holder OR lease.expires_at < now()
RETURNING term;

-- name: lease_release :exec
-- The row stays, so that terms go on growing. $1 name text, $2 holder text
UPDATE /* TEMPLATE: schema */revenge_job_lease
SET expires_at = '-infinity'
WHERE name = $1 AND holder = $2;
