-- What search must be told, and what is being built anew.

-- name: change_open :exec
-- Let whoever ends the telling see that a change is under way: it is true only when this transaction commits.
-- $1 integer the collection's number
SELECT pg_advisory_xact_lock_shared(hashtext('revenge.search_change'), $1);

-- name: change_is_open :one
-- Whether a transaction is under way that has a change. $1 integer the collection's number
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid::bigint = hashtext('revenge.search_change')::bigint & 4294967295 AND objid::bigint = $1
);

-- name: change_job :one
-- The job that was last made to tell such changes. $1 text collection
SELECT job_id FROM /* TEMPLATE: schema */search_change
WHERE collection = $1 AND job_id IS NOT NULL
ORDER BY id DESC
LIMIT 1;

-- name: change_put :exec
-- $1 text collection, $2 uuid[] ids of the rows, $3 uuid[] entities, $4 bigint the job that will tell them, or null
INSERT INTO /* TEMPLATE: schema */search_change (collection, id, entity_id, job_id)
SELECT $1, given.id, given.entity_id, $4
FROM unnest($2::uuid[], $3::uuid[]) AS given (id, entity_id);

-- name: change_put_missing :exec
-- Those that do not wait already. $1 text collection, $2 uuid[] ids of the rows, $3 uuid[] entities
INSERT INTO /* TEMPLATE: schema */search_change (collection, id, entity_id)
SELECT $1, given.id, given.entity_id
FROM unnest($2::uuid[], $3::uuid[]) AS given (id, entity_id)
WHERE NOT EXISTS (
    SELECT FROM /* TEMPLATE: schema */search_change AS known
    WHERE known.collection = $1 AND known.entity_id = given.entity_id AND known.attempts = 0
);

-- name: change_take :many
-- The oldest that were not refused too often. $1 text collection, $2 uuid[] rows to leave out, $3 integer refusals allowed,
-- $4 integer rows
SELECT id, entity_id FROM /* TEMPLATE: schema */search_change
WHERE collection = $1 AND id <> ALL ($2::uuid[]) AND attempts < $3
ORDER BY id
LIMIT $4;

-- name: change_told :exec
-- $1 uuid[] rows
DELETE FROM /* TEMPLATE: schema */search_change WHERE id = ANY ($1::uuid[]);

-- name: change_refused :exec
-- $1 uuid[] rows, $2 text[] reasons
UPDATE /* TEMPLATE: schema */search_change AS change
SET attempts = change.attempts + 1, error = given.reason
FROM unnest($1::uuid[], $2::text[]) AS given (id, reason)
WHERE change.id = given.id;

-- name: change_count :one
-- $1 text collection
SELECT count(*) FROM /* TEMPLATE: schema */search_change WHERE collection = $1 AND attempts = 0;

-- name: change_refusals :many
-- $1 text collection
SELECT DISTINCT ON (entity_id) entity_id, error FROM /* TEMPLATE: schema */search_change
WHERE collection = $1 AND attempts > 0
ORDER BY entity_id, id DESC;

-- name: build_list :many
-- $1 text[] collections
SELECT collection, id, engine, fingerprint, job_id, cursor, indexed, refused, ended_at
FROM /* TEMPLATE: schema */search_build
WHERE collection = ANY ($1::text[]);

-- name: build_begin :exec
-- $1 text collection, $2 uuid id, $3 text engine, $4 text fingerprint, $5 bigint job
INSERT INTO /* TEMPLATE: schema */search_build (collection, id, engine, fingerprint, job_id)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (collection) DO UPDATE
SET id = EXCLUDED.id, engine = EXCLUDED.engine, fingerprint = EXCLUDED.fingerprint, job_id = EXCLUDED.job_id,
    cursor = NULL, indexed = 0, refused = 0, started_at = now(), ended_at = NULL;

-- name: build_adopt :exec
-- Another job goes on with it. $1 uuid id, $2 bigint job
UPDATE /* TEMPLATE: schema */search_build SET job_id = $2 WHERE id = $1;

-- name: build_advance :exec
-- $1 uuid id, $2 uuid the last that is in it, $3 integer how many more, $4 integer how many more were refused
UPDATE /* TEMPLATE: schema */search_build
SET cursor = $2, indexed = indexed + $3, refused = refused + $4
WHERE id = $1;

-- name: build_end :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */search_build SET ended_at = now() WHERE id = $1;

-- name: build_forget :exec
-- $1 text[] collections
DELETE FROM /* TEMPLATE: schema */search_build WHERE collection = ANY ($1::text[]);
