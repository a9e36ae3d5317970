-- Pictures that lie beside videos: whom they show, and the rows of those that are shown.

-- name: beside_lock :exec
-- Let nobody else settle pictures of these libraries before this transaction ends: who looks, and then writes, must have seen
-- what others wrote meanwhile. $1 uuid[] libraries
SELECT pg_advisory_xact_lock(hashtextextended('revenge.beside:' || library.id::text, 0))
FROM (SELECT DISTINCT given.id FROM unnest($1::uuid[]) AS given (id) ORDER BY given.id) AS library;

-- name: beside_libraries :many
-- Libraries that have items of films or series. $1 uuid[] films, $2 uuid[] series
SELECT item.library_id AS id FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = ANY ($1::uuid[])
UNION
SELECT item.library_id FROM /* TEMPLATE: schema */library_item AS item WHERE item.series_id = ANY ($2::uuid[]);

-- name: beside_near :many
-- Pictures that may show films or series, or did: those in their files' folders and the two above, and those that are theirs
-- now. Beside a film only those that cover its files: many may lie in one folder. $1 uuid[] films, $2 uuid[] series
WITH own AS (
    SELECT DISTINCT file.root_id, file.path, regexp_replace(file.path_text, '/[^/]*$', '') AS folder
    FROM /* TEMPLATE: schema */library_item AS item
    JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
    WHERE item.movie_id = ANY ($1::uuid[])
    UNION
    SELECT DISTINCT file.root_id, NULL::bytea, regexp_replace(file.path_text, '/[^/]*$', '') AS folder
    FROM /* TEMPLATE: schema */library_item AS item
    JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
    WHERE item.series_id = ANY ($2::uuid[])
),
entity AS (
    SELECT unnest($1::uuid[] || $2::uuid[]) AS id
    UNION ALL
    SELECT season.id FROM /* TEMPLATE: schema */season AS season WHERE season.series_id = ANY ($2::uuid[])
    UNION ALL
    SELECT episode.id FROM /* TEMPLATE: schema */episode AS episode WHERE episode.series_id = ANY ($2::uuid[])
)
SELECT picture.id
FROM own
CROSS JOIN LATERAL (
    SELECT own.folder
    UNION
    SELECT regexp_replace(own.folder, '/[^/]*$', '')
    UNION
    SELECT regexp_replace(own.folder, '/[^/]*/[^/]*$', '')
) AS near
JOIN /* TEMPLATE: schema */library_picture AS picture ON picture.folder = near.folder AND picture.root_id = own.root_id
WHERE own.path IS NULL OR substring(own.path FROM 1 FOR length(picture.covers)) = picture.covers
UNION
SELECT image.picture_id
FROM entity JOIN /* TEMPLATE: schema */image AS image ON image.entity_id = entity.id
WHERE image.picture_id IS NOT NULL;

-- name: beside_nobodys :many
-- Pictures of folders that nobody has: whoever kept them from that may have left. $1 uuid the library
SELECT picture.id
FROM /* TEMPLATE: schema */library_picture AS picture
WHERE picture.library_id = $1 AND get_byte(picture.covers, length(picture.covers) - 1) = get_byte('/', 0)
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */image AS image WHERE image.picture_id = picture.id);

-- name: beside_owners :many
-- What pictures show: the one film or series that all known videos of theirs are of, a season of it, or a video's episodes. A
-- picture of videos of several shows none. $1 uuid[] pictures
SELECT
    picture.id, picture.type, picture.rank, picture.size_bytes, picture.mtime_ns, owner.entity_id
FROM /* TEMPLATE: schema */library_picture AS picture
CROSS JOIN LATERAL (
    SELECT set_byte(
        picture.covers, length(picture.covers) - 1, get_byte(picture.covers, length(picture.covers) - 1) + 1
    ) AS path
) AS behind
CROSS JOIN LATERAL (
    SELECT CASE WHEN picture.season IS NULL THEN first.id ELSE season.id END AS entity_id
    FROM (
        SELECT coalesce(item.movie_id, item.series_id) AS id
        FROM /* TEMPLATE: schema */library_file AS file
        JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id
        WHERE picture.type <> 'still' AND file.root_id = picture.root_id AND file.state <> 'missing'
            AND substring(file.path FROM 1 FOR 1024)
                BETWEEN substring(picture.covers FROM 1 FOR 1024) AND substring(behind.path FROM 1 FOR 1024)
            AND file.path >= picture.covers AND file.path < behind.path
            AND coalesce(item.movie_id, item.series_id) IS NOT NULL
        LIMIT 1
    ) AS first
    LEFT JOIN /* TEMPLATE: schema */season AS season ON season.series_id = first.id AND season.number = picture.season
    WHERE NOT EXISTS (
        SELECT
        FROM /* TEMPLATE: schema */library_file AS file
        JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id
        WHERE file.root_id = picture.root_id AND file.state <> 'missing'
            AND substring(file.path FROM 1 FOR 1024)
                BETWEEN substring(picture.covers FROM 1 FOR 1024) AND substring(behind.path FROM 1 FOR 1024)
            AND file.path >= picture.covers AND file.path < behind.path
            AND coalesce(item.movie_id, item.series_id) <> first.id
    )
    UNION ALL
    SELECT DISTINCT episode.episode_id
    FROM /* TEMPLATE: schema */library_file AS file
    JOIN /* TEMPLATE: schema */item_episode AS episode ON episode.item_id = file.item_id
    WHERE picture.type = 'still' AND file.root_id = picture.root_id AND file.state <> 'missing'
        AND substring(file.path FROM 1 FOR 1024)
            BETWEEN substring(picture.covers FROM 1 FOR 1024) AND substring(behind.path FROM 1 FOR 1024)
        AND file.path >= picture.covers AND file.path < behind.path
) AS owner
WHERE picture.id = ANY ($1::uuid[]) AND owner.entity_id IS NOT NULL;

-- name: beside_put :many
-- Make the given all that pictures show, and return what has others now, with the film or series that it is, or is in.
-- $1 uuid[] pictures, $2 uuid[] ids for new rows, $3 uuid[] what is shown, $4 text[] type, $5 text[] source, $6 integer[]
-- position, $7 uuid[] picture
WITH given AS (
    SELECT id, entity_id, type, source, position, picture_id
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[], $7::uuid[])
        AS row (id, entity_id, type, source, position, picture_id)
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */image AS old
    WHERE old.picture_id = ANY ($1::uuid[])
        AND (old.entity_id, old.type, old.source) NOT IN (SELECT given.entity_id, given.type, given.source FROM given)
    RETURNING old.entity_id
),
put AS (
    INSERT INTO /* TEMPLATE: schema */image (id, entity_id, type, provider, source, position, picture_id)
    SELECT given.id, given.entity_id, given.type, 'beside', given.source, given.position, given.picture_id
    FROM given
    ORDER BY given.entity_id, given.type, given.source
    ON CONFLICT (entity_id, type, provider, source) DO NOTHING
    RETURNING entity_id
)
SELECT
    changed.entity_id, movie.id AS movie_id, coalesce(series.id, season.series_id, episode.series_id) AS series_id
FROM (SELECT entity_id FROM gone UNION SELECT entity_id FROM put) AS changed
LEFT JOIN /* TEMPLATE: schema */movie AS movie ON movie.id = changed.entity_id
LEFT JOIN /* TEMPLATE: schema */series AS series ON series.id = changed.entity_id
LEFT JOIN /* TEMPLATE: schema */season AS season ON season.id = changed.entity_id
LEFT JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = changed.entity_id;
