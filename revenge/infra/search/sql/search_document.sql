-- Documents that PostgreSQL itself searches.

-- name: document_put :exec
-- A build that goes on is kept where the writer does not name it. Lists come as arrays, one element a row.
-- $1 text collection, $2 uuid[] ids, $3 text[] folded titles, $4 text[] folded names, $5 text[] words as tsvectors,
-- $6 text[] library ids as arrays ('{...}'), $7 text[] facts as JSON, $8 text[] documents as JSON, $9 uuid build or null
INSERT INTO /* TEMPLATE: schema */search_document AS kept (
    collection, id, title, names, words, library_ids, facts, data, build
)
SELECT
    $1, given.id, given.title, given.names, given.words::tsvector, given.library_ids::uuid[],
    given.facts::jsonb, given.data::jsonb, $9
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS given (id, title, names, words, library_ids, facts, data)
ORDER BY given.id
ON CONFLICT (collection, id) DO UPDATE
SET title = EXCLUDED.title, names = EXCLUDED.names, words = EXCLUDED.words, library_ids = EXCLUDED.library_ids,
    facts = EXCLUDED.facts, data = EXCLUDED.data, build = coalesce(EXCLUDED.build, kept.build), indexed_at = now();

-- name: document_remove :exec
-- $1 text collection, $2 uuid[] ids
DELETE FROM /* TEMPLATE: schema */search_document WHERE collection = $1 AND id = ANY ($2::uuid[]);

-- name: document_remove_others :exec
-- What a build that is complete has not met. $1 text collection, $2 uuid build
DELETE FROM /* TEMPLATE: schema */search_document WHERE collection = $1 AND build IS DISTINCT FROM $2;

-- name: document_count :one
-- $1 text collection, $2 uuid build, or null for all
SELECT count(*) FROM /* TEMPLATE: schema */search_document WHERE collection = $1 AND ($2::uuid IS NULL OR build = $2);

-- name: document_get :many
-- $1 text collection, $2 uuid[] ids
SELECT data FROM /* TEMPLATE: schema */search_document WHERE collection = $1 AND id = ANY ($2::uuid[]);

-- name: document_members :many
-- $1 text collection, $2 text[] ids of series
SELECT id FROM /* TEMPLATE: schema */search_document WHERE collection = $1 AND facts ->> 'series_id' = ANY ($2::text[]);

-- name: document_search :one
-- A page of hits with its total and its facets, in one answer. Of the three ways to candidates one is taken: words, a part
-- of a title, or all. Filters are the same for every collection, by the names of fields.
-- $1 text collection, $2 text words as a tsquery or null, $3 text a LIKE pattern or null, $4 text the folded query,
-- $5 uuid[] libraries or null for all, $6 jsonb values by field of which one must be there ({"genres": ["a", "b"]}),
-- $7 jsonb flags by field ({"has_file": true}), $8 text[] numbers' fields, $9 float8[] from, $10 float8[] to,
-- $11 text field to sort by, null for relevance, $12 boolean descending, $13 integer hits, $14 integer hits before them,
-- $15 text[] facets, $16 integer values of each facet at most
WITH candidates AS (
    SELECT
        id, title, library_ids, facts,
        ts_rank('{0.05, 0.2, 0.5, 1.0}', words, $2::tsquery, 1)
            + CASE WHEN title = $4 THEN 2 WHEN starts_with(title, $4) THEN 0.5 ELSE 0 END AS score
    FROM /* TEMPLATE: schema */search_document
    WHERE $2::text IS NOT NULL AND collection = $1 AND words @@ $2::tsquery
    UNION ALL
    SELECT id, title, library_ids, facts, 0
    FROM /* TEMPLATE: schema */search_document
    WHERE $2::text IS NULL AND $3::text IS NOT NULL AND collection = $1 AND names LIKE $3
    UNION ALL
    SELECT id, title, library_ids, facts, 0
    FROM /* TEMPLATE: schema */search_document
    WHERE $2::text IS NULL AND $3::text IS NULL AND collection = $1
), matched AS MATERIALIZED (
    SELECT id, title, facts, score
    FROM candidates
    WHERE ($5::uuid[] IS NULL OR library_ids && $5)
        AND facts @> $7::jsonb
        AND NOT EXISTS (
            SELECT FROM jsonb_each($6::jsonb) AS wanted (field, accepted)
            WHERE NOT coalesce(
                CASE jsonb_typeof(facts -> wanted.field)
                    WHEN 'array' THEN facts -> wanted.field ?| ARRAY(SELECT jsonb_array_elements_text(wanted.accepted))
                    ELSE facts ->> wanted.field = ANY (ARRAY(SELECT jsonb_array_elements_text(wanted.accepted)))
                END,
                false
            )
        )
        AND NOT EXISTS (
            SELECT FROM unnest($8::text[], $9::float8[], $10::float8[]) AS span (field, low, high)
            WHERE NOT coalesce((facts ->> span.field)::float8 BETWEEN span.low AND span.high, false)
        )
), page AS (
    SELECT
        id, score,
        row_number() OVER (
            ORDER BY
                CASE WHEN $11::text IS NULL THEN score END DESC,
                CASE WHEN $11 = 'sort_title' AND NOT $12 THEN title END,
                CASE WHEN $11 = 'sort_title' AND $12 THEN title END DESC,
                CASE WHEN $11 <> 'sort_title' THEN (facts ->> $11)::float8 * CASE WHEN $12 THEN -1 ELSE 1 END END
                    NULLS LAST,
                (facts ->> 'popularity')::float8 DESC NULLS LAST,
                id
        ) AS position
    FROM matched
    ORDER BY position
    LIMIT $13 OFFSET $14
)
SELECT
    (SELECT count(*) FROM matched) AS total,
    (
        SELECT jsonb_agg(jsonb_build_object('document', document.data, 'score', page.score) ORDER BY page.position)
        FROM page
        JOIN /* TEMPLATE: schema */search_document AS document ON document.collection = $1 AND document.id = page.id
    ) AS hits,
    (
        SELECT jsonb_agg(jsonb_build_array(counted.field, counted.value, counted.count) ORDER BY counted.count DESC, counted.value)
        FROM (
            SELECT
                facet.field, held.value, count(*) AS count,
                row_number() OVER (PARTITION BY facet.field ORDER BY count(*) DESC, held.value) AS position
            FROM unnest($15::text[]) AS facet (field)
            CROSS JOIN matched
            CROSS JOIN LATERAL jsonb_array_elements_text(
                CASE jsonb_typeof(matched.facts -> facet.field)
                    WHEN 'array' THEN matched.facts -> facet.field
                    ELSE jsonb_build_array(matched.facts -> facet.field)
                END
            ) AS held (value)
            WHERE held.value IS NOT NULL
            GROUP BY facet.field, held.value
        ) AS counted
        WHERE counted.position <= $16
    ) AS facets;
