-- What libraries have of series: items, what they were found to be, and what they may be.

-- name: group_count :one
-- How many series of a library wait to be matched. $1 uuid library
SELECT count(DISTINCT series_key) FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND kind = 'episode' AND match_state = 'pending';

-- name: group_next :one
-- The next series that waits to be matched. $1 uuid library, $2 text key behind which to look
SELECT series_key FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND kind = 'episode' AND match_state = 'pending' AND series_key > $2
ORDER BY series_key
LIMIT 1;

-- name: group_left :one
-- Whether anything waits that an earlier match failed at, or that nobody has taken up for long. $1 uuid library, $2 interval long
SELECT EXISTS (
    SELECT FROM /* TEMPLATE: schema */library_item
    WHERE library_id = $1 AND kind = 'episode' AND match_state = 'pending'
        AND (match_error IS NOT NULL OR created_at < now() - $2::interval)
);

-- name: group_items :many
-- Items of one series in a library, with what one of their files says. $1 uuid library, $2 text series_key, $3 text[] states,
-- $4 uuid id behind which to look, null for the first, $5 integer rows at most
SELECT
    item.id, item.key, item.series_key, item.title, item.year, item.season, item.episodes, item.absolute, item.air_date,
    item.tmdb_id, item.imdb_id, item.tvdb_id, item.match_state, file.path, file.episode_title, file.nfo, root.path AS root
FROM /* TEMPLATE: schema */library_item AS item
LEFT JOIN LATERAL (
    SELECT file.path, file.episode_title, file.nfo, file.root_id
    FROM /* TEMPLATE: schema */library_file AS file
    WHERE file.item_id = item.id
    ORDER BY file.state = 'missing', file.id
    LIMIT 1
) AS file ON true
LEFT JOIN /* TEMPLATE: schema */library_root AS root ON root.id = file.root_id
WHERE item.library_id = $1 AND item.series_key = $2 AND item.kind = 'episode' AND item.match_state = ANY ($3::text[])
    AND ($4::uuid IS NULL OR item.id > $4)
ORDER BY item.id
LIMIT $5;

-- name: item_get_many :many
-- $1 uuid[] ids
SELECT
    item.id, item.library_id, item.key, item.series_key, item.title, item.year, item.season, item.episodes, item.absolute,
    item.air_date, item.tmdb_id, item.imdb_id, item.tvdb_id, item.match_state, file.path, file.episode_title, file.nfo,
    root.path AS root
FROM /* TEMPLATE: schema */library_item AS item
LEFT JOIN LATERAL (
    SELECT file.path, file.episode_title, file.nfo, file.root_id
    FROM /* TEMPLATE: schema */library_file AS file
    WHERE file.item_id = item.id
    ORDER BY file.state = 'missing', file.id
    LIMIT 1
) AS file ON true
LEFT JOIN /* TEMPLATE: schema */library_root AS root ON root.id = file.root_id
WHERE item.id = ANY ($1::uuid[]) AND item.kind = 'episode';

-- name: item_of_file :one
-- $1 bytea path
SELECT file.item_id, file.library_id, item.series_key, item.key, item.match_state
FROM /* TEMPLATE: schema */library AS library
JOIN /* TEMPLATE: schema */library_file AS file
    ON file.library_id = library.id AND sha256(file.path) = sha256($1::bytea) AND file.path = $1
LEFT JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id AND item.kind = 'episode'
WHERE library.deleted_at IS NULL AND library.type = 'tvshow'
ORDER BY file.state = 'missing'
LIMIT 1;

-- name: group_series :one
-- What the series' other items were found to be. $1 uuid library, $2 text series_key
SELECT series_id FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND series_key = $2 AND kind = 'episode' AND series_id IS NOT NULL
    AND match_state IN ('matched', 'manual')
ORDER BY match_state = 'manual' DESC, matched_at DESC
LIMIT 1;

-- name: choice_list :many
-- $1 uuid library, $2 text[] keys of items and of series
SELECT choice.item_key, choice.entity_id, entity.kind
FROM /* TEMPLATE: schema */match_choice AS choice
LEFT JOIN /* TEMPLATE: schema */entity AS entity ON entity.id = choice.entity_id
WHERE choice.library_id = $1 AND choice.item_key = ANY ($2::text[]);

-- name: item_series_keys :many
-- What the files of series are grouped by, library by library. $1 uuid[] series
SELECT library_id, array_agg(DISTINCT series_key) AS keys
FROM /* TEMPLATE: schema */library_item
WHERE series_id = ANY ($1::uuid[]) AND kind = 'episode' AND series_key IS NOT NULL
GROUP BY library_id
ORDER BY library_id;

-- name: choice_put :exec
-- $1 uuid library, $2 text[] keys, $3 uuid entity, null: to be left alone
INSERT INTO /* TEMPLATE: schema */match_choice (library_id, item_key, entity_id)
SELECT $1, given.key, $3 FROM unnest($2::text[]) AS given (key) ORDER BY given.key
ON CONFLICT (library_id, item_key) DO UPDATE SET entity_id = EXCLUDED.entity_id, chosen_at = now();

-- name: choice_delete :exec
-- $1 uuid library, $2 text[] keys
DELETE FROM /* TEMPLATE: schema */match_choice WHERE library_id = $1 AND item_key = ANY ($2::text[]);

-- name: item_lock :many
-- Those that are still there, in what state. $1 uuid[] ids
SELECT id, match_state, series_id FROM /* TEMPLATE: schema */library_item WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: item_set_match :exec
-- $1 uuid[] ids, $2 text state, $3 real confidence, $4 text[] evidence as JSON, $5 uuid series
UPDATE /* TEMPLATE: schema */library_item AS item
SET match_state = $2, match_confidence = $3, match_evidence = given.evidence::jsonb, match_error = NULL,
    matched_at = now(), series_id = $5
FROM unnest($1::uuid[], $4::text[]) AS given (id, evidence)
WHERE item.id = given.id;

-- name: item_set_error :exec
-- They wait on. $1 uuid library, $2 text series_key, $3 text error
UPDATE /* TEMPLATE: schema */library_item SET match_error = $3
WHERE library_id = $1 AND series_key = $2 AND kind = 'episode' AND match_state = 'pending' AND match_error IS DISTINCT FROM $3;

-- name: item_reopen :many
-- Let items be matched again, but for what a person chose; locked in the order in which all lock items.
-- $1 uuid library, $2 text[] states, $3 text series_key, null for all
WITH wanted AS (
    SELECT id FROM /* TEMPLATE: schema */library_item
    WHERE library_id = $1 AND kind = 'episode' AND match_state = ANY ($2::text[])
        AND match_state NOT IN ('manual', 'ignored') AND ($3::text IS NULL OR series_key = $3)
    ORDER BY id
    FOR UPDATE
)
UPDATE /* TEMPLATE: schema */library_item AS item SET match_state = 'pending', match_error = NULL
FROM wanted
WHERE item.id = wanted.id
RETURNING item.id;

-- name: item_reopen_many :exec
-- Whatever they were. $1 uuid[] ids
UPDATE /* TEMPLATE: schema */library_item SET match_state = 'pending', match_error = NULL WHERE id = ANY ($1::uuid[]);

-- name: item_of_series :many
-- Items of a series whose episodes only names told of, or that have none. $1 uuid series
SELECT DISTINCT item.id
FROM /* TEMPLATE: schema */library_item AS item
LEFT JOIN /* TEMPLATE: schema */item_episode AS link ON link.item_id = item.id
LEFT JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = link.episode_id
WHERE item.series_id = $1 AND item.kind = 'episode' AND item.match_state IN ('matched', 'manual')
    AND (episode.id IS NULL OR episode.metadata_updated_at IS NULL)
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */match_choice AS choice
        JOIN /* TEMPLATE: schema */entity AS chosen ON chosen.id = choice.entity_id AND chosen.kind = 'episode'
        WHERE choice.library_id = item.library_id AND choice.item_key = item.key
    );

-- name: item_episode_put :exec
-- All episodes of items. $1 uuid[] items, $2 uuid[] item and $3 uuid[] episode of each pair
WITH gone AS (
    DELETE FROM /* TEMPLATE: schema */item_episode AS link
    WHERE link.item_id = ANY ($1::uuid[])
        AND NOT EXISTS (
            SELECT FROM unnest($2::uuid[], $3::uuid[]) AS given (item_id, episode_id)
            WHERE given.item_id = link.item_id AND given.episode_id = link.episode_id
        )
)
INSERT INTO /* TEMPLATE: schema */item_episode (item_id, episode_id)
SELECT given.item_id, given.episode_id FROM unnest($2::uuid[], $3::uuid[]) AS given (item_id, episode_id)
ON CONFLICT (item_id, episode_id) DO NOTHING;

-- name: candidate_delete :exec
-- $1 uuid[] items
DELETE FROM /* TEMPLATE: schema */match_candidate WHERE item_id = ANY ($1::uuid[]);

-- name: candidate_put :exec
-- The same for all items. $1 uuid[] items, $2 integer[] position, $3 text[] provider, $4 text[] provider_id, $5 text[] title,
-- $6 integer[] year, $7 real[] score, $8 text[] evidence as JSON
INSERT INTO /* TEMPLATE: schema */match_candidate (
    item_id, position, provider, provider_id, title, year, score, evidence
)
SELECT item.id, given.position, given.provider, given.provider_id, given.title, given.year, given.score, given.evidence::jsonb
FROM unnest($1::uuid[]) AS item (id)
CROSS JOIN unnest(
    $2::integer[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::real[], $8::text[]
) AS given (position, provider, provider_id, title, year, score, evidence)
ORDER BY item.id, given.position
ON CONFLICT (item_id, position) DO UPDATE SET
    provider = EXCLUDED.provider, provider_id = EXCLUDED.provider_id, title = EXCLUDED.title, year = EXCLUDED.year,
    score = EXCLUDED.score, evidence = EXCLUDED.evidence;

-- name: unmatched_page :many
-- Series of a library that could not be matched, by key. $1 uuid library, $2 text key behind which the page begins, $3 integer
-- rows at most
SELECT
    item.series_key, min(item.title) AS title, min(item.year) AS year, count(*) AS item_count,
    (array_agg(item.id ORDER BY item.id))[1] AS item_id, max(item.match_error) AS match_error
FROM /* TEMPLATE: schema */library_item AS item
WHERE item.library_id = $1 AND item.kind = 'episode' AND item.match_state = 'unmatched' AND item.series_key > $2
GROUP BY item.series_key
ORDER BY item.series_key
LIMIT $3;

-- name: candidate_list :many
-- $1 uuid[] items
SELECT item_id, position, provider, provider_id, title, year, score, evidence
FROM /* TEMPLATE: schema */match_candidate
WHERE item_id = ANY ($1::uuid[])
ORDER BY item_id, position;

-- name: item_keys_of_series :many
-- $1 uuid[] series
SELECT DISTINCT library_id, series_key FROM /* TEMPLATE: schema */library_item
WHERE series_id = ANY ($1::uuid[]) AND kind = 'episode';

-- name: item_reopen_group :many
-- All of a series, whatever they were. $1 uuid library, $2 text[] series keys
WITH wanted AS (
    SELECT id FROM /* TEMPLATE: schema */library_item
    WHERE library_id = $1 AND series_key = ANY ($2::text[]) AND kind = 'episode'
    ORDER BY id
    FOR UPDATE
)
UPDATE /* TEMPLATE: schema */library_item AS item SET match_state = 'pending', match_error = NULL
FROM wanted
WHERE item.id = wanted.id
RETURNING item.id;

-- name: item_keys :many
-- $1 uuid library, $2 text[] series keys
SELECT key FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND series_key = ANY ($2::text[]) AND kind = 'episode';

-- name: item_ignore_series :many
-- Items of series that a person deleted. $1 uuid[] series, $2 text evidence as JSON
WITH wanted AS (
    SELECT id FROM /* TEMPLATE: schema */library_item
    WHERE series_id = ANY ($1::uuid[]) AND kind = 'episode'
    ORDER BY id
    FOR UPDATE
)
UPDATE /* TEMPLATE: schema */library_item AS item
SET match_state = 'ignored', series_id = NULL, match_confidence = NULL, match_evidence = $2::jsonb, matched_at = now()
FROM wanted
WHERE item.id = wanted.id
RETURNING item.id;

-- name: file_reopen :many
-- What could not be matched is tried again when a file of it changed, or was read anew. $1 uuid[] files
WITH wanted AS (
    SELECT item.id FROM /* TEMPLATE: schema */library_item AS item
    WHERE item.kind = 'episode' AND item.match_state = 'unmatched'
        AND item.id IN (SELECT file.item_id FROM /* TEMPLATE: schema */library_file AS file WHERE file.id = ANY ($1::uuid[]))
    ORDER BY item.id
    FOR UPDATE
)
UPDATE /* TEMPLATE: schema */library_item AS item SET match_state = 'pending', match_error = NULL
FROM wanted
WHERE item.id = wanted.id
RETURNING item.id;

-- name: file_series :many
-- Series of which files are, and whether any item waits. $1 uuid[] files
SELECT DISTINCT item.series_id, item.match_state = 'pending' AS is_pending
FROM /* TEMPLATE: schema */library_file AS file
JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id AND item.kind = 'episode'
WHERE file.id = ANY ($1::uuid[]);

-- name: library_series :many
-- $1 uuid library, $2 uuid id behind which the page begins, $3 integer rows at most
SELECT DISTINCT series_id FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND kind = 'episode' AND series_id > $2
ORDER BY series_id
LIMIT $3;
