-- What Radarr and Sonarr say, beside what is known: it fills what nobody has said, and matches what nobody has matched.

-- name: titles_at_paths :many
-- What the items of files are. $1 bytea[] paths
SELECT file.path, item.movie_id, item.series_id
FROM unnest($1::bytea[]) AS given (path)
CROSS JOIN /* TEMPLATE: schema */library AS library
JOIN /* TEMPLATE: schema */library_file AS file
    ON file.library_id = library.id AND sha256(file.path) = sha256(given.path)
JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id
WHERE library.deleted_at IS NULL AND (item.movie_id IS NOT NULL OR item.series_id IS NOT NULL)
ORDER BY file.id;

-- name: film_told :many
-- Films of which a provider of metadata has told. $1 uuid[] ids
SELECT id FROM /* TEMPLATE: schema */movie WHERE id = ANY ($1::uuid[]) AND metadata_updated_at IS NOT NULL;

-- name: film_fill :exec
-- Where a provider has told of a film only its gaps are filled; else what Radarr says now is the truth.
-- $1 uuid[] id, $2 text[] title, $3 text[] original_title, $4 text[] original_language, $5 integer[] year,
-- $6 date[] release_date, $7 integer[] runtime_min, $8 text[] overview, $9 text[] status, $10 double precision[] popularity,
-- $11 numeric[] vote_average, $12 integer[] vote_count, $13 text[] trailer_url, $14 text[] homepage, $15 uuid[] collection_id
UPDATE /* TEMPLATE: schema */movie AS movie
SET title = CASE WHEN movie.metadata_updated_at IS NULL THEN given.title ELSE movie.title END,
    original_title = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.original_title, movie.original_title) ELSE coalesce(movie.original_title, given.original_title) END,
    original_language = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.original_language, movie.original_language)
        ELSE coalesce(movie.original_language, given.original_language) END,
    year = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.year, movie.year) ELSE coalesce(movie.year, given.year) END,
    release_date = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.release_date, movie.release_date) ELSE coalesce(movie.release_date, given.release_date) END,
    runtime_min = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.runtime_min, movie.runtime_min) ELSE coalesce(movie.runtime_min, given.runtime_min) END,
    overview = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.overview, movie.overview) ELSE coalesce(movie.overview, given.overview) END,
    status = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.status, movie.status) ELSE coalesce(movie.status, given.status) END,
    popularity = coalesce(movie.popularity, given.popularity),
    vote_average = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.vote_average, movie.vote_average) ELSE coalesce(movie.vote_average, given.vote_average) END,
    vote_count = CASE WHEN movie.metadata_updated_at IS NULL
        THEN coalesce(given.vote_count, movie.vote_count) ELSE coalesce(movie.vote_count, given.vote_count) END,
    trailer_url = coalesce(movie.trailer_url, given.trailer_url),
    homepage = coalesce(movie.homepage, given.homepage),
    collection_id = coalesce(movie.collection_id, given.collection_id),
    metadata_provider = coalesce(movie.metadata_provider, 'radarr'),
    local_key = NULL, updated_at = now()
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::date[], $7::integer[], $8::text[], $9::text[],
    $10::double precision[], $11::numeric[], $12::integer[], $13::text[], $14::text[], $15::uuid[]
) AS given (
    id, title, original_title, original_language, year, release_date, runtime_min, overview, status, popularity,
    vote_average, vote_count, trailer_url, homepage, collection_id
)
WHERE movie.id = given.id;

-- name: film_match :exec
-- Items that nobody has matched; a person's choice is none of ours. $1 bytea[] paths, $2 uuid[] movie, $3 text evidence as JSON
WITH matched AS (
    UPDATE /* TEMPLATE: schema */library_item AS item
    SET movie_id = found.movie_id, match_state = 'matched', match_confidence = 1, match_evidence = $3::jsonb,
        match_error = NULL, matched_at = now()
    FROM (
        SELECT DISTINCT ON (file.item_id) file.item_id, given.movie_id
        FROM unnest($1::bytea[], $2::uuid[]) AS given (path, movie_id)
        CROSS JOIN /* TEMPLATE: schema */library AS library
        JOIN /* TEMPLATE: schema */library_file AS file
            ON file.library_id = library.id AND sha256(file.path) = sha256(given.path)
        WHERE library.deleted_at IS NULL
        ORDER BY file.item_id, file.id
    ) AS found
    WHERE item.id = found.item_id AND item.kind = 'movie' AND item.match_state IN ('pending', 'unmatched')
    RETURNING item.id
)
DELETE FROM /* TEMPLATE: schema */match_candidate AS candidate USING matched WHERE candidate.item_id = matched.id;

-- name: series_told :one
-- Whether a provider of metadata, and not Sonarr alone, has told of a series. $1 uuid id
SELECT metadata_updated_at IS NOT NULL AS is_told
FROM /* TEMPLATE: schema */series WHERE id = $1;

-- name: series_match :exec
-- Items that nobody has matched, with their episodes; a person's choice is none of ours.
-- $1 uuid series, $2 bytea[] paths and $3 uuid[] episode of each pair, $4 text evidence as JSON
WITH found AS (
    SELECT DISTINCT file.item_id, given.episode_id
    FROM unnest($2::bytea[], $3::uuid[]) AS given (path, episode_id)
    CROSS JOIN /* TEMPLATE: schema */library AS library
    JOIN /* TEMPLATE: schema */library_file AS file
        ON file.library_id = library.id AND sha256(file.path) = sha256(given.path)
    WHERE library.deleted_at IS NULL AND file.item_id IS NOT NULL
),
matched AS (
    UPDATE /* TEMPLATE: schema */library_item AS item
    SET series_id = $1, match_state = 'matched', match_confidence = 1, match_evidence = $4::jsonb, match_error = NULL,
        matched_at = now()
    WHERE item.id IN (SELECT item_id FROM found) AND item.kind = 'episode'
        AND item.match_state IN ('pending', 'unmatched')
    RETURNING item.id
),
cleared AS (
    DELETE FROM /* TEMPLATE: schema */match_candidate AS candidate USING matched WHERE candidate.item_id = matched.id
)
INSERT INTO /* TEMPLATE: schema */item_episode (item_id, episode_id)
SELECT found.item_id, found.episode_id FROM found JOIN matched ON matched.id = found.item_id
ON CONFLICT (item_id, episode_id) DO NOTHING;

-- name: file_link_scanned :many
-- Files of theirs that a scan has found. Return what their titles are here. $1 uuid[] files that were added or moved
UPDATE /* TEMPLATE: schema */arr_file AS theirs
SET library_file_id = file.id
FROM /* TEMPLATE: schema */library_file AS file, /* TEMPLATE: schema */arr_title AS title
WHERE file.id = ANY ($1::uuid[]) AND sha256(theirs.path) = sha256(file.path)
    AND title.source = theirs.source AND title.arr_id = theirs.arr_id
RETURNING theirs.source, file.path, title.entity_id;
