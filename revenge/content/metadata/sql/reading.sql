-- What hangs on entities, for many of them at once.

-- name: children_translations :many
-- $1 uuid[] entities
SELECT entity_id, language, title, overview, tagline
FROM /* TEMPLATE: schema */translation WHERE entity_id = ANY ($1::uuid[]) ORDER BY entity_id, language;

-- name: children_genres :many
-- $1 uuid[] entities
SELECT own.entity_id, genre.slug, genre.name
FROM /* TEMPLATE: schema */entity_genre AS own
JOIN /* TEMPLATE: schema */genre AS genre ON genre.slug = own.genre
WHERE own.entity_id = ANY ($1::uuid[])
ORDER BY own.entity_id, own.position, genre.slug;

-- name: children_ratings :many
-- $1 uuid[] entities
SELECT entity_id, source, value, votes
FROM /* TEMPLATE: schema */rating WHERE entity_id = ANY ($1::uuid[]) ORDER BY entity_id, source;

-- name: children_certifications :many
-- $1 uuid[] entities
SELECT entity_id, country, value
FROM /* TEMPLATE: schema */certification WHERE entity_id = ANY ($1::uuid[]) ORDER BY entity_id, country;

-- name: children_images :many
-- $1 uuid[] entities
SELECT id, entity_id, type, provider, language, position, hash, fetched_at
FROM /* TEMPLATE: schema */image WHERE entity_id = ANY ($1::uuid[]) ORDER BY entity_id, type, position, id;

-- name: children_shown_images :many
-- The picture of each type that is shown; one that was fetched before others. $1 uuid[] entities
SELECT DISTINCT ON (entity_id, type) id, entity_id, type, provider, language, position, hash, fetched_at
FROM /* TEMPLATE: schema */image
WHERE entity_id = ANY ($1::uuid[])
ORDER BY entity_id, type, hash IS NULL, position, id;

-- name: children_credits :many
-- $1 uuid[] entities
SELECT credit.entity_id, credit.person_id, person.name, credit.type, credit.character, credit.job, credit.department
FROM /* TEMPLATE: schema */credit AS credit
JOIN /* TEMPLATE: schema */person AS person ON person.id = credit.person_id
WHERE credit.entity_id = ANY ($1::uuid[])
ORDER BY credit.entity_id, credit.position, credit.id;
