-- Two series that are one.

-- name: merge_seasons_missing :exec
-- Seasons that the one that stays lacks move to it with their episodes, in one statement: each names the other's series.
-- $1 uuid series that stays, $2 uuid series that goes
WITH moved AS (
    UPDATE /* TEMPLATE: schema */season AS season SET series_id = $1
    WHERE season.series_id = $2
        AND NOT EXISTS (
            SELECT FROM /* TEMPLATE: schema */season AS own WHERE own.series_id = $1 AND own.number = season.number
        )
    RETURNING season.id
)
UPDATE /* TEMPLATE: schema */episode AS episode SET series_id = $1
FROM moved
WHERE episode.season_id = moved.id;

-- name: merge_episodes_missing :exec
-- Episodes that a season of the one that stays lacks. $1 uuid series that stays, $2 uuid series that goes
UPDATE /* TEMPLATE: schema */episode AS episode SET series_id = $1, season_id = season.id
FROM /* TEMPLATE: schema */season AS season
WHERE episode.series_id = $2 AND season.series_id = $1 AND season.number = episode.season_number
    AND NOT EXISTS (
        SELECT FROM /* TEMPLATE: schema */episode AS own
        WHERE own.series_id = $1 AND own.season_number = episode.season_number AND own.number = episode.number
    );

-- name: merge_networks :exec
-- $1 uuid series that stays, $2 uuid series that goes
INSERT INTO /* TEMPLATE: schema */series_network (series_id, network_id)
SELECT $1, network_id FROM /* TEMPLATE: schema */series_network WHERE series_id = $2
ON CONFLICT DO NOTHING;

-- name: merge_season_pairs :many
-- Seasons of one number. $1 uuid series that stays, $2 uuid series that goes
SELECT own.id AS keep, other.id AS gone
FROM /* TEMPLATE: schema */season AS other
JOIN /* TEMPLATE: schema */season AS own ON own.series_id = $1 AND own.number = other.number
WHERE other.series_id = $2
ORDER BY other.id;

-- name: merge_episode_pairs :many
-- Episodes of one number. $1 uuid series that stays, $2 uuid series that goes
SELECT own.id AS keep, other.id AS gone
FROM /* TEMPLATE: schema */episode AS other
JOIN /* TEMPLATE: schema */episode AS own
    ON own.series_id = $1 AND own.season_number = other.season_number AND own.number = other.number
WHERE other.series_id = $2
ORDER BY other.id;
