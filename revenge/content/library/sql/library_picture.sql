-- Pictures beside videos, as the last scan saw them.

-- name: picture_known :many
-- What is known of a stretch of a folder. $1 uuid root_id, $2 bytea the first path, $3 bytea the path behind the last
SELECT id, path, size_bytes, mtime_ns
FROM /* TEMPLATE: schema */library_picture
WHERE root_id = $1
    AND substring(path FROM 1 FOR 1024) BETWEEN substring($2::bytea FROM 1 FOR 1024) AND substring($3::bytea FROM 1 FOR 1024)
    AND path >= $2 AND path < $3;

-- name: picture_put :many
-- $1 uuid library_id, $2 uuid root_id, $3 uuid[] id for new ones, $4 bytea[] path, $5 text[] folder, $6 bytea[] covers,
-- $7 text[] type, $8 integer[] rank, $9 integer[] season, $10 bigint[] size_bytes, $11 bigint[] mtime_ns
INSERT INTO /* TEMPLATE: schema */library_picture (
    library_id, root_id, id, path, folder, covers, type, rank, season, size_bytes, mtime_ns
)
SELECT
    $1, $2, given.id, given.path, given.folder, given.covers, given.type, given.rank, given.season, given.size_bytes,
    given.mtime_ns
FROM unnest(
    $3::uuid[], $4::bytea[], $5::text[], $6::bytea[], $7::text[], $8::integer[], $9::integer[], $10::bigint[], $11::bigint[]
) AS given (id, path, folder, covers, type, rank, season, size_bytes, mtime_ns)
ON CONFLICT (root_id, sha256(path)) DO UPDATE SET
    covers = EXCLUDED.covers, type = EXCLUDED.type, rank = EXCLUDED.rank, season = EXCLUDED.season,
    size_bytes = EXCLUDED.size_bytes, mtime_ns = EXCLUDED.mtime_ns
RETURNING id;

-- name: picture_delete :exec
-- $1 uuid[] ids
DELETE FROM /* TEMPLATE: schema */library_picture WHERE id = ANY ($1::uuid[]);
