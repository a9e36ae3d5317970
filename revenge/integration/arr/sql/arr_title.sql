-- Titles and files as the programs have them, beside ours. Lists come as arrays, one element a row; lists inside rows as their
-- text ('{en,de}'), since an array of arrays would be flattened.

-- name: title_known :many
-- $1 text source, $2 bigint[] arr_id
SELECT arr_id, digest, entity_id, removed_at IS NOT NULL AS is_removed, updated_at
FROM /* TEMPLATE: schema */arr_title
WHERE source = $1 AND arr_id = ANY ($2::bigint[]);

-- name: title_ids :many
-- One that was written since the list was asked for may be too new for it. $1 text source, $2 timestamptz when that was
SELECT arr_id FROM /* TEMPLATE: schema */arr_title WHERE source = $1 AND removed_at IS NULL AND updated_at < $2;

-- name: title_put :exec
-- $1 text source, $2 bigint[] arr_id, $3 uuid[] entity_id, $4 text[] title, $5 bytea[] path, $6 boolean[] monitored,
-- $7 bytea[] digest
INSERT INTO /* TEMPLATE: schema */arr_title (source, arr_id, entity_id, title, path, monitored, digest)
SELECT $1, given.arr_id, given.entity_id, given.title, given.path, given.monitored, given.digest
FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::bytea[], $6::boolean[], $7::bytea[])
    AS given (arr_id, entity_id, title, path, monitored, digest)
ORDER BY given.arr_id
ON CONFLICT (source, arr_id) DO UPDATE SET
    entity_id = EXCLUDED.entity_id, title = EXCLUDED.title, path = EXCLUDED.path, monitored = EXCLUDED.monitored,
    digest = EXCLUDED.digest, error = NULL, removed_at = NULL, updated_at = now();

-- name: title_put_error :exec
-- A title that could not be read, or not be kept. What is known of it stays. $1 text source, $2 bigint[] arr_id,
-- $3 text[] title, $4 text[] error
INSERT INTO /* TEMPLATE: schema */arr_title AS old (source, arr_id, title, digest, error)
SELECT $1, given.arr_id, given.title, ''::bytea, given.error
FROM unnest($2::bigint[], $3::text[], $4::text[]) AS given (arr_id, title, error)
ORDER BY given.arr_id
ON CONFLICT (source, arr_id) DO UPDATE SET error = EXCLUDED.error, updated_at = now()
WHERE old.error IS DISTINCT FROM EXCLUDED.error;

-- name: title_remove :many
-- Return what they were. $1 text source, $2 bigint[] arr_id
WITH old AS (
    SELECT arr_id, entity_id
    FROM /* TEMPLATE: schema */arr_title
    WHERE source = $1 AND arr_id = ANY ($2::bigint[]) AND removed_at IS NULL
    ORDER BY arr_id
    FOR UPDATE
)
UPDATE /* TEMPLATE: schema */arr_title AS title
SET removed_at = now(), entity_id = NULL, digest = ''::bytea, error = NULL, updated_at = now()
FROM old
WHERE title.source = $1 AND title.arr_id = old.arr_id
RETURNING old.arr_id, old.entity_id;

-- name: file_put :exec
-- A file that is elsewhere now is looked for anew. $1 text source, $2 bigint[] arr_file_id, $3 bigint[] arr_id, $4 bytea[] path,
-- $5 text[] name, $6 bigint[] size_bytes, $7 text[] quality, $8 text[] resolution, $9 text[] release_group, $10 text[] edition,
-- $11 text[] languages, $12 text[] subtitles, $13 text[] video_codec, $14 text[] audio_codec, $15 text[] dynamic_range,
-- $16 double precision[] duration_s, $17 timestamptz[] added_at
INSERT INTO /* TEMPLATE: schema */arr_file AS old (
    source, arr_file_id, arr_id, path, name, size_bytes, quality, resolution, release_group, edition, languages,
    subtitles, video_codec, audio_codec, dynamic_range, duration_s, added_at
)
SELECT
    $1, given.arr_file_id, given.arr_id, given.path, given.name, given.size_bytes, given.quality, given.resolution,
    given.release_group, given.edition, given.languages::text[], given.subtitles::text[], given.video_codec,
    given.audio_codec, given.dynamic_range, given.duration_s, given.added_at
FROM unnest(
    $2::bigint[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::double precision[], $17::timestamptz[]
) AS given (
    arr_file_id, arr_id, path, name, size_bytes, quality, resolution, release_group, edition, languages, subtitles,
    video_codec, audio_codec, dynamic_range, duration_s, added_at
)
ORDER BY given.arr_file_id
ON CONFLICT (source, arr_file_id) DO UPDATE SET
    arr_id = EXCLUDED.arr_id,
    library_file_id = CASE WHEN old.path = EXCLUDED.path THEN old.library_file_id END,
    scan_asked_at = CASE WHEN old.path = EXCLUDED.path THEN old.scan_asked_at END,
    path = EXCLUDED.path, name = EXCLUDED.name, size_bytes = EXCLUDED.size_bytes, quality = EXCLUDED.quality,
    resolution = EXCLUDED.resolution, release_group = EXCLUDED.release_group, edition = EXCLUDED.edition,
    languages = EXCLUDED.languages, subtitles = EXCLUDED.subtitles, video_codec = EXCLUDED.video_codec,
    audio_codec = EXCLUDED.audio_codec, dynamic_range = EXCLUDED.dynamic_range, duration_s = EXCLUDED.duration_s,
    added_at = EXCLUDED.added_at;

-- name: file_paths :many
-- $1 text source, $2 bigint[] arr_id
SELECT arr_file_id, path FROM /* TEMPLATE: schema */arr_file WHERE source = $1 AND arr_id = ANY ($2::bigint[]);

-- name: file_drop :exec
-- $1 text source, $2 bigint[] arr_file_id
DELETE FROM /* TEMPLATE: schema */arr_file WHERE source = $1 AND arr_file_id = ANY ($2::bigint[]);

-- name: file_to_find :many
-- Files that no library has, or has lost, of all titles or of one.
-- $1 text source, $2 bigint after which arr_file_id, $3 bigint arr_id (null: all), $4 integer limit
SELECT
    file.arr_file_id, file.path, file.library_file_id,
    coalesce(file.scan_asked_at > now() - interval '1 day', false) AS is_asked_for
FROM /* TEMPLATE: schema */arr_file AS file
LEFT JOIN /* TEMPLATE: schema */library_file AS known ON known.id = file.library_file_id
WHERE file.source = $1 AND file.arr_file_id > $2 AND ($3::bigint IS NULL OR file.arr_id = $3)
    AND (known.id IS NULL OR known.state = 'missing')
ORDER BY file.arr_file_id
LIMIT $4;

-- name: file_link :exec
-- $1 text source, $2 bigint[] arr_file_id, $3 uuid[] library_file_id
UPDATE /* TEMPLATE: schema */arr_file AS file SET library_file_id = given.library_file_id
FROM unnest($2::bigint[], $3::uuid[]) AS given (arr_file_id, library_file_id)
WHERE file.source = $1 AND file.arr_file_id = given.arr_file_id
    AND file.library_file_id IS DISTINCT FROM given.library_file_id;

-- name: file_asked :exec
-- $1 text source, $2 bigint[] arr_file_id
UPDATE /* TEMPLATE: schema */arr_file SET scan_asked_at = now()
WHERE source = $1 AND arr_file_id = ANY ($2::bigint[]);
