-- Films. A film is to be seen where a library that is not deleted has an item of it; one that no library has, since Radarr
-- alone knows it, by whoever may see everything.

-- name: movie_create_lock :exec
-- One at a time makes films: two matches of one film would make two of it.
SELECT pg_advisory_xact_lock(hashtextextended('revenge.movie', 0));

-- name: movie_insert_many :exec
-- $1 uuid[] id, $2 text[] title, $3 text[] original_title, $4 text[] original_language, $5 integer[] year,
-- $6 date[] release_date, $7 integer[] runtime_min, $8 text[] overview, $9 text[] tagline, $10 text[] metadata_provider,
-- $11 text[] local_key
INSERT INTO /* TEMPLATE: schema */movie (
    id, title, original_title, original_language, year, release_date, runtime_min, overview, tagline, metadata_provider,
    local_key
)
SELECT
    given.id, given.title, given.original_title, given.original_language, given.year, given.release_date, given.runtime_min,
    given.overview, given.tagline, given.metadata_provider, given.local_key
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::date[], $7::integer[], $8::text[], $9::text[],
    $10::text[], $11::text[]
) AS given (
    id, title, original_title, original_language, year, release_date, runtime_min, overview, tagline, metadata_provider,
    local_key
);

-- name: movie_find_local :many
-- $1 text[] local keys
SELECT local_key, id FROM /* TEMPLATE: schema */movie WHERE local_key = ANY ($1::text[]);

-- name: movie_alike_settings :exec
-- For the transaction of movie_alike. Comparing two titles is taken to be as cheap as comparing two numbers, so that the planner
-- would compare all films with each title: of 20,000 films that takes a fifth of a second a title. And what is less like
-- than this is no candidate.
SELECT set_config('enable_seqscan', 'off', true), set_config('pg_trgm.similarity_threshold', '0.4', true);

-- name: movie_alike :many
-- Films with titles like those given, by trigrams; the best few for each.
-- $1 integer[] number, $2 text[] title, $3 integer films for each at most
SELECT given.number, alike.id, alike.title, alike.original_title, alike.year
FROM unnest($1::integer[], $2::text[]) AS given (number, title)
CROSS JOIN LATERAL (
    SELECT movie.id, movie.title, movie.original_title, movie.year
    FROM /* TEMPLATE: schema */movie AS movie
    WHERE movie.title OPERATOR(public.%) given.title OR movie.original_title OPERATOR(public.%) given.title
    ORDER BY
        greatest(
            public.similarity(movie.title, given.title), coalesce(public.similarity(movie.original_title, given.title), 0)
        ) DESC,
        movie.id
    LIMIT $3
) AS alike
ORDER BY given.number;

-- name: movie_alike_of_year :many
-- The same where the year is known: films of it and of the years beside it, which are few, are compared one by one.
-- $1 integer[] number, $2 text[] title, $3 integer[] year, $4 integer films for each at most
SELECT given.number, alike.id, alike.title, alike.original_title, alike.year
FROM unnest($1::integer[], $2::text[], $3::integer[]) AS given (number, title, year)
CROSS JOIN LATERAL (
    SELECT movie.id, movie.title, movie.original_title, movie.year
    FROM /* TEMPLATE: schema */movie AS movie
    CROSS JOIN LATERAL (
        SELECT greatest(
            public.similarity(movie.title, given.title), coalesce(public.similarity(movie.original_title, given.title), 0)
        ) AS likeness
    ) AS compared
    WHERE movie.year BETWEEN given.year - 1 AND given.year + 1 AND compared.likeness >= 0.4
    ORDER BY compared.likeness DESC, movie.id
    LIMIT $4
) AS alike
ORDER BY given.number;

-- name: movie_aliases :many
-- What else films are called. $1 uuid[] ids
SELECT entity_id, title FROM /* TEMPLATE: schema */translation WHERE entity_id = ANY ($1::uuid[]) AND title IS NOT NULL;

-- name: movie_put_details :one
-- What is null here was not said and stays; with $21 what is known stays as well, and only gaps are filled. Once a provider
-- knows it, a film is no longer a local one. Return whether anything is another now.
-- $1 uuid id, $2 text title, $3 text original_title, $4 text original_language, $5 integer year, $6 date release_date,
-- $7 integer runtime_min, $8 text overview, $9 text tagline, $10 text status, $11 bigint budget, $12 bigint revenue,
-- $13 double precision popularity, $14 numeric vote_average, $15 integer vote_count, $16 text trailer_url, $17 text homepage,
-- $18 uuid collection_id, $19 text metadata_provider, $20 boolean it is identified, $21 boolean only gaps are filled
WITH before AS (
    SELECT
        id, title, original_title, original_language, year, release_date, runtime_min, overview, tagline, status, budget,
        revenue, vote_average, vote_count, trailer_url, homepage, collection_id
    FROM /* TEMPLATE: schema */movie WHERE id = $1
)
UPDATE /* TEMPLATE: schema */movie AS movie
SET title = CASE WHEN $21 THEN movie.title ELSE coalesce($2, movie.title) END,
    original_title = CASE WHEN $21 THEN coalesce(movie.original_title, $3) ELSE coalesce($3, movie.original_title) END,
    original_language =
        CASE WHEN $21 THEN coalesce(movie.original_language, $4) ELSE coalesce($4, movie.original_language) END,
    year = CASE WHEN $21 THEN coalesce(movie.year, $5) ELSE coalesce($5, movie.year) END,
    release_date = CASE WHEN $21 THEN coalesce(movie.release_date, $6) ELSE coalesce($6, movie.release_date) END,
    runtime_min = CASE WHEN $21 THEN coalesce(movie.runtime_min, $7) ELSE coalesce($7, movie.runtime_min) END,
    overview = CASE WHEN $21 THEN coalesce(movie.overview, $8) ELSE coalesce($8, movie.overview) END,
    tagline = CASE WHEN $21 THEN coalesce(movie.tagline, $9) ELSE coalesce($9, movie.tagline) END,
    status = CASE WHEN $21 THEN coalesce(movie.status, $10) ELSE coalesce($10, movie.status) END,
    budget = CASE WHEN $21 THEN coalesce(movie.budget, $11) ELSE coalesce($11, movie.budget) END,
    revenue = CASE WHEN $21 THEN coalesce(movie.revenue, $12) ELSE coalesce($12, movie.revenue) END,
    popularity = CASE WHEN $21 THEN coalesce(movie.popularity, $13) ELSE coalesce($13, movie.popularity) END,
    vote_average = CASE WHEN $21 THEN coalesce(movie.vote_average, $14) ELSE coalesce($14, movie.vote_average) END,
    vote_count = CASE WHEN $21 THEN coalesce(movie.vote_count, $15) ELSE coalesce($15, movie.vote_count) END,
    trailer_url = CASE WHEN $21 THEN coalesce(movie.trailer_url, $16) ELSE coalesce($16, movie.trailer_url) END,
    homepage = CASE WHEN $21 THEN coalesce(movie.homepage, $17) ELSE coalesce($17, movie.homepage) END,
    collection_id = CASE WHEN $21 THEN coalesce(movie.collection_id, $18) ELSE coalesce($18, movie.collection_id) END,
    metadata_provider = CASE WHEN $21 THEN coalesce(movie.metadata_provider, $19) ELSE $19 END,
    local_key = CASE WHEN $20 THEN NULL ELSE movie.local_key END,
    metadata_updated_at = CASE WHEN $21 THEN movie.metadata_updated_at ELSE now() END,
    updated_at = now()
FROM before
WHERE movie.id = before.id
RETURNING
    (
        before.title, before.original_title, before.original_language, before.year, before.release_date, before.runtime_min,
        before.overview, before.tagline, before.status, before.budget, before.revenue, before.vote_average, before.vote_count,
        before.trailer_url, before.homepage, before.collection_id
    ) IS DISTINCT FROM (
        movie.title, movie.original_title, movie.original_language, movie.year, movie.release_date, movie.runtime_min,
        movie.overview, movie.tagline, movie.status, movie.budget, movie.revenue, movie.vote_average, movie.vote_count,
        movie.trailer_url, movie.homepage, movie.collection_id
    ) AS changed;

-- name: movie_set_asked :exec
-- Somebody was asked and knew nothing: it is not asked again before it is old. $1 uuid id
UPDATE /* TEMPLATE: schema */movie SET metadata_updated_at = now() WHERE id = $1;

-- name: movie_to_refresh :one
-- A film as a refresh needs it, with the languages of the libraries that have it. $1 uuid id
SELECT
    movie.id, movie.title, movie.original_title, movie.year, movie.local_key, movie.metadata_updated_at,
    ARRAY(
        SELECT library.preferred_language
        FROM /* TEMPLATE: schema */library_item AS item
        JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
        WHERE item.movie_id = movie.id AND library.deleted_at IS NULL
        GROUP BY library.preferred_language
        ORDER BY min(library.created_at)
    ) AS languages
FROM /* TEMPLATE: schema */movie AS movie
WHERE movie.id = $1;

-- name: movie_stale :many
-- Those of which nobody was asked for long, the longest first, without those that deleted libraries alone have; new films
-- change more often.
-- $1 timestamptz older than that is old, $2 timestamptz older than that is old for films of the last two years,
-- $3 integer rows at most
SELECT movie.id
FROM /* TEMPLATE: schema */movie AS movie
WHERE (movie.metadata_updated_at IS NULL
        OR movie.metadata_updated_at < $1
        OR (movie.metadata_updated_at < $2 AND movie.year >= extract(year FROM now()) - 1))
    -- As in movie_list_added.
    AND coalesce(
        (
            SELECT true
            FROM /* TEMPLATE: schema */library_item AS item
            JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
            WHERE item.movie_id = movie.id AND library.deleted_at IS NULL
            LIMIT 1
        ),
        (SELECT item.id FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = movie.id LIMIT 1) IS NULL
    )
ORDER BY movie.metadata_updated_at NULLS FIRST, movie.id
LIMIT $3;

-- name: movie_get :one
-- $1 uuid id, $2 uuid[] libraries that may be seen, null for all
SELECT
    movie.id, movie.title, movie.original_title, movie.original_language, movie.year, movie.release_date, movie.runtime_min,
    movie.overview, movie.tagline, movie.status, movie.budget, movie.revenue, movie.popularity, movie.vote_average,
    movie.vote_count, movie.trailer_url, movie.homepage, movie.collection_id, movie.local_key IS NOT NULL AS is_local,
    movie.metadata_provider, movie.metadata_updated_at, movie.added_at, movie.updated_at
FROM /* TEMPLATE: schema */movie AS movie
WHERE movie.id = $1
    AND CASE WHEN $2::uuid[] IS NULL
        THEN NOT EXISTS (SELECT FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = movie.id)
            OR EXISTS (
                SELECT FROM /* TEMPLATE: schema */library_item AS item
                JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
                WHERE item.movie_id = movie.id AND library.deleted_at IS NULL
            )
        ELSE EXISTS (
            SELECT FROM /* TEMPLATE: schema */library_item AS item
            JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
            WHERE item.movie_id = movie.id AND library.deleted_at IS NULL AND library.id = ANY ($2)
        )
    END;

-- name: movie_list_added :many
-- The newest first. $1 uuid[] libraries that may be seen, null for all, $2 uuid library, $3 text genre, $4 integer year,
-- $5 uuid collection, $6 text part of a title, $7 timestamptz and $8 uuid after which the page begins, $9 integer rows at most
SELECT
    movie.id, movie.title, movie.original_title, movie.original_language, movie.year, movie.release_date, movie.runtime_min,
    movie.overview, movie.tagline, movie.status, movie.budget, movie.revenue, movie.popularity, movie.vote_average,
    movie.vote_count, movie.trailer_url, movie.homepage, movie.collection_id, movie.local_key IS NOT NULL AS is_local,
    movie.metadata_provider, movie.metadata_updated_at, movie.added_at, movie.updated_at
FROM /* TEMPLATE: schema */movie AS movie
WHERE ($7::timestamptz IS NULL OR (movie.added_at, movie.id) < ($7, $8::uuid))
    AND ($4::integer IS NULL OR movie.year = $4)
    AND ($5::uuid IS NULL OR movie.collection_id = $5)
    AND ($6::text IS NULL OR movie.title ILIKE $6 OR movie.original_title ILIKE $6)
    AND ($3::text IS NULL OR EXISTS (
        SELECT FROM /* TEMPLATE: schema */entity_genre AS genre WHERE genre.entity_id = movie.id AND genre.genre = $3
    ))
    -- LIMIT keeps each of these a look at one film: an EXISTS within an OR becomes a hash of all items.
    AND coalesce(
        (
            SELECT true
            FROM /* TEMPLATE: schema */library_item AS item
            JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
            WHERE item.movie_id = movie.id AND library.deleted_at IS NULL
                AND ($1::uuid[] IS NULL OR library.id = ANY ($1)) AND ($2::uuid IS NULL OR library.id = $2)
            LIMIT 1
        ),
        $1::uuid[] IS NULL AND $2::uuid IS NULL
        AND (SELECT item.id FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = movie.id LIMIT 1) IS NULL
    )
ORDER BY movie.added_at DESC, movie.id DESC
LIMIT $9;

-- name: movie_list_title :many
-- By title. $1 uuid[] libraries that may be seen, null for all, $2 uuid library, $3 text genre, $4 integer year,
-- $5 uuid collection, $6 text part of a title, $7 text lower-case title and $8 uuid after which the page begins,
-- $9 integer rows at most
SELECT
    movie.id, movie.title, movie.original_title, movie.original_language, movie.year, movie.release_date, movie.runtime_min,
    movie.overview, movie.tagline, movie.status, movie.budget, movie.revenue, movie.popularity, movie.vote_average,
    movie.vote_count, movie.trailer_url, movie.homepage, movie.collection_id, movie.local_key IS NOT NULL AS is_local,
    movie.metadata_provider, movie.metadata_updated_at, movie.added_at, movie.updated_at, lower(movie.title) AS sort_key
FROM /* TEMPLATE: schema */movie AS movie
WHERE ($7::text IS NULL OR (lower(movie.title), movie.id) > ($7, $8::uuid))
    AND ($4::integer IS NULL OR movie.year = $4)
    AND ($5::uuid IS NULL OR movie.collection_id = $5)
    AND ($6::text IS NULL OR movie.title ILIKE $6 OR movie.original_title ILIKE $6)
    AND ($3::text IS NULL OR EXISTS (
        SELECT FROM /* TEMPLATE: schema */entity_genre AS genre WHERE genre.entity_id = movie.id AND genre.genre = $3
    ))
    -- LIMIT keeps each of these a look at one film: an EXISTS within an OR becomes a hash of all items.
    AND coalesce(
        (
            SELECT true
            FROM /* TEMPLATE: schema */library_item AS item
            JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
            WHERE item.movie_id = movie.id AND library.deleted_at IS NULL
                AND ($1::uuid[] IS NULL OR library.id = ANY ($1)) AND ($2::uuid IS NULL OR library.id = $2)
            LIMIT 1
        ),
        $1::uuid[] IS NULL AND $2::uuid IS NULL
        AND (SELECT item.id FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = movie.id LIMIT 1) IS NULL
    )
ORDER BY lower(movie.title), movie.id
LIMIT $9;

-- name: movie_files :many
-- Files of a film, in libraries that may be seen. $1 uuid movie, $2 uuid[] libraries that may be seen, null for all,
-- $3 integer rows at most
SELECT
    file.id, file.library_id, file.item_id, file.path, file.disc, file.size_bytes, file.mtime_ns, file.state,
    file.missing_since, file.media, file.title, file.year, file.season, file.episodes, file.absolute, file.air_date,
    file.edition, file.part, file.tmdb_id, file.imdb_id, file.tvdb_id, file.resolution, file.source, file.name_codec,
    file.release_group, file.episode_title, file.nfo, file.probed_at, file.probe_error, file.duration_s, file.container,
    file.video_codec, file.width, file.height, file.hdr, file.probe, file.added_at, file.updated_at
FROM /* TEMPLATE: schema */library_item AS item
JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
JOIN /* TEMPLATE: schema */library_file AS file ON file.item_id = item.id
WHERE item.movie_id = $1 AND library.deleted_at IS NULL AND ($2::uuid[] IS NULL OR library.id = ANY ($2))
ORDER BY item.id, file.path_text, file.id
LIMIT $3;

-- name: movie_set_collection :exec
-- $1 uuid[] movie, $2 uuid[] collection
UPDATE /* TEMPLATE: schema */movie AS movie SET collection_id = given.collection_id
FROM unnest($1::uuid[], $2::uuid[]) AS given (id, collection_id)
WHERE movie.id = given.id;

-- name: movie_fill_from :exec
-- What a film lacks and another has that is to be merged into it. $1 uuid what stays, $2 uuid what goes
UPDATE /* TEMPLATE: schema */movie AS keep
SET original_title = coalesce(keep.original_title, gone.original_title), year = coalesce(keep.year, gone.year),
    overview = coalesce(keep.overview, gone.overview), runtime_min = coalesce(keep.runtime_min, gone.runtime_min),
    collection_id = coalesce(keep.collection_id, gone.collection_id),
    added_at = least(keep.added_at, gone.added_at), updated_at = now()
FROM /* TEMPLATE: schema */movie AS gone
WHERE keep.id = $1 AND gone.id = $2;

-- name: movie_clear_local_key :exec
-- Films that somebody has identified. $1 uuid[] ids
UPDATE /* TEMPLATE: schema */movie SET local_key = NULL WHERE id = ANY ($1::uuid[]) AND local_key IS NOT NULL;

-- name: movie_local :many
-- Those that names and NFO files alone know. $1 uuid[] ids
SELECT id FROM /* TEMPLATE: schema */movie WHERE id = ANY ($1::uuid[]) AND local_key IS NOT NULL;

-- name: movie_known :many
-- Which of them are films. $1 uuid[] ids
SELECT id FROM /* TEMPLATE: schema */movie WHERE id = ANY ($1::uuid[]);

-- name: movie_titles :many
-- $1 uuid[] ids
SELECT id, title, year FROM /* TEMPLATE: schema */movie WHERE id = ANY ($1::uuid[]) ORDER BY title, id;

-- name: movie_of_library :many
-- Films that a library has. $1 uuid library, $2 uuid after which the page begins, $3 integer rows at most
SELECT DISTINCT movie_id FROM /* TEMPLATE: schema */library_item
WHERE library_id = $1 AND movie_id > $2
ORDER BY movie_id
LIMIT $3;

-- name: movie_abandoned :many
-- Those of the given that no library has any more, and that Radarr does not know either. $1 uuid[] ids
SELECT movie.id, movie.local_key IS NOT NULL AS is_local
FROM /* TEMPLATE: schema */movie AS movie
WHERE movie.id = ANY ($1::uuid[])
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = movie.id)
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */arr_title AS title WHERE title.entity_id = movie.id);

-- name: movie_only_of :many
-- Those of the given that no other library has, and that Radarr does not know either. $1 uuid library, $2 uuid[] ids
SELECT movie.id FROM /* TEMPLATE: schema */movie AS movie
WHERE movie.id = ANY ($2::uuid[])
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_item AS item WHERE item.movie_id = movie.id AND item.library_id <> $1
    )
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */arr_title AS title WHERE title.entity_id = movie.id);

-- name: collection_list :many
-- Collections that have a film which may be seen, by name. $1 uuid[] libraries that may be seen, null for all,
-- $2 text lower-case name and $3 uuid after which the page begins, $4 integer rows at most
SELECT collection.id, collection.name, collection.overview, lower(collection.name) AS sort_key
FROM /* TEMPLATE: schema */collection AS collection
WHERE ($2::text IS NULL OR (lower(collection.name), collection.id) > ($2, $3::uuid))
    AND EXISTS (
        SELECT FROM /* TEMPLATE: schema */movie AS movie
        JOIN /* TEMPLATE: schema */library_item AS item ON item.movie_id = movie.id
        JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
        WHERE movie.collection_id = collection.id AND library.deleted_at IS NULL
            AND ($1::uuid[] IS NULL OR library.id = ANY ($1))
    )
ORDER BY lower(collection.name), collection.id
LIMIT $4;

-- name: collection_is_seen :one
-- Whether any film of it may be seen. $1 uuid collection, $2 uuid[] libraries that may be seen
SELECT EXISTS (
    SELECT FROM /* TEMPLATE: schema */movie AS movie
    JOIN /* TEMPLATE: schema */library_item AS item ON item.movie_id = movie.id
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
    WHERE movie.collection_id = $1 AND library.deleted_at IS NULL AND library.id = ANY ($2::uuid[])
);

-- name: collection_get :one
-- $1 uuid id
SELECT id, name, overview FROM /* TEMPLATE: schema */collection WHERE id = $1;
