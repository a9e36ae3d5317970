-- What is played, and what was watched.

-- name: entity_visible :one
-- Whether it is a film or an episode that may be seen. $1 uuid entity_id, $2 uuid[] libraries that may be seen, null for all
SELECT EXISTS (
    SELECT FROM /* TEMPLATE: schema */entity AS entity
    WHERE entity.id = $1 AND entity.kind IN ('movie', 'episode')
        AND (
            $2::uuid[] IS NULL
            OR EXISTS (
                SELECT FROM /* TEMPLATE: schema */library_item AS item
                WHERE item.movie_id = $1 AND item.library_id = ANY ($2)
            )
            OR EXISTS (
                SELECT FROM /* TEMPLATE: schema */item_episode AS held
                JOIN /* TEMPLATE: schema */library_item AS item ON item.id = held.item_id
                WHERE held.episode_id = $1 AND item.library_id = ANY ($2)
            )
        )
);

-- name: file_visible :one
-- A file that may be seen: whether it is one of a film or an episode, and how long it takes where it is all of it.
-- $1 uuid file_id, $2 uuid[] libraries that may be seen, null for all, $3 uuid entity_id
SELECT
    EXISTS (
        SELECT FROM /* TEMPLATE: schema */library_item AS item
        WHERE item.id = file.item_id AND (
            item.movie_id = $3
            OR EXISTS (
                SELECT FROM /* TEMPLATE: schema */item_episode AS held WHERE held.item_id = item.id AND held.episode_id = $3
            )
        )
    ) AS is_of_it,
    CASE WHEN file.part IS NULL THEN ceil(file.duration_s)::integer END AS duration_s
FROM /* TEMPLATE: schema */library_file AS file
JOIN /* TEMPLATE: schema */library AS library ON library.id = file.library_id AND library.deleted_at IS NULL
WHERE file.id = $1 AND ($2::uuid[] IS NULL OR file.library_id = ANY ($2));

-- name: playback_duration :one
-- How long takes what an account plays, as far as its file says. $1 uuid id, $2 uuid account_id
SELECT ceil(file.duration_s)::integer
FROM /* TEMPLATE: schema */playback_session AS session
JOIN /* TEMPLATE: schema */library_file AS file ON file.id = session.file_id
WHERE session.id = $1 AND session.account_id = $2 AND file.part IS NULL;

-- name: watched_put :one
-- $1 uuid account_id, $2 uuid entity_id, $3 integer position_s, $4 integer duration_s, null as it was,
-- $5 boolean completed, null once nine tenths are behind
INSERT INTO /* TEMPLATE: schema */watched AS watched (
    account_id, entity_id, position_s, duration_s, is_completed, play_count, last_watched_at, completed_at
)
SELECT
    $1, $2, $3, $4, given.is_done, given.is_done::integer, now(), CASE WHEN given.is_done THEN now() END
FROM (SELECT coalesce($5::boolean, $3::integer >= 0.9 * $4::integer, false) AS is_done) AS given
ON CONFLICT (account_id, entity_id) DO UPDATE
SET position_s = EXCLUDED.position_s,
    duration_s = coalesce($4, watched.duration_s),
    is_completed = coalesce(
        $5, watched.is_completed OR $3 >= 0.9 * coalesce($4, watched.duration_s), watched.is_completed
    ),
    play_count = watched.play_count + CASE
        WHEN coalesce($5, $3 >= 0.9 * coalesce($4, watched.duration_s), false)
            AND NOT (watched.is_completed AND coalesce(watched.position_s >= 0.9 * watched.duration_s, true))
        THEN 1 ELSE 0 END,
    last_watched_at = EXCLUDED.last_watched_at,
    completed_at = CASE
        WHEN $5 IS FALSE THEN NULL
        WHEN coalesce($5, $3 >= 0.9 * coalesce($4, watched.duration_s), false) THEN now()
        ELSE watched.completed_at END
RETURNING
    entity_id, (SELECT kind FROM /* TEMPLATE: schema */entity WHERE id = $2) AS kind, position_s, duration_s, is_completed,
    play_count, last_watched_at, completed_at;

-- name: watched_get :one
-- $1 uuid account_id, $2 uuid entity_id
SELECT
    watched.entity_id, entity.kind, watched.position_s, watched.duration_s, watched.is_completed, watched.play_count,
    watched.last_watched_at, watched.completed_at
FROM /* TEMPLATE: schema */watched AS watched
JOIN /* TEMPLATE: schema */entity AS entity ON entity.id = watched.entity_id
WHERE watched.account_id = $1 AND watched.entity_id = $2;

-- name: watched_list :many
-- The latest first. $1 uuid account_id, $2 timestamptz and $3 uuid before which the page begins, null for the latest,
-- $4 integer rows at most
SELECT
    watched.entity_id, entity.kind, watched.position_s, watched.duration_s, watched.is_completed, watched.play_count,
    watched.last_watched_at, watched.completed_at
FROM /* TEMPLATE: schema */watched AS watched
JOIN /* TEMPLATE: schema */entity AS entity ON entity.id = watched.entity_id
WHERE watched.account_id = $1
    AND ($2::timestamptz IS NULL OR (watched.last_watched_at, watched.entity_id) < ($2, $3::uuid))
ORDER BY watched.last_watched_at DESC, watched.entity_id DESC
LIMIT $4;

-- name: watched_delete :one
-- $1 uuid account_id, $2 uuid entity_id
DELETE FROM /* TEMPLATE: schema */watched WHERE account_id = $1 AND entity_id = $2 RETURNING entity_id;

-- name: playback_lock :exec
-- One at a time counts what an account plays. $1 uuid account_id
SELECT pg_advisory_xact_lock(hashtextextended('revenge.playback.' || $1::uuid::text, 0));

-- name: playback_count :one
-- What an account plays and is heard of. $1 uuid account_id, $2 interval the timeout
SELECT count(*) FROM /* TEMPLATE: schema */playback_session
WHERE account_id = $1 AND ended_at IS NULL AND last_seen_at > now() - $2::interval;

-- name: playback_insert :one
-- $1 uuid id, $2 uuid account_id, $3 uuid entity_id, $4 uuid file_id, $5 text node, $6 text client, $7 integer position_s
INSERT INTO /* TEMPLATE: schema */playback_session (
    id, account_id, entity_id, file_id, node, client, position_s, started_at, last_seen_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, now(), now())
RETURNING
    id, account_id, entity_id, file_id, node, client, position_s, started_at, last_seen_at, ended_at, end_reason;

-- name: playback_beat :one
-- $1 uuid id, $2 uuid account_id, $3 integer position_s, $4 text the reason to end it, null goes on
UPDATE /* TEMPLATE: schema */playback_session
SET position_s = $3, last_seen_at = now(), ended_at = CASE WHEN $4::text IS NOT NULL THEN now() END, end_reason = $4
WHERE id = $1 AND account_id = $2 AND ended_at IS NULL
RETURNING
    id, account_id, entity_id, file_id, node, client, position_s, started_at, last_seen_at, ended_at, end_reason;

-- name: playback_list :many
-- What is played now, the newest first. $1 uuid account_id, null for everybody, $2 uuid id before which the page begins, null
-- for the newest, $3 integer rows at most
SELECT id, account_id, entity_id, file_id, node, client, position_s, started_at, last_seen_at, ended_at, end_reason
FROM /* TEMPLATE: schema */playback_session
WHERE ended_at IS NULL AND ($1::uuid IS NULL OR account_id = $1) AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3;

-- name: playback_end_lost :many
-- $1 interval the timeout, $2 integer rows at most
UPDATE /* TEMPLATE: schema */playback_session
SET ended_at = last_seen_at, end_reason = 'not heard of'
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */playback_session
    WHERE ended_at IS NULL AND last_seen_at < now() - $1::interval
    ORDER BY last_seen_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING
    id, account_id, entity_id, file_id, node, client, position_s, started_at, last_seen_at, ended_at, end_reason;

-- name: playback_delete_old :many
-- $1 interval since they ended, $2 integer rows at most
DELETE FROM /* TEMPLATE: schema */playback_session
WHERE id IN (
    SELECT id FROM /* TEMPLATE: schema */playback_session
    WHERE ended_at < now() - $1::interval
    ORDER BY ended_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- name: playback_open :many
-- Which of these are played still. $1 uuid[] ids
SELECT id FROM /* TEMPLATE: schema */playback_session WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL;
