DO $refuse$
BEGIN
    IF EXISTS (SELECT FROM /* TEMPLATE: schema */river_migration WHERE line <> 'main') THEN
        RAISE EXCEPTION 'versions of other lines than main are applied: take them down first'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$refuse$;

ALTER TABLE /* TEMPLATE: schema */river_migration RENAME TO river_migration_with_lines;

CREATE TABLE /* TEMPLATE: schema */river_migration (
    id bigserial PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL,
    CONSTRAINT version CHECK (version >= 1)
);

CREATE UNIQUE INDEX river_migration_version_idx ON /* TEMPLATE: schema */river_migration (version);

INSERT INTO /* TEMPLATE: schema */river_migration (created_at, version)
SELECT newer.created_at, newer.version
FROM /* TEMPLATE: schema */river_migration_with_lines AS newer
ORDER BY newer.version;

DROP TABLE /* TEMPLATE: schema */river_migration_with_lines;

ALTER TABLE /* TEMPLATE: schema */river_job DROP COLUMN unique_key;

DROP TABLE /* TEMPLATE: schema */river_client_queue;
DROP TABLE /* TEMPLATE: schema */river_client;
