-- What libraries have of films: items, what they were found to be, and what people chose.

-- name: item_pending :many
-- Films of a library that nobody has matched yet, with what their first files tell. Present files come first.
-- $1 uuid library, $2 uuid after which the page begins, $3 integer rows at most
SELECT
    item.id, item.library_id, item.key, item.title, item.year, item.tmdb_id, item.imdb_id, item.tvdb_id, item.match_state,
    item.movie_id, told.nfo
FROM /* TEMPLATE: schema */library_item AS item
LEFT JOIN LATERAL (
    SELECT file.nfo FROM /* TEMPLATE: schema */library_file AS file
    WHERE file.item_id = item.id AND file.nfo IS NOT NULL
    ORDER BY file.state = 'missing', file.path_text
    LIMIT 1
) AS told ON true
WHERE item.library_id = $1 AND item.match_state = 'pending' AND item.kind = 'movie' AND item.id > $2
ORDER BY item.id
LIMIT $3;

-- name: item_get_many :many
-- The same of given items, whatever their state. $1 uuid[] ids
SELECT
    item.id, item.library_id, item.key, item.title, item.year, item.tmdb_id, item.imdb_id, item.tvdb_id, item.match_state,
    item.movie_id, told.nfo
FROM /* TEMPLATE: schema */library_item AS item
LEFT JOIN LATERAL (
    SELECT file.nfo FROM /* TEMPLATE: schema */library_file AS file
    WHERE file.item_id = item.id AND file.nfo IS NOT NULL
    ORDER BY file.state = 'missing', file.path_text
    LIMIT 1
) AS told ON true
WHERE item.id = ANY ($1::uuid[]) AND item.kind = 'movie'
ORDER BY item.id;

-- name: item_states :many
-- How a library's films stand. $1 uuid library
SELECT match_state, count(*) AS count
FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND kind = 'movie'
GROUP BY match_state;

-- name: item_any_pending :one
-- Whether any waits, and whether a scan may bring more: in one statement, so that one that ends between the two is seen.
-- $1 uuid library
SELECT
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_item
        WHERE library_id = $1 AND match_state = 'pending' AND kind = 'movie'
    ) AS is_pending,
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_scan WHERE library_id = $1 AND status = 'running'
    ) AS is_scanned;

-- name: item_lock :many
-- In one order. Those that a person has chosen for meanwhile are told by their state. $1 uuid[] ids
SELECT id, match_state FROM /* TEMPLATE: schema */library_item WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: item_of_file :one
-- By a file's path, in a library that is not deleted. $1 bytea path
SELECT file.id AS file_id, file.library_id, file.item_id, file.state, item.kind, item.match_state, item.movie_id
FROM /* TEMPLATE: schema */library_file AS file
JOIN /* TEMPLATE: schema */library AS library ON library.id = file.library_id
LEFT JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id
WHERE sha256(file.path) = sha256($1::bytea) AND file.path = $1 AND library.deleted_at IS NULL
ORDER BY file.state = 'missing', file.id
LIMIT 1;

-- name: item_of_files :many
-- Items of films that files belong to. $1 uuid[] files
SELECT DISTINCT item.id, item.library_id, item.match_state, item.movie_id
FROM /* TEMPLATE: schema */library_file AS file
JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id
WHERE file.id = ANY ($1::uuid[]) AND item.kind = 'movie';

-- name: item_set_match :exec
-- $1 uuid[] id, $2 text[] match_state, $3 real[] confidence, $4 text[] evidence as JSON, $5 text[] error, $6 uuid[] movie
UPDATE /* TEMPLATE: schema */library_item AS item
SET match_state = given.match_state, match_confidence = given.confidence, match_evidence = given.evidence::jsonb,
    match_error = given.error, movie_id = given.movie_id, matched_at = now()
FROM unnest($1::uuid[], $2::text[], $3::real[], $4::text[], $5::text[], $6::uuid[])
    AS given (id, match_state, confidence, evidence, error, movie_id)
WHERE item.id = given.id;

-- name: item_reset_match :exec
-- They are to be matched anew; what they were found to be stays until then. $1 uuid[] ids
UPDATE /* TEMPLATE: schema */library_item SET match_state = 'pending' WHERE id = ANY ($1::uuid[]);

-- name: candidate_clear :exec
-- $1 uuid[] items
DELETE FROM /* TEMPLATE: schema */match_candidate WHERE item_id = ANY ($1::uuid[]);

-- name: candidate_put :exec
-- $1 uuid[] item, $2 integer[] position, $3 text[] provider, $4 text[] provider_id, $5 text[] title, $6 integer[] year,
-- $7 real[] score, $8 text[] evidence as JSON
INSERT INTO /* TEMPLATE: schema */match_candidate (
    item_id, position, provider, provider_id, title, year, score, evidence
)
SELECT
    given.item_id, given.position, given.provider, given.provider_id, given.title, given.year, given.score,
    given.evidence::jsonb
FROM unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::real[], $8::text[]
) AS given (item_id, position, provider, provider_id, title, year, score, evidence);

-- name: candidate_list :many
-- $1 uuid[] items
SELECT item_id, position, provider, provider_id, title, year, score, evidence
FROM /* TEMPLATE: schema */match_candidate
WHERE item_id = ANY ($1::uuid[])
ORDER BY item_id, position;

-- name: choice_list :many
-- $1 uuid[] library, $2 text[] item key
SELECT choice.library_id, choice.item_key, choice.entity_id
FROM unnest($1::uuid[], $2::text[]) AS given (library_id, item_key)
JOIN /* TEMPLATE: schema */match_choice AS choice
    ON choice.library_id = given.library_id AND choice.item_key = given.item_key;

-- name: choice_put :exec
-- $1 uuid library, $2 text[] item keys, $3 uuid entity, null: leave it alone
INSERT INTO /* TEMPLATE: schema */match_choice (library_id, item_key, entity_id)
SELECT $1, key, $3 FROM unnest($2::text[]) AS key ORDER BY key
ON CONFLICT (library_id, item_key) DO UPDATE SET entity_id = EXCLUDED.entity_id, chosen_at = now();

-- name: choice_drop :exec
-- $1 uuid library, $2 text item key
DELETE FROM /* TEMPLATE: schema */match_choice WHERE library_id = $1 AND item_key = $2;

-- name: item_list :many
-- Items of a library in one state, with how many files they have. $1 uuid library, $2 text state,
-- $3 uuid after which the page begins, $4 integer rows at most
SELECT
    item.id, item.library_id, item.kind, item.key, item.title, item.year, item.season, item.episodes, item.match_state,
    item.match_confidence, item.match_evidence, item.match_error, item.matched_at, item.movie_id, item.series_id
FROM /* TEMPLATE: schema */library_item AS item
WHERE item.library_id = $1 AND item.match_state = $2 AND item.id > $3
ORDER BY item.id
LIMIT $4;

-- name: item_show :one
-- $1 uuid library, $2 uuid item
SELECT
    item.id, item.library_id, item.kind, item.key, item.title, item.year, item.season, item.episodes, item.match_state,
    item.match_confidence, item.match_evidence, item.match_error, item.matched_at, item.movie_id, item.series_id
FROM /* TEMPLATE: schema */library_item AS item
WHERE item.library_id = $1 AND item.id = $2;

-- name: item_paths :many
-- A few files of each item. $1 uuid[] items, $2 integer files of each at most
SELECT item.id AS item_id, file.path
FROM unnest($1::uuid[]) AS item (id)
CROSS JOIN LATERAL (
    SELECT file.path FROM /* TEMPLATE: schema */library_file AS file
    WHERE file.item_id = item.id ORDER BY file.path_text LIMIT $2
) AS file;

-- name: item_of_movie :many
-- $1 uuid[] movies
SELECT id, library_id, key, movie_id FROM /* TEMPLATE: schema */library_item WHERE movie_id = ANY ($1::uuid[]) ORDER BY id;

-- name: movie_has_items :many
-- Which of the films a library has that is not deleted. $1 uuid[] movies
SELECT DISTINCT item.movie_id
FROM /* TEMPLATE: schema */library_item AS item
JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
WHERE item.movie_id = ANY ($1::uuid[]) AND library.deleted_at IS NULL;
