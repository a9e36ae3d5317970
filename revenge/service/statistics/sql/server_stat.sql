-- What the server holds, then and now.

-- name: stat_aggregate :many
-- All of it counted in one snapshot and written in one statement; the last one of an hour stands for the hour.
-- $1 timestamptz now
WITH held AS (
    SELECT item.movie_id, item.id AS item_id, file.id AS file_id, file.size_bytes
    FROM /* TEMPLATE: schema */library_file AS file
    JOIN /* TEMPLATE: schema */library AS library ON library.id = file.library_id AND library.deleted_at IS NULL
    LEFT JOIN /* TEMPLATE: schema */library_item AS item ON item.id = file.item_id
    WHERE file.state <> 'missing'
), held_episode AS (
    SELECT DISTINCT episode.id, episode.series_id
    FROM held
    JOIN /* TEMPLATE: schema */item_episode AS link ON link.item_id = held.item_id
    JOIN /* TEMPLATE: schema */episode AS episode ON episode.id = link.episode_id
), play AS (
    SELECT
        entity.kind,
        coalesce(sum(watched.play_count), 0) AS plays,
        coalesce(sum(watched.play_count::bigint * watched.duration_s) FILTER (WHERE watched.is_completed), 0) AS seconds
    FROM /* TEMPLATE: schema */watched AS watched
    JOIN /* TEMPLATE: schema */entity AS entity ON entity.id = watched.entity_id
    GROUP BY entity.kind
)
INSERT INTO /* TEMPLATE: schema */server_stat AS stat (key, at, value)
SELECT counted.key, date_trunc('hour', $1::timestamptz, 'UTC'), counted.value
FROM (
    VALUES
        ('total_users', (SELECT count(*) FROM /* TEMPLATE: schema */account WHERE is_active)),
        (
            'active_users_24h',
            (
                SELECT count(DISTINCT account_id) FROM /* TEMPLATE: schema */session
                WHERE last_activity_at > $1::timestamptz - interval '24 hours'
            )
        ),
        (
            'total_libraries',
            (SELECT count(*) FROM /* TEMPLATE: schema */library WHERE enabled AND deleted_at IS NULL)
        ),
        ('total_movies', (SELECT count(DISTINCT movie_id) FROM held)),
        ('total_series', (SELECT count(DISTINCT series_id) FROM held_episode)),
        ('total_episodes', (SELECT count(*) FROM held_episode)),
        ('total_files', (SELECT count(*) FROM held)),
        ('total_size_bytes', (SELECT coalesce(sum(size_bytes), 0)::bigint FROM held)),
        ('total_movie_plays', (SELECT coalesce(sum(plays), 0)::bigint FROM play WHERE kind = 'movie')),
        ('total_episode_plays', (SELECT coalesce(sum(plays), 0)::bigint FROM play WHERE kind = 'episode')),
        ('movie_watch_seconds', (SELECT coalesce(sum(seconds), 0)::bigint FROM play WHERE kind = 'movie')),
        ('episode_watch_seconds', (SELECT coalesce(sum(seconds), 0)::bigint FROM play WHERE kind = 'episode'))
) AS counted (key, value)
ON CONFLICT (key, at) DO UPDATE SET value = EXCLUDED.value
RETURNING stat.key, stat.value;

-- name: stat_thin :many
-- Of each day that is old enough the last value stays. $1 timestamptz before which hours are thinned out
DELETE FROM /* TEMPLATE: schema */server_stat AS stat
WHERE stat.at < date_trunc('day', $1::timestamptz, 'UTC')
    AND EXISTS (
        SELECT FROM /* TEMPLATE: schema */server_stat AS later
        WHERE later.key = stat.key AND later.at > stat.at
            AND later.at < date_trunc('day', stat.at, 'UTC') + interval '24 hours'
    )
RETURNING stat.key;

-- name: stat_latest :many
-- What was counted last.
SELECT key, at, value
FROM /* TEMPLATE: schema */server_stat
WHERE at = (SELECT max(at) FROM /* TEMPLATE: schema */server_stat WHERE key = 'total_users')
ORDER BY key;

-- name: stat_history :many
-- Newest first. $1 text key, $2 timestamptz from or null, $3 timestamptz before which or null, $4 integer rows at most
SELECT at, value
FROM /* TEMPLATE: schema */server_stat
WHERE key = $1 AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
ORDER BY at DESC
LIMIT $4;
