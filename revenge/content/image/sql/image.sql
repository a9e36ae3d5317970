-- name: image_get :one
-- What could not be had is worth another look a day later: by then its host may be configured.
-- $1 uuid: the picture
SELECT
    i.id, i.entity_id, i.type, i.provider, i.source, i.hash, b.mime, b.width, b.height, p.path AS beside,
    CASE WHEN i.fetched_at > now() - interval '1 day' THEN i.error END AS error
FROM /* TEMPLATE: schema */image AS i
LEFT JOIN /* TEMPLATE: schema */image_blob AS b ON b.hash = i.hash
LEFT JOIN /* TEMPLATE: schema */library_picture AS p ON p.id = i.picture_id
WHERE i.id = $1::uuid

-- name: image_find :one
-- $1 uuid: what it shows, $2 text: its type, $3 text: its source
SELECT
    i.id, i.entity_id, i.type, i.provider, i.source, i.hash, b.mime, b.width, b.height, p.path AS beside,
    CASE WHEN i.fetched_at > now() - interval '1 day' THEN i.error END AS error
FROM /* TEMPLATE: schema */image AS i
LEFT JOIN /* TEMPLATE: schema */image_blob AS b ON b.hash = i.hash
LEFT JOIN /* TEMPLATE: schema */library_picture AS p ON p.id = i.picture_id
WHERE i.entity_id = $1::uuid AND i.type = $2::text AND i.source = $3::text
ORDER BY i.position, i.id
LIMIT 1

-- name: image_shown :one
-- The picture of something that is shown: the first that was fetched, else the first. $1 uuid: what it shows, $2 text: its type
SELECT i.id
FROM /* TEMPLATE: schema */image AS i
WHERE i.entity_id = $1::uuid AND i.type = $2::text
ORDER BY i.hash IS NULL, i.position, i.id
LIMIT 1

-- name: image_is_seen :one
-- Whether a library that may be seen has what it shows: a film, a series or part of one, a collection of which it has a film, a
-- person of whose films or series it has one. $1 uuid: what it shows, $2 uuid[]: libraries that may be seen
SELECT EXISTS (
    SELECT
    FROM (
        SELECT $1::uuid AS id
        UNION ALL
        SELECT movie.id FROM /* TEMPLATE: schema */movie AS movie WHERE movie.collection_id = $1::uuid
        UNION ALL
        SELECT season.series_id FROM /* TEMPLATE: schema */season AS season WHERE season.id = $1::uuid
        UNION ALL
        SELECT episode.series_id FROM /* TEMPLATE: schema */episode AS episode WHERE episode.id = $1::uuid
        UNION ALL
        SELECT coalesce(episode.series_id, credit.entity_id)
        FROM /* TEMPLATE: schema */credit AS credit
        LEFT JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = credit.entity_id
        WHERE credit.person_id = $1::uuid
    ) AS whole
    JOIN /* TEMPLATE: schema */library_item AS item ON item.movie_id = whole.id OR item.series_id = whole.id
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
    WHERE library.deleted_at IS NULL AND library.id = ANY ($2::uuid[])
)

-- name: image_add :one
-- Nothing where there is no such entity. $1 uuid: the picture's id, $2 uuid: what it shows, $3 text: its type,
-- $4 text: provider, $5 text: source
INSERT INTO /* TEMPLATE: schema */image AS i (id, entity_id, type, provider, source, position)
SELECT $1::uuid, e.id, $3::text, $4::text, $5::text, (
    SELECT coalesce(max(o.position) + 1, 0)
    FROM /* TEMPLATE: schema */image AS o
    WHERE o.entity_id = e.id AND o.type = $3::text
)
FROM /* TEMPLATE: schema */entity AS e
WHERE e.id = $2::uuid
ON CONFLICT (entity_id, type, provider, source) DO UPDATE SET source = excluded.source
RETURNING i.id

-- name: image_wanted :many
-- What is to be shown of entities and nobody fetched yet: all that lies beside their videos, since one may be broken, and of each
-- type the first, but for what was refused of late. $1 uuid[]: entities
SELECT i.id, i.entity_id, e.kind, i.type, i.source
FROM (
    SELECT
        o.id, o.entity_id, o.type, o.source, o.hash, o.position,
        row_number() OVER (PARTITION BY o.entity_id, o.type ORDER BY o.position, o.id) AS place
    FROM /* TEMPLATE: schema */image AS o
    WHERE o.entity_id = ANY ($1::uuid[]) AND o.position <= 0
        AND (o.hash IS NOT NULL OR o.error IS NULL OR o.fetched_at < now() - interval '7 days')
) AS i
JOIN /* TEMPLATE: schema */entity AS e ON e.id = i.entity_id
WHERE i.hash IS NULL AND (i.place = 1 OR i.position < 0)
ORDER BY i.entity_id, i.type, i.position, i.id

-- name: image_fetched :exec
-- $1 uuid: the picture, $2 text: hash of its content, $3 text: kind of file, $4 integer: width, $5 integer: height,
-- $6 bigint: bytes
WITH blob AS (
    INSERT INTO /* TEMPLATE: schema */image_blob (hash, mime, width, height, size_bytes)
    VALUES ($2::text, $3::text, $4::integer, $5::integer, $6::bigint)
    ON CONFLICT (hash) DO UPDATE SET created_at = now()
    RETURNING hash
)
UPDATE /* TEMPLATE: schema */image AS i
SET hash = b.hash, fetched_at = now(), error = NULL
FROM blob AS b
WHERE i.id = $1::uuid

-- name: image_refused :exec
-- $1 uuid: the picture, $2 text: why it cannot be had
UPDATE /* TEMPLATE: schema */image
SET error = $2::text, fetched_at = now()
WHERE id = $1::uuid

-- name: blob_known :many
-- $1 text[]: hashes
SELECT b.hash
FROM /* TEMPLATE: schema */image_blob AS b
WHERE b.hash = ANY ($1::text[])

-- name: blob_forget_unused :many
-- $1 interval: how long a picture that nothing shows is kept, $2 integer: how many at most
DELETE FROM /* TEMPLATE: schema */image_blob
WHERE hash IN (
    SELECT b.hash
    FROM /* TEMPLATE: schema */image_blob AS b
    WHERE b.created_at < now() - $1::interval
        AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */image AS i WHERE i.hash = b.hash)
    ORDER BY b.hash
    LIMIT $2::integer
    FOR UPDATE SKIP LOCKED
)
RETURNING hash
