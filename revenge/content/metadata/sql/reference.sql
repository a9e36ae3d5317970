-- People and collections, as others name them.

-- name: person_insert_many :exec
-- $1 uuid[] id, $2 text[] name, $3 text[] local_key, $4 text[] nothing: collections have an overview there
INSERT INTO /* TEMPLATE: schema */person (id, name, local_key)
SELECT given.id, given.name, given.local_key
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS given (id, name, local_key, nothing)
ORDER BY given.local_key
ON CONFLICT (local_key) DO NOTHING;

-- name: collection_insert_many :exec
-- $1 uuid[] id, $2 text[] name, $3 text[] local_key, $4 text[] overview
INSERT INTO /* TEMPLATE: schema */collection (id, name, local_key, overview)
SELECT given.id, given.name, given.local_key, given.overview
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS given (id, name, local_key, overview)
ORDER BY given.local_key
ON CONFLICT (local_key) DO NOTHING;

-- name: person_find_local :many
-- $1 text[] local keys
SELECT local_key, id FROM /* TEMPLATE: schema */person WHERE local_key = ANY ($1::text[]);

-- name: collection_find_local :many
-- $1 text[] local keys
SELECT local_key, id FROM /* TEMPLATE: schema */collection WHERE local_key = ANY ($1::text[]);

-- name: credit_names :many
-- Who is named in credits. $1 uuid[] entities
SELECT DISTINCT credit.entity_id, person.id, person.name
FROM /* TEMPLATE: schema */credit AS credit
JOIN /* TEMPLATE: schema */person AS person ON person.id = credit.person_id
WHERE credit.entity_id = ANY ($1::uuid[]);
