-- Series, their seasons and their episodes. What is null in what a provider says is not said, and changes nothing.

-- name: identity_lock :exec
-- One at a time makes the series of these identities: two who look at once would both find none and make two.
-- $1 text[] identities, in one order everywhere
SELECT pg_advisory_xact_lock(hashtextextended(each.identity, 0)) FROM unnest($1::text[]) AS each (identity);

-- name: series_title :one
-- $1 uuid id
SELECT title FROM /* TEMPLATE: schema */series WHERE id = $1;

-- name: series_insert :exec
-- $1 uuid id, $2 text title, $3 integer year, $4 text local_key
INSERT INTO /* TEMPLATE: schema */series (id, title, year, local_key) VALUES ($1, $2, $3, $4);

-- name: series_find_local :one
-- $1 text local_key
SELECT id FROM /* TEMPLATE: schema */series WHERE local_key = $1;

-- name: series_alike :many
-- Series whose title, here or at home, is like one. $1 text title, $2 integer rows at most
SELECT id, title, original_title, year, popularity
FROM /* TEMPLATE: schema */series
WHERE title % $1 OR original_title % $1
ORDER BY greatest(similarity(title, $1), coalesce(similarity(original_title, $1), 0)) DESC, id
LIMIT $2;

-- name: series_update :exec
-- $1 uuid id, $2 text title, $3 text original_title, $4 text original_language, $5 integer year, $6 date first_air_date,
-- $7 date last_air_date, $8 text overview, $9 text tagline, $10 text status, $11 text type, $12 double precision popularity,
-- $13 numeric vote_average, $14 integer vote_count, $15 text trailer_url, $16 text homepage, $17 text provider,
-- $18 boolean whether a provider has identified it, $19 boolean whether a provider said it, and not files alone
UPDATE /* TEMPLATE: schema */series
SET title = coalesce($2, title), original_title = coalesce($3, original_title),
    original_language = coalesce($4, original_language), year = coalesce($5, year),
    first_air_date = coalesce($6, first_air_date), last_air_date = coalesce($7, last_air_date),
    overview = coalesce($8, overview), tagline = coalesce($9, tagline), status = coalesce($10, status),
    type = coalesce($11, type), popularity = coalesce($12, popularity), vote_average = coalesce($13, vote_average),
    vote_count = coalesce($14, vote_count), trailer_url = coalesce($15, trailer_url), homepage = coalesce($16, homepage),
    metadata_provider = $17, updated_at = now(),
    metadata_updated_at = CASE WHEN $19 THEN now() ELSE metadata_updated_at END,
    local_key = CASE WHEN $18 THEN NULL ELSE local_key END
WHERE id = $1;

-- name: series_orphans :many
-- Series that no provider has identified and that no file is of any more. $1 uuid[] ids
SELECT series.id
FROM /* TEMPLATE: schema */series AS series
WHERE series.id = ANY ($1::uuid[]) AND series.local_key IS NOT NULL
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */library_item AS item WHERE item.series_id = series.id)
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */watched AS seen
        JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = seen.entity_id
        WHERE episode.series_id = series.id
    );

-- name: series_delete_many :exec
-- With their seasons and episodes, which are entities of their own: those are not theirs by any reference. $1 uuid[] ids
DELETE FROM /* TEMPLATE: schema */entity WHERE id IN (
    SELECT each.id FROM unnest($1::uuid[]) AS each (id)
    UNION ALL
    SELECT season.id FROM /* TEMPLATE: schema */season AS season WHERE season.series_id = ANY ($1)
    UNION ALL
    SELECT episode.id FROM /* TEMPLATE: schema */episode AS episode WHERE episode.series_id = ANY ($1)
);

-- name: series_get :many
-- With what is counted of it. $1 uuid[] ids, $2 uuid[] libraries that count, null for all
SELECT
    series.id, series.title, series.original_title, series.original_language, series.year, series.first_air_date,
    series.last_air_date, series.overview, series.tagline, series.status, series.type, series.popularity,
    series.vote_average, series.vote_count, series.trailer_url, series.homepage, series.local_key,
    series.metadata_provider, series.metadata_updated_at, series.added_at, series.updated_at,
    (SELECT count(*) FROM /* TEMPLATE: schema */season WHERE season.series_id = series.id) AS season_count,
    (SELECT count(*) FROM /* TEMPLATE: schema */episode WHERE episode.series_id = series.id) AS episode_count,
    (
        SELECT count(DISTINCT link.episode_id)
        FROM /* TEMPLATE: schema */library_item AS item
        JOIN /* TEMPLATE: schema */item_episode AS link ON link.item_id = item.id
        WHERE item.series_id = series.id AND ($2::uuid[] IS NULL OR item.library_id = ANY ($2))
    ) AS episode_file_count,
    ARRAY(
        SELECT genre.name
        FROM /* TEMPLATE: schema */entity_genre AS held
        JOIN /* TEMPLATE: schema */genre AS genre ON genre.slug = held.genre
        WHERE held.entity_id = series.id ORDER BY held.position
    ) AS genres,
    ARRAY(
        SELECT network.name
        FROM /* TEMPLATE: schema */series_network AS held
        JOIN /* TEMPLATE: schema */network AS network ON network.id = held.network_id
        WHERE held.series_id = series.id ORDER BY network.name
    ) AS networks,
    (
        SELECT coalesce(jsonb_object_agg(held.provider, held.value), '{}')
        FROM /* TEMPLATE: schema */external_id AS held WHERE held.entity_id = series.id
    ) AS ids,
    ARRAY(
        SELECT DISTINCT item.library_id FROM /* TEMPLATE: schema */library_item AS item WHERE item.series_id = series.id
    ) AS library_ids
FROM /* TEMPLATE: schema */series AS series
WHERE series.id = ANY ($1::uuid[]);

-- name: series_page :many
-- Newest first. $1 timestamptz and $2 uuid added_at and id behind which the page begins, null for the first, $3 uuid[]
-- libraries that have it, null for whatever series, $4 integer rows at most
SELECT series.id, series.added_at
FROM /* TEMPLATE: schema */series AS series
WHERE ($1::timestamptz IS NULL OR (series.added_at, series.id) < ($1, $2::uuid))
    AND ($3::uuid[] IS NULL OR EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_item AS item
        WHERE item.series_id = series.id AND item.library_id = ANY ($3)
    ))
ORDER BY series.added_at DESC, series.id DESC
LIMIT $4;

-- name: series_stand :one
-- What a refresh has to know. $1 uuid id
SELECT
    series.title, series.year, series.status, series.metadata_updated_at,
    ARRAY(
        SELECT DISTINCT library.preferred_language
        FROM /* TEMPLATE: schema */library_item AS item
        JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id AND library.deleted_at IS NULL
        WHERE item.series_id = series.id
        ORDER BY library.preferred_language
    ) AS languages
FROM /* TEMPLATE: schema */series AS series
WHERE series.id = $1;

-- name: image_fetch_again :exec
-- Pictures of a series, its seasons and its episodes are to be fetched anew.
-- $1 uuid series
UPDATE /* TEMPLATE: schema */image SET hash = NULL, fetched_at = NULL, error = NULL
WHERE entity_id = $1
    OR entity_id IN (SELECT season.id FROM /* TEMPLATE: schema */season AS season WHERE season.series_id = $1)
    OR entity_id IN (SELECT episode.id FROM /* TEMPLATE: schema */episode AS episode WHERE episode.series_id = $1);

-- name: series_stale :many
-- What nobody was asked about since a moment. $1 timestamptz moment, $2 uuid id behind which the page begins, null for the
-- first, $3 integer rows at most
SELECT id, title FROM /* TEMPLATE: schema */series
WHERE (metadata_updated_at IS NULL OR metadata_updated_at < $1) AND ($2::uuid IS NULL OR id > $2)
ORDER BY id
LIMIT $3;

-- name: series_count_stale :one
-- $1 timestamptz moment
SELECT count(*) FROM /* TEMPLATE: schema */series WHERE metadata_updated_at IS NULL OR metadata_updated_at < $1;

-- name: season_list :many
-- $1 uuid series
SELECT
    season.id, season.series_id, season.number, season.name, season.overview, season.air_date, season.vote_average,
    season.metadata_updated_at,
    (SELECT count(*) FROM /* TEMPLATE: schema */episode WHERE episode.season_id = season.id) AS episode_count
FROM /* TEMPLATE: schema */season AS season
WHERE season.series_id = $1
ORDER BY season.number;

-- name: season_due :many
-- Seasons with what it takes to know whether they are asked about. $1 uuid series
SELECT
    season.number, season.metadata_updated_at,
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */episode AS episode
        JOIN /* TEMPLATE: schema */item_episode AS link ON link.episode_id = episode.id
        WHERE episode.season_id = season.id AND episode.metadata_updated_at IS NULL
    ) AS has_untold
FROM /* TEMPLATE: schema */season AS season
WHERE season.series_id = $1
ORDER BY season.number;

-- name: season_find :one
-- $1 uuid id
SELECT id, series_id, number, metadata_updated_at FROM /* TEMPLATE: schema */season WHERE id = $1;

-- name: season_insert_many :exec
-- $1 uuid series, $2 uuid[] id, $3 integer[] number
INSERT INTO /* TEMPLATE: schema */season (series_id, id, number)
SELECT $1, given.id, given.number FROM unnest($2::uuid[], $3::integer[]) AS given (id, number);

-- name: season_update_many :exec
-- $1 uuid[] id, $2 text[] name, $3 text[] overview, $4 date[] air_date, $5 numeric[] vote_average, $6 boolean[] whether its
-- episodes came along, so that all is known that was asked for
UPDATE /* TEMPLATE: schema */season AS season
SET name = coalesce(given.name, season.name), overview = coalesce(given.overview, season.overview),
    air_date = coalesce(given.air_date, season.air_date), vote_average = coalesce(given.vote_average, season.vote_average),
    metadata_updated_at = CASE WHEN given.whole THEN now() ELSE season.metadata_updated_at END, updated_at = now()
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::numeric[], $6::boolean[])
    AS given (id, name, overview, air_date, vote_average, whole)
WHERE season.id = given.id;

-- name: season_delete_empty :many
-- Seasons without episodes of which no provider told. $1 uuid series
DELETE FROM /* TEMPLATE: schema */entity AS gone
USING /* TEMPLATE: schema */season AS season
WHERE season.id = gone.id AND season.series_id = $1 AND season.metadata_updated_at IS NULL AND season.name IS NULL
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */episode AS episode WHERE episode.season_id = season.id)
RETURNING gone.id;

-- name: episode_known :many
-- All that is needed to find an episode by its numbers, its day or its title. $1 uuid series
SELECT id, season_id, season_number, number, absolute_number, air_date, title, metadata_updated_at
FROM /* TEMPLATE: schema */episode
WHERE series_id = $1
ORDER BY season_number, number;

-- name: episode_insert_many :exec
-- $1 uuid series, $2 uuid[] id, $3 uuid[] season, $4 integer[] season_number, $5 integer[] number
INSERT INTO /* TEMPLATE: schema */episode (series_id, id, season_id, season_number, number)
SELECT $1, given.id, given.season_id, given.season_number, given.number
FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::integer[]) AS given (id, season_id, season_number, number);

-- name: episode_update_many :exec
-- $1 uuid[] id, $2 integer[] absolute_number, $3 text[] title, $4 text[] overview, $5 date[] air_date, $6 integer[]
-- runtime_min, $7 numeric[] vote_average, $8 integer[] vote_count, $9 text[] production_code, $10 boolean[] whether a provider
-- said it, and not a name alone
UPDATE /* TEMPLATE: schema */episode AS episode
SET absolute_number = coalesce(given.absolute_number, episode.absolute_number),
    title = coalesce(given.title, episode.title), overview = coalesce(given.overview, episode.overview),
    air_date = coalesce(given.air_date, episode.air_date), runtime_min = coalesce(given.runtime_min, episode.runtime_min),
    vote_average = coalesce(given.vote_average, episode.vote_average),
    vote_count = coalesce(given.vote_count, episode.vote_count),
    production_code = coalesce(given.production_code, episode.production_code),
    metadata_updated_at = CASE WHEN given.told THEN now() ELSE episode.metadata_updated_at END, updated_at = now()
FROM unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::text[], $5::date[], $6::integer[], $7::numeric[], $8::integer[], $9::text[],
    $10::boolean[]
) AS given (
    id, absolute_number, title, overview, air_date, runtime_min, vote_average, vote_count, production_code, told
)
WHERE episode.id = given.id;

-- name: episode_find :one
-- $1 uuid id
SELECT id, series_id, season_id, season_number, number, metadata_updated_at
FROM /* TEMPLATE: schema */episode WHERE id = $1;

-- name: episode_page :many
-- Of a season, with the files that a library has of each. $1 uuid series, $2 integer season, $3 uuid[] libraries that count,
-- null for all
SELECT
    episode.id, episode.series_id, episode.season_id, episode.season_number, episode.number, episode.absolute_number,
    episode.title, episode.overview, episode.air_date, episode.runtime_min, episode.vote_average, episode.vote_count,
    episode.production_code, episode.metadata_updated_at, episode.added_at,
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */item_episode AS link
        JOIN /* TEMPLATE: schema */library_item AS item ON item.id = link.item_id
        JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id AND file.state <> 'missing'
        WHERE link.episode_id = episode.id AND ($3::uuid[] IS NULL OR item.library_id = ANY ($3))
    ) AS has_file
FROM /* TEMPLATE: schema */episode AS episode
WHERE episode.series_id = $1 AND episode.season_number = $2
ORDER BY episode.number;

-- name: episode_show :one
-- $1 uuid id, $2 uuid[] libraries that count, null for all
SELECT
    episode.id, episode.series_id, episode.season_id, episode.season_number, episode.number, episode.absolute_number,
    episode.title, episode.overview, episode.air_date, episode.runtime_min, episode.vote_average, episode.vote_count,
    episode.production_code, episode.metadata_updated_at, episode.added_at,
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */item_episode AS link
        JOIN /* TEMPLATE: schema */library_item AS item ON item.id = link.item_id
        JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id AND file.state <> 'missing'
        WHERE link.episode_id = episode.id AND ($2::uuid[] IS NULL OR item.library_id = ANY ($2))
    ) AS has_file
FROM /* TEMPLATE: schema */episode AS episode
WHERE episode.id = $1;

-- name: episode_files :many
-- $1 uuid episode, $2 uuid[] libraries that count, null for all
SELECT file.id, file.library_id, file.path, file.size_bytes, file.state, file.part, file.resolution, file.duration_s
FROM /* TEMPLATE: schema */item_episode AS link
JOIN /* TEMPLATE: schema */library_item AS item ON item.id = link.item_id
JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
WHERE link.episode_id = $1 AND ($2::uuid[] IS NULL OR item.library_id = ANY ($2))
ORDER BY file.part NULLS FIRST, file.id;

-- name: episode_delete_placeholders :many
-- Episodes that names alone told of and that no file is of any more. $1 uuid series
DELETE FROM /* TEMPLATE: schema */entity AS gone
USING /* TEMPLATE: schema */episode AS episode
WHERE episode.id = gone.id AND episode.series_id = $1 AND episode.metadata_updated_at IS NULL
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */item_episode AS link WHERE link.episode_id = episode.id)
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */watched AS seen WHERE seen.entity_id = episode.id)
RETURNING gone.id;

-- name: network_put :many
-- Networks by name, made where they are not there. $1 uuid[] id for new ones, $2 text[] name, $3 text[] country
WITH given AS (
    SELECT id, name, country FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row (id, name, country)
),
made AS (
    INSERT INTO /* TEMPLATE: schema */network (id, name, country)
    SELECT id, name, country FROM given ORDER BY lower(name), coalesce(country, '')
    ON CONFLICT (lower(name), coalesce(country, '')) DO NOTHING
    RETURNING id
)
SELECT id FROM made
UNION
SELECT network.id FROM /* TEMPLATE: schema */network AS network
JOIN given ON lower(given.name) = lower(network.name) AND coalesce(given.country, '') = coalesce(network.country, '');

-- name: series_network_put :exec
-- $1 uuid series, $2 uuid[] all of its networks
WITH gone AS (
    DELETE FROM /* TEMPLATE: schema */series_network WHERE series_id = $1 AND network_id <> ALL ($2::uuid[])
)
INSERT INTO /* TEMPLATE: schema */series_network (series_id, network_id)
SELECT $1, given.id FROM unnest($2::uuid[]) AS given (id)
ON CONFLICT DO NOTHING;

-- name: series_visible :one
-- Whether a library has it that may be seen. $1 uuid id, $2 uuid[] libraries, null for all
SELECT EXISTS (
    SELECT FROM /* TEMPLATE: schema */series AS series
    WHERE series.id = $1 AND ($2::uuid[] IS NULL OR EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_item AS item
        WHERE item.series_id = series.id AND item.library_id = ANY ($2)
    ))
);

-- name: series_is_identified :one
-- $1 uuid id
SELECT EXISTS (SELECT FROM /* TEMPLATE: schema */external_id WHERE entity_id = $1);

-- name: series_existing :many
-- $1 uuid[] ids
SELECT id FROM /* TEMPLATE: schema */series WHERE id = ANY ($1::uuid[]);

-- name: series_only_of :many
-- Those of the given that no other library has, and that Sonarr does not know either. $1 uuid library, $2 uuid[] ids
SELECT series.id FROM /* TEMPLATE: schema */series AS series
WHERE series.id = ANY ($2::uuid[])
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_item AS item WHERE item.series_id = series.id AND item.library_id <> $1
    )
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */arr_title AS title WHERE title.entity_id = series.id);

-- name: picture_owners :many
-- A series, its seasons and its episodes, as far as they have a picture that was not fetched. $1 uuid[] series
SELECT DISTINCT image.entity_id
FROM /* TEMPLATE: schema */image AS image
WHERE image.hash IS NULL AND image.position <= 0 AND image.entity_id IN (
    SELECT each.id FROM unnest($1::uuid[]) AS each (id)
    UNION ALL
    SELECT season.id FROM /* TEMPLATE: schema */season AS season WHERE season.series_id = ANY ($1)
    UNION ALL
    SELECT episode.id FROM /* TEMPLATE: schema */episode AS episode WHERE episode.series_id = ANY ($1)
);
