-- People and what is known of them.

-- name: person_to_refresh :one
-- $1 uuid id
SELECT id, name, metadata_updated_at FROM /* TEMPLATE: schema */person WHERE id = $1;

-- name: person_put_details :one
-- What is null here was not said and stays. $1 uuid id, $2 text name, $3 text biography, $4 date birth_date, $5 date death_date,
-- $6 text birthplace, $7 text known_for, $8 double precision popularity, $9 text metadata_provider, $10 boolean identified
UPDATE /* TEMPLATE: schema */person
SET name = coalesce($2, name), biography = coalesce($3, biography), birth_date = coalesce($4, birth_date),
    death_date = coalesce($5, death_date), birthplace = coalesce($6, birthplace), known_for = coalesce($7, known_for),
    popularity = coalesce($8, popularity), metadata_provider = $9, metadata_updated_at = now(), updated_at = now(),
    local_key = CASE WHEN $10 THEN NULL ELSE local_key END
WHERE id = $1
RETURNING id;

-- name: person_set_asked :exec
-- $1 uuid id
UPDATE /* TEMPLATE: schema */person SET metadata_updated_at = now() WHERE id = $1;

-- name: person_stale :many
-- Those of whom nobody was asked for long, the longest first: who has an id to ask by, and is credited somewhere.
-- $1 timestamptz older than that is old, $2 integer rows at most
SELECT person.id
FROM /* TEMPLATE: schema */person AS person
WHERE (person.metadata_updated_at IS NULL OR person.metadata_updated_at < $1)
    AND person.local_key IS NULL
    AND (SELECT credit.id FROM /* TEMPLATE: schema */credit AS credit WHERE credit.person_id = person.id LIMIT 1) IS NOT NULL
ORDER BY person.metadata_updated_at NULLS FIRST, person.id
LIMIT $2;

-- name: person_get :one
-- $1 uuid id
SELECT
    id, name, biography, birth_date, death_date, birthplace, known_for, popularity, metadata_provider, metadata_updated_at,
    created_at, updated_at
FROM /* TEMPLATE: schema */person
WHERE id = $1;

-- name: person_credits :many
-- Films and series that somebody had to do with and that may be seen, the newest first; an episode counts for its series.
-- $1 uuid person, $2 uuid[] libraries that may be seen, null for all, $3 integer rows at most
WITH done AS (
    SELECT
        coalesce(movie.id, series.id) AS entity_id, coalesce(movie.title, series.title) AS title,
        coalesce(movie.year, series.year) AS year, CASE WHEN movie.id IS NULL THEN 'series' ELSE 'movie' END AS kind,
        credit.type, credit.character, credit.job
    FROM /* TEMPLATE: schema */credit AS credit
    LEFT JOIN /* TEMPLATE: schema */movie AS movie ON movie.id = credit.entity_id
    LEFT JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = credit.entity_id
    LEFT JOIN /* TEMPLATE: schema */series AS series ON series.id = coalesce(episode.series_id, credit.entity_id)
    WHERE credit.person_id = $1 AND (movie.id IS NOT NULL OR series.id IS NOT NULL)
)
SELECT DISTINCT done.entity_id, done.kind, done.title, done.year, done.type, done.character, done.job
FROM done
WHERE EXISTS (
    SELECT FROM /* TEMPLATE: schema */library_item AS item
    JOIN /* TEMPLATE: schema */library AS library ON library.id = item.library_id
    WHERE (item.movie_id = done.entity_id OR item.series_id = done.entity_id) AND library.deleted_at IS NULL
        AND ($2::uuid[] IS NULL OR library.id = ANY ($2))
)
ORDER BY done.year DESC NULLS LAST, done.title, done.entity_id
LIMIT $3;
