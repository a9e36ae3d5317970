-- What documents are made of: one statement each for a whole batch. Lists come as arrays, missing lists as null.

-- name: movie_page :many
-- $1 uuid the last of the page before, $2 integer rows at most
SELECT id FROM /* TEMPLATE: schema */movie WHERE id > $1 ORDER BY id LIMIT $2;

-- name: series_page :many
-- $1 uuid the last of the page before, $2 integer rows at most
SELECT id FROM /* TEMPLATE: schema */series WHERE id > $1 ORDER BY id LIMIT $2;

-- name: season_page :many
-- $1 uuid the last of the page before, $2 integer rows at most
SELECT id FROM /* TEMPLATE: schema */season WHERE id > $1 ORDER BY id LIMIT $2;

-- name: episode_page :many
-- $1 uuid the last of the page before, $2 integer rows at most
SELECT id FROM /* TEMPLATE: schema */episode WHERE id > $1 ORDER BY id LIMIT $2;

-- name: person_page :many
-- $1 uuid the last of the page before, $2 integer rows at most
SELECT id FROM /* TEMPLATE: schema */person WHERE id > $1 ORDER BY id LIMIT $2;

-- name: movie_count :one
SELECT count(*) FROM /* TEMPLATE: schema */movie;

-- name: series_count :one
SELECT count(*) FROM /* TEMPLATE: schema */series;

-- name: season_count :one
SELECT count(*) FROM /* TEMPLATE: schema */season;

-- name: episode_count :one
SELECT count(*) FROM /* TEMPLATE: schema */episode;

-- name: person_count :one
SELECT count(*) FROM /* TEMPLATE: schema */person;

-- name: movie_sample :many
-- $1 integer rows
SELECT id FROM /* TEMPLATE: schema */movie ORDER BY random() LIMIT $1;

-- name: series_sample :many
-- $1 integer rows
SELECT id FROM /* TEMPLATE: schema */series ORDER BY random() LIMIT $1;

-- name: season_sample :many
-- $1 integer rows
SELECT id FROM /* TEMPLATE: schema */season ORDER BY random() LIMIT $1;

-- name: episode_sample :many
-- $1 integer rows
SELECT id FROM /* TEMPLATE: schema */episode ORDER BY random() LIMIT $1;

-- name: person_sample :many
-- $1 integer rows
SELECT id FROM /* TEMPLATE: schema */person ORDER BY random() LIMIT $1;

-- name: season_of_series :many
-- $1 uuid[] series
SELECT id, series_id FROM /* TEMPLATE: schema */season WHERE series_id = ANY ($1::uuid[]) ORDER BY id;

-- name: episode_of_series :many
-- $1 uuid[] series
SELECT id, series_id FROM /* TEMPLATE: schema */episode WHERE series_id = ANY ($1::uuid[]) ORDER BY id;

-- name: movie_rows :many
-- With where its files are and what is best among them. $1 uuid[] ids
SELECT
    movie.id, movie.title, movie.original_title, movie.original_language, movie.year, movie.release_date,
    movie.runtime_min, movie.overview, movie.tagline, movie.status, movie.popularity, movie.vote_average,
    movie.vote_count, movie.added_at, collection.name AS collection, kept.library_ids, kept.has_file, best.resolution,
    best.source
FROM /* TEMPLATE: schema */movie AS movie
LEFT JOIN /* TEMPLATE: schema */collection AS collection ON collection.id = movie.collection_id
CROSS JOIN LATERAL (
    SELECT
        array_agg(DISTINCT item.library_id) AS library_ids,
        coalesce(bool_or(file.state = 'present'), false) AS has_file
    FROM /* TEMPLATE: schema */library_item AS item
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id AND library.deleted_at IS NULL
    LEFT JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
    WHERE item.movie_id = movie.id
) AS kept
LEFT JOIN LATERAL (
    SELECT file.resolution, file.source
    FROM /* TEMPLATE: schema */library_item AS item
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id AND library.deleted_at IS NULL
    JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id AND file.state = 'present'
    WHERE item.movie_id = movie.id
    ORDER BY file.height DESC NULLS LAST, file.resolution IS NULL, file.id
    LIMIT 1
) AS best ON true
WHERE movie.id = ANY ($1::uuid[]);

-- name: series_rows :many
-- $1 uuid[] ids
SELECT
    series.id, series.title, series.original_title, series.original_language, series.year, series.first_air_date,
    series.overview, series.tagline, series.status, series.type, series.popularity, series.vote_average,
    series.vote_count, series.added_at, kept.library_ids, kept.has_file, networks.names AS networks,
    (SELECT count(*) FROM /* TEMPLATE: schema */season AS season WHERE season.series_id = series.id) AS total_seasons,
    (SELECT count(*) FROM /* TEMPLATE: schema */episode AS episode WHERE episode.series_id = series.id) AS total_episodes
FROM /* TEMPLATE: schema */series AS series
CROSS JOIN LATERAL (
    SELECT
        array_agg(DISTINCT item.library_id) AS library_ids,
        coalesce(bool_or(file.state = 'present'), false) AS has_file
    FROM /* TEMPLATE: schema */library_item AS item
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id AND library.deleted_at IS NULL
    LEFT JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
    WHERE item.series_id = series.id
) AS kept
CROSS JOIN LATERAL (
    SELECT array_agg(network.name ORDER BY network.name) AS names
    FROM /* TEMPLATE: schema */series_network AS link
    JOIN /* TEMPLATE: schema */network AS network ON network.id = link.network_id
    WHERE link.series_id = series.id
) AS networks
WHERE series.id = ANY ($1::uuid[]);

-- name: season_rows :many
-- $1 uuid[] ids
SELECT
    season.id, season.series_id, season.number, season.name, season.overview, season.air_date, season.vote_average,
    series.title AS series_title, series.popularity,
    (SELECT count(*) FROM /* TEMPLATE: schema */episode AS episode WHERE episode.season_id = season.id) AS episode_count
FROM /* TEMPLATE: schema */season AS season
JOIN /* TEMPLATE: schema */series AS series ON series.id = season.series_id
WHERE season.id = ANY ($1::uuid[]);

-- name: episode_rows :many
-- With the libraries that its own files are in. $1 uuid[] ids
SELECT
    episode.id, episode.series_id, episode.season_id, episode.season_number, episode.number, episode.title,
    episode.overview, episode.air_date, episode.runtime_min, episode.vote_average, episode.vote_count,
    series.title AS series_title, series.popularity, kept.library_ids, kept.has_file
FROM /* TEMPLATE: schema */episode AS episode
JOIN /* TEMPLATE: schema */series AS series ON series.id = episode.series_id
CROSS JOIN LATERAL (
    SELECT
        array_agg(DISTINCT item.library_id) AS library_ids,
        coalesce(bool_or(file.state = 'present'), false) AS has_file
    FROM /* TEMPLATE: schema */item_episode AS link
    JOIN /* TEMPLATE: schema */library_item AS item ON item.id = link.item_id
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id AND library.deleted_at IS NULL
    LEFT JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
    WHERE link.episode_id = episode.id
) AS kept
WHERE episode.id = ANY ($1::uuid[]);

-- name: person_rows :many
-- $1 uuid[] ids
SELECT id, name, known_for, popularity FROM /* TEMPLATE: schema */person WHERE id = ANY ($1::uuid[]);

-- name: person_work :many
-- What people did, by film and series; credits of episodes count for their series. $1 uuid[] people
SELECT
    credit.person_id,
    count(DISTINCT movie.id) AS movie_count,
    count(DISTINCT series.id) AS tvshow_count,
    count(*) AS total_credits,
    (array_agg(DISTINCT credit.character) FILTER (WHERE credit.character <> ''))[1:20] AS characters,
    array_agg(DISTINCT CASE credit.type WHEN 'crew' THEN nullif(credit.department, '') ELSE 'Acting' END) AS departments,
    array_agg(DISTINCT movie.id) FILTER (WHERE movie.id IS NOT NULL) AS movie_ids,
    array_agg(DISTINCT series.id) FILTER (WHERE series.id IS NOT NULL) AS series_ids
FROM /* TEMPLATE: schema */credit AS credit
LEFT JOIN /* TEMPLATE: schema */movie AS movie ON movie.id = credit.entity_id
LEFT JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = credit.entity_id
LEFT JOIN /* TEMPLATE: schema */season AS season ON season.id = credit.entity_id
LEFT JOIN /* TEMPLATE: schema */series AS series
    ON series.id = coalesce(episode.series_id, season.series_id, credit.entity_id)
WHERE credit.person_id = ANY ($1::uuid[])
GROUP BY credit.person_id;

-- name: work_titles :many
-- $1 uuid[] films and series
SELECT id, title, popularity FROM /* TEMPLATE: schema */movie WHERE id = ANY ($1::uuid[])
UNION ALL
SELECT id, title, popularity FROM /* TEMPLATE: schema */series WHERE id = ANY ($1::uuid[]);

-- name: work_libraries :many
-- $1 uuid[] films and series
SELECT coalesce(item.movie_id, item.series_id) AS id, array_agg(DISTINCT item.library_id) AS library_ids
FROM /* TEMPLATE: schema */library_item AS item
JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id AND library.deleted_at IS NULL
WHERE item.movie_id = ANY ($1::uuid[]) OR item.series_id = ANY ($1::uuid[])
GROUP BY 1;

-- name: external_ids :many
-- $1 uuid[] entities
SELECT entity_id, provider, value FROM /* TEMPLATE: schema */external_id
WHERE entity_id = ANY ($1::uuid[]) AND provider IN ('tmdb', 'imdb', 'tvdb');

-- name: translated_titles :many
-- $1 uuid[] entities
SELECT entity_id, array_agg(DISTINCT title) AS titles FROM /* TEMPLATE: schema */translation
WHERE entity_id = ANY ($1::uuid[]) AND title <> ''
GROUP BY entity_id;

-- name: genres :many
-- $1 uuid[] entities
SELECT
    link.entity_id, array_agg(genre.name ORDER BY link.position, genre.slug) AS names,
    array_agg(genre.slug ORDER BY link.position, genre.slug) AS slugs
FROM /* TEMPLATE: schema */entity_genre AS link
JOIN /* TEMPLATE: schema */genre AS genre ON genre.slug = link.genre
WHERE link.entity_id = ANY ($1::uuid[])
GROUP BY link.entity_id;

-- name: age_ratings :many
-- $1 uuid[] entities
SELECT entity_id, array_agg(country || ':' || value ORDER BY country) AS ratings
FROM /* TEMPLATE: schema */certification
WHERE entity_id = ANY ($1::uuid[])
GROUP BY entity_id;

-- name: pictures :many
-- The one of each type that is shown. $1 uuid[] entities
SELECT DISTINCT ON (entity_id, type) entity_id, type, source, hash
FROM /* TEMPLATE: schema */image
WHERE entity_id = ANY ($1::uuid[]) AND type IN ('poster', 'backdrop', 'profile', 'still')
ORDER BY entity_id, type, position, id;

-- name: credits :many
-- Names in the order of their importance, and everybody's id. $1 uuid[] entities, $2 integer of the cast at most
SELECT
    credit.entity_id,
    (array_agg(person.name ORDER BY credit.position, credit.id) FILTER (WHERE credit.type = 'cast'))[1:$2] AS actors,
    array_agg(DISTINCT person.name) FILTER (WHERE credit.type = 'crew' AND credit.job = 'Director') AS directors,
    array_agg(DISTINCT person.id) AS person_ids
FROM /* TEMPLATE: schema */credit AS credit
JOIN /* TEMPLATE: schema */person AS person ON person.id = credit.person_id
WHERE credit.entity_id = ANY ($1::uuid[])
GROUP BY credit.entity_id;

-- name: guests :many
-- Whoever has to do with a season or an episode of a series. $1 uuid[] series
SELECT part.series_id, array_agg(DISTINCT credit.person_id) AS person_ids
FROM (
    SELECT id, series_id FROM /* TEMPLATE: schema */episode WHERE series_id = ANY ($1::uuid[])
    UNION ALL
    SELECT id, series_id FROM /* TEMPLATE: schema */season WHERE series_id = ANY ($1::uuid[])
) AS part
JOIN /* TEMPLATE: schema */credit AS credit ON credit.entity_id = part.id
GROUP BY part.series_id;
