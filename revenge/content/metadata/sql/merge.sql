-- Two that are one. $1 and $2 are the pairs: what stays, and what goes.

-- name: merge_external_ids :exec
-- The first of those that go gives an id to one that has none of that provider.
-- $1 uuid[] what stays, $2 uuid[] what goes
WITH free AS (
    SELECT DISTINCT ON (pair.keep, held.provider) pair.keep, held.kind, held.provider, held.value, held.entity_id
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS pair (keep, gone, position)
    JOIN /* TEMPLATE: schema */external_id AS held ON held.entity_id = pair.gone
    WHERE NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */external_id AS own
        WHERE own.entity_id = pair.keep AND own.provider = held.provider
    )
    ORDER BY pair.keep, held.provider, pair.position
)
UPDATE /* TEMPLATE: schema */external_id AS held SET entity_id = free.keep
FROM free
WHERE held.entity_id = free.entity_id AND held.provider = free.provider;

-- name: merge_items :exec
-- What libraries have of it. $1 uuid[] what stays, $2 uuid[] what goes
UPDATE /* TEMPLATE: schema */library_item AS item
SET movie_id = CASE WHEN item.movie_id = pair.gone THEN pair.keep ELSE item.movie_id END,
    series_id = CASE WHEN item.series_id = pair.gone THEN pair.keep ELSE item.series_id END
FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
WHERE item.movie_id = pair.gone OR item.series_id = pair.gone;

-- name: merge_item_episodes :exec
-- $1 uuid[] what stays, $2 uuid[] what goes
INSERT INTO /* TEMPLATE: schema */item_episode (item_id, episode_id)
SELECT DISTINCT item.item_id, pair.keep
FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
JOIN /* TEMPLATE: schema */item_episode AS item ON item.episode_id = pair.gone
ON CONFLICT (item_id, episode_id) DO NOTHING;

-- name: merge_choices :exec
-- What people chose. $1 uuid[] what stays, $2 uuid[] what goes
UPDATE /* TEMPLATE: schema */match_choice AS choice SET entity_id = pair.keep
FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
WHERE choice.entity_id = pair.gone;

-- name: merge_watched :exec
-- Where somebody was in it is where they were last; plays add up. $1 uuid[] what stays, $2 uuid[] what goes
INSERT INTO /* TEMPLATE: schema */watched AS own (
    account_id, entity_id, position_s, duration_s, is_completed, play_count, last_watched_at, completed_at
)
SELECT
    other.account_id, pair.keep, (array_agg(other.position_s ORDER BY other.last_watched_at DESC))[1],
    (array_agg(other.duration_s ORDER BY other.last_watched_at DESC))[1], bool_or(other.is_completed),
    sum(other.play_count), max(other.last_watched_at), max(other.completed_at)
FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
JOIN /* TEMPLATE: schema */watched AS other ON other.entity_id = pair.gone
GROUP BY other.account_id, pair.keep
ORDER BY other.account_id, pair.keep
ON CONFLICT (account_id, entity_id) DO UPDATE SET
    position_s = CASE WHEN own.last_watched_at >= EXCLUDED.last_watched_at THEN own.position_s ELSE EXCLUDED.position_s END,
    duration_s = coalesce(own.duration_s, EXCLUDED.duration_s),
    is_completed = own.is_completed OR EXCLUDED.is_completed,
    play_count = own.play_count + EXCLUDED.play_count,
    last_watched_at = greatest(own.last_watched_at, EXCLUDED.last_watched_at),
    completed_at = greatest(own.completed_at, EXCLUDED.completed_at);

-- name: merge_playback :exec
-- $1 uuid[] what stays, $2 uuid[] what goes
UPDATE /* TEMPLATE: schema */playback_session AS session SET entity_id = pair.keep
FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
WHERE session.entity_id = pair.gone;

-- name: merge_arr_titles :exec
-- $1 uuid[] what stays, $2 uuid[] what goes
UPDATE /* TEMPLATE: schema */arr_title AS title SET entity_id = pair.keep
FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
WHERE title.entity_id = pair.gone;

-- name: merge_credits :many
-- A person's, and those of a film that keeps none of its own; what is there already stays. Return whose credits changed.
-- $1 uuid[] what stays, $2 uuid[] what goes
WITH moved AS (
    SELECT
        credit.id, credit.type, credit.character, credit.job,
        CASE WHEN credit.entity_id = pair.gone THEN pair.keep ELSE credit.entity_id END AS entity_id,
        CASE WHEN credit.person_id = pair.gone THEN pair.keep ELSE credit.person_id END AS person_id
    FROM unnest($1::uuid[], $2::uuid[]) AS pair (keep, gone)
    JOIN /* TEMPLATE: schema */credit AS credit ON credit.entity_id = pair.gone OR credit.person_id = pair.gone
    WHERE credit.person_id = pair.gone
        OR NOT EXISTS (SELECT FROM /* TEMPLATE: schema */credit AS own WHERE own.entity_id = pair.keep)
),
chosen AS (
    SELECT DISTINCT ON (entity_id, person_id, type, character, job) id, entity_id, person_id
    FROM moved
    WHERE NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */credit AS own
        WHERE own.entity_id = moved.entity_id AND own.person_id = moved.person_id AND own.type = moved.type
            AND own.character = moved.character AND own.job = moved.job
    )
    ORDER BY entity_id, person_id, type, character, job, id
)
UPDATE /* TEMPLATE: schema */credit AS credit SET entity_id = chosen.entity_id, person_id = chosen.person_id
FROM chosen
WHERE credit.id = chosen.id
RETURNING credit.person_id;
