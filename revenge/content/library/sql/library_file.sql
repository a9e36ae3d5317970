-- Files and what groups them. Lists come as arrays, one element a row; lists inside rows as their text ('{1,2}'), since an
-- array of arrays would be flattened.

-- name: file_known :many
-- What is known of a stretch of a folder, in the order of paths. The first 1,024 bytes are indexed.
-- $1 uuid root_id, $2 bytea the first path, $3 bytea the path behind the last
SELECT id, path, size_bytes, mtime_ns, inode, nfo_mtime_ns, state = 'missing' AS missing
FROM /* TEMPLATE: schema */library_file
WHERE root_id = $1
    AND substring(path FROM 1 FOR 1024) BETWEEN substring($2::bytea FROM 1 FOR 1024) AND substring($3::bytea FROM 1 FOR 1024)
    AND path >= $2 AND path < $3;

-- name: file_same_content :many
-- Files that have the inode, size and time of a new one: those that are not where they were have moved.
-- $1 uuid library_id, $2 bigint[] inode, $3 bigint[] size_bytes, $4 bigint[] mtime_ns, $5 timestamptz the scan's start
SELECT given.position, same.id, same.path, same.missed
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS given (inode, size_bytes, mtime_ns, position)
CROSS JOIN LATERAL (
    SELECT file.id, file.path, coalesce(file.missing_since >= $5, false) AS missed
    FROM /* TEMPLATE: schema */library_file AS file
    WHERE file.library_id = $1 AND file.inode = given.inode AND file.size_bytes = given.size_bytes
        AND file.mtime_ns = given.mtime_ns
    ORDER BY file.id
    LIMIT 8
) AS same
ORDER BY given.position, same.id;

-- name: file_insert_many :exec
-- $1 uuid library_id, $2 uuid root_id,
-- $3 uuid[] id, $4 bytea[] path, $5 text[] path_text, $6 text[] disc, $7 bigint[] size_bytes, $8 bigint[]
-- mtime_ns, $9 bigint[] inode, $10 bigint[] nfo_mtime_ns, $11 uuid[] item_id, $12 text[] media, $13 text[]
-- title, $14 integer[] year, $15 integer[] season, $16 text[] episodes, $17 text[] absolute, $18 date[]
-- air_date, $19 text[] edition, $20 integer[] part, $21 bigint[] tmdb_id, $22 text[] imdb_id, $23 bigint[]
-- tvdb_id, $24 text[] resolution, $25 text[] source, $26 text[] name_codec, $27 text[] release_group, $28
-- text[] episode_title, $29 text[] nfo, $30 boolean[] needs_probe
INSERT INTO /* TEMPLATE: schema */library_file (
    library_id, root_id,
    id, path, path_text, disc, size_bytes, mtime_ns, inode, nfo_mtime_ns, item_id, media, title, year, season,
    episodes, absolute, air_date, edition, part, tmdb_id, imdb_id, tvdb_id, resolution, source, name_codec,
    release_group, episode_title, nfo, needs_probe
)
SELECT
    $1, $2,
    given.id, given.path, given.path_text, given.disc, given.size_bytes, given.mtime_ns, given.inode,
    given.nfo_mtime_ns, given.item_id, given.media, given.title, given.year, given.season,
    given.episodes::integer[], given.absolute::integer[], given.air_date, given.edition, given.part,
    given.tmdb_id, given.imdb_id, given.tvdb_id, given.resolution, given.source, given.name_codec,
    given.release_group, given.episode_title, given.nfo::jsonb, given.needs_probe
FROM unnest(
    $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
    $11::uuid[], $12::text[], $13::text[], $14::integer[], $15::integer[], $16::text[], $17::text[],
    $18::date[], $19::text[], $20::integer[], $21::bigint[], $22::text[], $23::bigint[], $24::text[],
    $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::boolean[]
) AS given (
    id, path, path_text, disc, size_bytes, mtime_ns, inode, nfo_mtime_ns, item_id, media, title, year, season,
    episodes, absolute, air_date, edition, part, tmdb_id, imdb_id, tvdb_id, resolution, source, name_codec,
    release_group, episode_title, nfo, needs_probe
);

-- name: file_update_many :exec
-- Files that changed, moved, came back or were read again. New content makes what was read of the old one void.
-- $1 uuid root_id,
-- $2 uuid[] id, $3 bytea[] path, $4 text[] path_text, $5 text[] disc, $6 bigint[] size_bytes, $7 bigint[]
-- mtime_ns, $8 bigint[] inode, $9 bigint[] nfo_mtime_ns, $10 uuid[] item_id, $11 text[] media, $12 text[]
-- title, $13 integer[] year, $14 integer[] season, $15 text[] episodes, $16 text[] absolute, $17 date[]
-- air_date, $18 text[] edition, $19 integer[] part, $20 bigint[] tmdb_id, $21 text[] imdb_id, $22 bigint[]
-- tvdb_id, $23 text[] resolution, $24 text[] source, $25 text[] name_codec, $26 text[] release_group, $27
-- text[] episode_title, $28 text[] nfo, $29 boolean[] needs_probe, $30 boolean[] is_new_content
UPDATE /* TEMPLATE: schema */library_file AS file
SET root_id = $1, missing_since = NULL, updated_at = now(),
    state = CASE WHEN given.is_new_content OR file.probe_error IS NULL THEN 'present' ELSE 'broken' END,
    needs_probe = given.needs_probe OR (file.needs_probe AND NOT given.is_new_content),
    path = given.path, path_text = given.path_text, disc = given.disc, size_bytes = given.size_bytes, mtime_ns
    = given.mtime_ns, inode = given.inode, nfo_mtime_ns = given.nfo_mtime_ns, item_id = given.item_id, media =
    given.media, title = given.title, year = given.year, season = given.season, episodes =
    given.episodes::integer[], absolute = given.absolute::integer[], air_date = given.air_date, edition =
    given.edition, part = given.part, tmdb_id = given.tmdb_id, imdb_id = given.imdb_id, tvdb_id =
    given.tvdb_id, resolution = given.resolution, source = given.source, name_codec = given.name_codec,
    release_group = given.release_group, episode_title = given.episode_title, nfo = given.nfo::jsonb,
    probed_at = CASE WHEN given.is_new_content THEN NULL ELSE file.probed_at END,
    probe_error = CASE WHEN given.is_new_content THEN NULL ELSE file.probe_error END,
    duration_s = CASE WHEN given.is_new_content THEN NULL ELSE file.duration_s END,
    container = CASE WHEN given.is_new_content THEN NULL ELSE file.container END,
    video_codec = CASE WHEN given.is_new_content THEN NULL ELSE file.video_codec END,
    width = CASE WHEN given.is_new_content THEN NULL ELSE file.width END,
    height = CASE WHEN given.is_new_content THEN NULL ELSE file.height END,
    hdr = CASE WHEN given.is_new_content THEN NULL ELSE file.hdr END,
    probe = CASE WHEN given.is_new_content THEN NULL ELSE file.probe END
FROM unnest(
    $2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::uuid[], $11::text[], $12::text[], $13::integer[], $14::integer[], $15::text[], $16::text[],
    $17::date[], $18::text[], $19::integer[], $20::bigint[], $21::text[], $22::bigint[], $23::text[],
    $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::boolean[], $30::boolean[]
) AS given (
    id, path, path_text, disc, size_bytes, mtime_ns, inode, nfo_mtime_ns, item_id, media, title, year, season,
    episodes, absolute, air_date, edition, part, tmdb_id, imdb_id, tvdb_id, resolution, source, name_codec,
    release_group, episode_title, nfo, needs_probe, is_new_content
)
WHERE file.id = given.id;

-- name: file_set_missing :many
-- $1 uuid[] ids
UPDATE /* TEMPLATE: schema */library_file SET state = 'missing', missing_since = now(), updated_at = now()
WHERE id = ANY ($1::uuid[]) AND state <> 'missing'
RETURNING id;

-- name: file_set_missing_of_removed_roots :many
-- $1 uuid library_id
UPDATE /* TEMPLATE: schema */library_file AS file SET state = 'missing', missing_since = now(), updated_at = now()
FROM /* TEMPLATE: schema */library_root AS root
WHERE root.library_id = $1 AND root.removed_at IS NOT NULL AND file.root_id = root.id AND file.state <> 'missing'
RETURNING file.id;

-- name: file_join_moved :many
-- Moves to another file system, which gives a new inode: what this scan misses and what it found, when name, size and time
-- are the same and no third file has them. The old row takes the new place, the new row goes.
-- $1 uuid library_id, $2 timestamptz the scan's start
WITH gone AS (
    SELECT id, size_bytes, mtime_ns, substring(path_text FROM '[^/]*$') AS name
    FROM /* TEMPLATE: schema */library_file
    WHERE library_id = $1 AND state = 'missing' AND missing_since >= $2
),
found AS (
    SELECT id, size_bytes, mtime_ns, substring(path_text FROM '[^/]*$') AS name
    FROM /* TEMPLATE: schema */library_file
    WHERE library_id = $1 AND state <> 'missing' AND added_at >= $2 AND size_bytes > 0
),
pairs AS (
    SELECT
        gone.id AS old_id, found.id AS new_id,
        count(*) OVER (PARTITION BY gone.id) AS found_count, count(*) OVER (PARTITION BY found.id) AS gone_count
    FROM gone JOIN found USING (size_bytes, mtime_ns, name)
),
taken AS (
    DELETE FROM /* TEMPLATE: schema */library_file AS file
    USING pairs
    WHERE file.id = pairs.new_id AND pairs.found_count = 1 AND pairs.gone_count = 1
    RETURNING
        pairs.old_id, file.root_id,
        file.path, file.path_text, file.disc, file.size_bytes, file.mtime_ns, file.inode, file.nfo_mtime_ns,
        file.item_id, file.media, file.title, file.year, file.season, file.episodes, file.absolute,
        file.air_date, file.edition, file.part, file.tmdb_id, file.imdb_id, file.tvdb_id, file.resolution,
        file.source, file.name_codec, file.release_group, file.episode_title, file.nfo
)
UPDATE /* TEMPLATE: schema */library_file AS file
SET root_id = taken.root_id, missing_since = NULL, updated_at = now(),
    state = CASE WHEN file.probe_error IS NULL THEN 'present' ELSE 'broken' END,
    path = taken.path, path_text = taken.path_text, disc = taken.disc, size_bytes = taken.size_bytes, mtime_ns
    = taken.mtime_ns, inode = taken.inode, nfo_mtime_ns = taken.nfo_mtime_ns, item_id = taken.item_id, media =
    taken.media, title = taken.title, year = taken.year, season = taken.season, episodes = taken.episodes,
    absolute = taken.absolute, air_date = taken.air_date, edition = taken.edition, part = taken.part, tmdb_id
    = taken.tmdb_id, imdb_id = taken.imdb_id, tvdb_id = taken.tvdb_id, resolution = taken.resolution, source =
    taken.source, name_codec = taken.name_codec, release_group = taken.release_group, episode_title =
    taken.episode_title, nfo = taken.nfo
FROM taken
WHERE file.id = taken.old_id
RETURNING file.id;

-- name: file_remove_expired :many
-- $1 uuid library_id, $2 interval the grace period, $3 integer rows at most
DELETE FROM /* TEMPLATE: schema */library_file
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */library_file
    WHERE library_id = $1 AND state = 'missing' AND missing_since <= now() - $2::interval
    ORDER BY missing_since
    LIMIT $3
)
RETURNING id;

-- name: file_count_unmatched :one
-- $1 uuid library_id
SELECT count(*) FROM /* TEMPLATE: schema */library_file WHERE library_id = $1 AND item_id IS NULL AND state <> 'missing';

-- name: file_any :one
-- $1 uuid library_id
SELECT EXISTS (SELECT FROM /* TEMPLATE: schema */library_file WHERE library_id = $1);

-- name: file_count_to_probe :one
-- $1 uuid library_id
SELECT count(*) FROM /* TEMPLATE: schema */library_file WHERE library_id = $1 AND needs_probe AND state <> 'missing';

-- name: file_to_probe :many
-- Without those this scan tried already: one out of reach needs a probe still, but not before the next scan.
-- $1 uuid library_id, $2 uuid id after which the page begins, $3 integer rows at most, $4 timestamptz the scan's start
SELECT id, path, disc
FROM /* TEMPLATE: schema */library_file
WHERE library_id = $1 AND needs_probe AND state <> 'missing' AND id > $2 AND (probed_at IS NULL OR probed_at < $4)
ORDER BY id
LIMIT $3;

-- name: file_set_probed :exec
-- $1 uuid[] ids, $2 text[] probe as JSON, $3 text[] error, $4 double precision[] duration_s, $5 text[] container,
-- $6 text[] video_codec, $7 integer[] width, $8 integer[] height, $9 text[] hdr, $10 boolean[] read_again
UPDATE /* TEMPLATE: schema */library_file AS file
SET needs_probe = given.read_again, probed_at = now(), updated_at = now(), probe = given.probe::jsonb, probe_error = given.error,
    state = CASE WHEN given.error IS NULL THEN 'present' ELSE 'broken' END,
    duration_s = given.duration_s, container = given.container, video_codec = given.video_codec, width = given.width,
    height = given.height, hdr = given.hdr
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::double precision[], $5::text[], $6::text[], $7::integer[], $8::integer[],
    $9::text[], $10::boolean[]
) AS given (id, probe, error, duration_s, container, video_codec, width, height, hdr, read_again)
WHERE file.id = given.id AND file.state <> 'missing';

-- name: file_list :many
-- By folder and path. $1 uuid library_id, $2 text state, null for all, $3 uuid root id and $4 bytea path after which the
-- page begins, $5 integer rows at most
SELECT
    id, library_id, root_id, item_id, path, disc, size_bytes, mtime_ns, state, missing_since, media, title, year, season,
    episodes, absolute, air_date, edition, part, tmdb_id, imdb_id, tvdb_id, resolution, source, name_codec, release_group,
    episode_title, nfo, probed_at, probe_error, duration_s, container, video_codec, width, height, hdr, probe, added_at,
    updated_at
FROM /* TEMPLATE: schema */library_file
WHERE library_id = $1
    AND ($2::text IS NULL OR state = $2)
    AND (root_id, substring(path FROM 1 FOR 1024)) >= ($3::uuid, substring($4::bytea FROM 1 FOR 1024))
    AND (root_id > $3 OR path > $4)
ORDER BY root_id, substring(path FROM 1 FOR 1024), path
LIMIT $5;

-- name: item_put :many
-- Make the items that are not there yet and return all ids. $1 uuid library_id, $2 uuid[] ids for new ones, $3 text[] kind,
-- $4 text[] key, $5 text[] title, $6 integer[] year, $7 integer[] season, $8 text[] episodes, $9 text[] absolute,
-- $10 date[] air_date, $11 bigint[] tmdb_id, $12 text[] imdb_id, $13 bigint[] tvdb_id
WITH inserted AS (
    INSERT INTO /* TEMPLATE: schema */library_item (
        library_id, id, kind, key, title, year, season, episodes, absolute, air_date, tmdb_id, imdb_id, tvdb_id
    )
    SELECT
        $1, given.id, given.kind, given.key, given.title, given.year, given.season, given.episodes::integer[],
        given.absolute::integer[], given.air_date, given.tmdb_id, given.imdb_id, given.tvdb_id
    FROM unnest(
        $2::uuid[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::text[], $9::text[], $10::date[],
        $11::bigint[], $12::text[], $13::bigint[]
    ) AS given (id, kind, key, title, year, season, episodes, absolute, air_date, tmdb_id, imdb_id, tvdb_id)
    ON CONFLICT (library_id, key) DO NOTHING
    RETURNING key, id
)
SELECT key, id FROM inserted
UNION ALL
SELECT key, id FROM /* TEMPLATE: schema */library_item WHERE library_id = $1 AND key = ANY ($4::text[]);

-- name: library_analyze :exec
-- Not waiting for whoever does it already.
ANALYZE (SKIP_LOCKED) /* TEMPLATE: schema */library_file, /* TEMPLATE: schema */library_item;

-- name: item_delete_unused :exec
-- $1 uuid library_id
DELETE FROM /* TEMPLATE: schema */library_item AS item
WHERE item.library_id = $1
    AND NOT EXISTS (SELECT FROM /* TEMPLATE: schema */library_file AS file WHERE file.item_id = item.id);

-- name: file_counts :many
-- How many files libraries have in each state. $1 library ids uuid[]
SELECT library_id, state, count(*) AS count
FROM /* TEMPLATE: schema */library_file
WHERE library_id = ANY ($1::uuid[])
GROUP BY library_id, state;

-- name: file_at_paths :many
-- Files of all libraries that are at paths. $1 bytea[] paths
SELECT file.path, file.id
FROM unnest($1::bytea[]) AS given (path)
CROSS JOIN /* TEMPLATE: schema */library AS library
JOIN /* TEMPLATE: schema */library_file AS file
    ON file.library_id = library.id AND sha256(file.path) = sha256(given.path)
WHERE library.deleted_at IS NULL;
