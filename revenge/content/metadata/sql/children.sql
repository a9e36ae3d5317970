-- What hangs on entities. Each statement takes rows of many entities; of those in $1 the given rows are all there are, so that
-- what is not given goes. Rows that are the same stay as they are, ids included.

-- name: translation_put :exec
-- $1 uuid[] entities whose rows are all given, $2 uuid[] entity, $3 text[] language, $4 text[] title, $5 text[] overview,
-- $6 text[] tagline
WITH given AS (
    SELECT entity_id, language, title, overview, tagline
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS row (entity_id, language, title, overview, tagline)
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */translation AS old
    WHERE old.entity_id = ANY ($1::uuid[])
        AND NOT EXISTS (SELECT FROM given WHERE given.entity_id = old.entity_id AND given.language = old.language)
)
INSERT INTO /* TEMPLATE: schema */translation AS old (entity_id, language, title, overview, tagline)
SELECT entity_id, language, title, overview, tagline FROM given
ON CONFLICT (entity_id, language) DO UPDATE SET
    title = CASE WHEN old.entity_id = ANY ($1) THEN EXCLUDED.title ELSE coalesce(EXCLUDED.title, old.title) END,
    overview = CASE WHEN old.entity_id = ANY ($1) THEN EXCLUDED.overview ELSE coalesce(EXCLUDED.overview, old.overview) END,
    tagline = CASE WHEN old.entity_id = ANY ($1) THEN EXCLUDED.tagline ELSE coalesce(EXCLUDED.tagline, old.tagline) END
WHERE (old.title, old.overview, old.tagline) IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.overview, EXCLUDED.tagline);

-- name: genre_put :exec
-- $1 text[] slug, $2 text[] name
INSERT INTO /* TEMPLATE: schema */genre (slug, name)
SELECT given.slug, given.name FROM unnest($1::text[], $2::text[]) AS given (slug, name)
ORDER BY given.slug
ON CONFLICT (slug) DO NOTHING;

-- name: entity_genre_put :exec
-- $1 uuid[] entities whose rows are all given, $2 uuid[] entity, $3 text[] slug, $4 integer[] position
WITH given AS (
    SELECT entity_id, genre, position FROM unnest($2::uuid[], $3::text[], $4::integer[]) AS row (entity_id, genre, position)
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */entity_genre AS old
    WHERE old.entity_id = ANY ($1::uuid[])
        AND NOT EXISTS (SELECT FROM given WHERE given.entity_id = old.entity_id AND given.genre = old.genre)
)
INSERT INTO /* TEMPLATE: schema */entity_genre AS old (entity_id, genre, position)
SELECT entity_id, genre, position FROM given
ON CONFLICT (entity_id, genre) DO UPDATE SET position = EXCLUDED.position
WHERE old.entity_id = ANY ($1) AND old.position <> EXCLUDED.position;

-- name: rating_put :exec
-- $1 uuid[] entities whose rows are all given, $2 uuid[] entity, $3 text[] source, $4 double precision[] value,
-- $5 integer[] votes
WITH given AS (
    SELECT entity_id, source, round(value::numeric, 2) AS value, votes
    FROM unnest($2::uuid[], $3::text[], $4::double precision[], $5::integer[]) AS row (entity_id, source, value, votes)
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */rating AS old
    WHERE old.entity_id = ANY ($1::uuid[])
        AND NOT EXISTS (SELECT FROM given WHERE given.entity_id = old.entity_id AND given.source = old.source)
)
INSERT INTO /* TEMPLATE: schema */rating AS old (entity_id, source, value, votes)
SELECT entity_id, source, value, votes FROM given
ON CONFLICT (entity_id, source) DO UPDATE SET value = EXCLUDED.value, votes = EXCLUDED.votes
WHERE (old.value, old.votes) IS DISTINCT FROM (EXCLUDED.value, EXCLUDED.votes);

-- name: certification_put :exec
-- $1 uuid[] entities whose rows are all given, $2 uuid[] entity, $3 text[] country, $4 text[] value
WITH given AS (
    SELECT entity_id, country, value FROM unnest($2::uuid[], $3::text[], $4::text[]) AS row (entity_id, country, value)
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */certification AS old
    WHERE old.entity_id = ANY ($1::uuid[])
        AND NOT EXISTS (SELECT FROM given WHERE given.entity_id = old.entity_id AND given.country = old.country)
)
INSERT INTO /* TEMPLATE: schema */certification AS old (entity_id, country, value)
SELECT entity_id, country, value FROM given
ON CONFLICT (entity_id, country) DO UPDATE SET value = EXCLUDED.value WHERE old.value <> EXCLUDED.value;

-- name: image_put :exec
-- Of the entities in $1 only pictures of providers that are given go: one that could not be asked took nothing back. What
-- was fetched of a picture stays with it. Where the given are not all, they come after those that are there.
-- $1 uuid[] entities whose rows are all given, $2 uuid[] id for new ones, $3 uuid[] entity, $4 text[] type,
-- $5 text[] provider, $6 text[] source, $7 text[] language, $8 integer[] position
WITH given AS (
    SELECT id, entity_id, type, provider, source, language, position
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[])
        AS row (id, entity_id, type, provider, source, language, position)
),
last AS (
    SELECT entity_id, type, max(position) + 1 AS position
    FROM /* TEMPLATE: schema */image
    WHERE entity_id = ANY ($3::uuid[]) AND entity_id <> ALL ($1::uuid[])
    GROUP BY entity_id, type
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */image AS old
    WHERE old.entity_id = ANY ($1::uuid[])
        AND EXISTS (SELECT FROM given WHERE given.entity_id = old.entity_id AND given.provider = old.provider)
        AND NOT EXISTS (
            SELECT FROM given
            WHERE given.entity_id = old.entity_id AND given.type = old.type AND given.provider = old.provider
                AND given.source = old.source
        )
)
INSERT INTO /* TEMPLATE: schema */image AS old (id, entity_id, type, provider, source, language, position)
SELECT
    given.id, given.entity_id, given.type, given.provider, given.source, given.language,
    given.position + coalesce(last.position, 0)
FROM given LEFT JOIN last ON last.entity_id = given.entity_id AND last.type = given.type
ON CONFLICT (entity_id, type, provider, source) DO UPDATE SET
    language = EXCLUDED.language,
    position = CASE WHEN old.entity_id = ANY ($1) THEN EXCLUDED.position ELSE old.position END
WHERE old.language IS DISTINCT FROM EXCLUDED.language
    OR (old.entity_id = ANY ($1) AND old.position <> EXCLUDED.position);

-- name: image_put_missing :exec
-- A picture for those who have none of its type from that provider: somebody's credit knows one, their own page knows better.
-- $1 uuid[] id, $2 uuid[] entity, $3 text[] type, $4 text[] provider, $5 text[] source, $6 text[] language
INSERT INTO /* TEMPLATE: schema */image (id, entity_id, type, provider, source, language)
SELECT given.id, given.entity_id, given.type, given.provider, given.source, given.language
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS given (id, entity_id, type, provider, source, language)
WHERE NOT EXISTS (
    SELECT FROM /* TEMPLATE: schema */image AS old
    WHERE old.entity_id = given.entity_id AND old.type = given.type AND old.provider = given.provider
)
ORDER BY given.entity_id, given.type, given.provider, given.source
ON CONFLICT (entity_id, type, provider, source) DO NOTHING;

-- name: credit_put :many
-- Return those whose credits changed. $1 uuid[] entities whose rows are all given, $2 uuid[] id for new ones, $3 uuid[] entity,
-- $4 uuid[] person, $5 text[] type, $6 text[] character, $7 text[] job, $8 text[] department, $9 integer[] position
WITH given AS (
    SELECT id, entity_id, person_id, type, character, job, department, position
    FROM unnest(
        $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[]
    ) AS row (id, entity_id, person_id, type, character, job, department, position)
),
gone AS (
    DELETE FROM /* TEMPLATE: schema */credit AS old
    WHERE old.entity_id = ANY ($1::uuid[])
        AND NOT EXISTS (
            SELECT FROM given
            WHERE given.entity_id = old.entity_id AND given.person_id = old.person_id AND given.type = old.type
                AND given.character = old.character AND given.job = old.job
        )
    RETURNING old.person_id
),
put AS (
    INSERT INTO /* TEMPLATE: schema */credit AS old (
        id, entity_id, person_id, type, character, job, department, position
    )
    SELECT id, entity_id, person_id, type, character, job, department, position FROM given
    ON CONFLICT (entity_id, person_id, type, character, job) DO UPDATE SET
        department = EXCLUDED.department, position = EXCLUDED.position
    WHERE (old.department, old.position) IS DISTINCT FROM (EXCLUDED.department, EXCLUDED.position)
    RETURNING old.person_id
)
SELECT person_id FROM gone UNION SELECT person_id FROM put;
