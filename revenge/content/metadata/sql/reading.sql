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
-- The picture of each type that is shown, where it was fetched. $1 uuid[] entities
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

-- name: image_wanted :many
-- Pictures that are shown and were never fetched: the first of each type. $1 uuid[] entities, $2 text[] types
SELECT DISTINCT ON (image.entity_id, image.type) image.entity_id, image.type, image.source, entity.kind
FROM /* TEMPLATE: schema */image AS image
JOIN /* TEMPLATE: schema */entity AS entity ON entity.id = image.entity_id
WHERE image.entity_id = ANY ($1::uuid[]) AND image.type = ANY ($2::text[]) AND image.hash IS NULL
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */image AS fetched
        WHERE fetched.entity_id = image.entity_id AND fetched.type = image.type AND fetched.hash IS NOT NULL
            AND fetched.position <= image.position
    )
ORDER BY image.entity_id, image.type, image.position, image.id;
