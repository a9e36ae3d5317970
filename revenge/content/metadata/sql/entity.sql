-- Entities and their ids with providers. Whatever several transactions may write at once is written in one order, so that
-- they wait for one another and never in a circle.

-- name: entity_insert_many :exec
-- $1 uuid[] ids, $2 text[] kinds
INSERT INTO /* TEMPLATE: schema */entity (id, kind)
SELECT given.id, given.kind FROM unnest($1::uuid[], $2::text[]) AS given (id, kind);

-- name: entity_lock :many
-- Their rows may still be pointed at by others. $1 uuid[] ids
SELECT id FROM /* TEMPLATE: schema */entity WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: entity_delete_many :many
-- With everything that hangs on them. $1 uuid[] ids
DELETE FROM /* TEMPLATE: schema */entity WHERE id = ANY ($1::uuid[]) RETURNING id;

-- name: entity_find :many
-- Who has ids. $1 text kind, $2 integer[] number of what is looked for, $3 text[] provider, $4 text[] value
SELECT given.number, given.provider, held.entity_id
FROM unnest($2::integer[], $3::text[], $4::text[]) AS given (number, provider, value)
JOIN /* TEMPLATE: schema */external_id AS held
    ON held.kind = $1 AND held.provider = given.provider AND held.value = given.value;

-- name: external_id_list :many
-- $1 uuid[] entities
SELECT entity_id, provider, value FROM /* TEMPLATE: schema */external_id WHERE entity_id = ANY ($1::uuid[]);

-- name: external_id_drop_changed :exec
-- Ids that are others now, unless the new one is somebody else's: then the old one is better than none.
-- $1 uuid[] entity, $2 text[] provider, $3 text[] value
DELETE FROM /* TEMPLATE: schema */external_id AS held
USING unnest($1::uuid[], $2::text[], $3::text[]) AS given (entity_id, provider, value)
WHERE held.entity_id = given.entity_id AND held.provider = given.provider AND held.value <> given.value
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */external_id AS other
        WHERE other.kind = held.kind AND other.provider = given.provider AND other.value = given.value
    );

-- name: external_id_put :exec
-- What another entity has it keeps. $1 uuid[] entity, $2 text[] kind, $3 text[] provider, $4 text[] value
INSERT INTO /* TEMPLATE: schema */external_id (entity_id, kind, provider, value)
SELECT given.entity_id, given.kind, given.provider, given.value
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS given (entity_id, kind, provider, value)
ORDER BY given.kind, given.provider, given.value
ON CONFLICT DO NOTHING;

-- name: external_id_clashes :many
-- Ids that another has. $1 uuid[] entity, $2 text[] kind, $3 text[] provider, $4 text[] value
SELECT given.entity_id, given.provider, given.value, held.entity_id AS holder_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS given (entity_id, kind, provider, value)
JOIN /* TEMPLATE: schema */external_id AS held
    ON held.kind = given.kind AND held.provider = given.provider AND held.value = given.value
WHERE held.entity_id <> given.entity_id
ORDER BY given.entity_id, given.provider;
