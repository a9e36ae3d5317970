-- What Radarr and Sonarr said: their titles and files beside ours, how the last sync went, and every webhook.
CREATE TABLE /* TEMPLATE: schema */arr_sync (
    source text PRIMARY KEY,
    sync_id uuid,
    started_at timestamptz,
    ended_at timestamptz,
    succeeded_at timestamptz,
    job_id bigint,
    claim uuid,
    cursor bigint NOT NULL DEFAULT 0,
    added integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    removed integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    total integer NOT NULL DEFAULT 0,
    error text,
    CONSTRAINT arr_sync_source CHECK (source IN ('radarr', 'sonarr'))
);

COMMENT ON COLUMN /* TEMPLATE: schema */arr_sync.claim IS 'of the one run that may write; every chunk checks it';
COMMENT ON COLUMN /* TEMPLATE: schema */arr_sync.cursor IS 'titles up to this id of theirs are done';

CREATE TABLE /* TEMPLATE: schema */arr_title (
    source text NOT NULL,
    arr_id bigint NOT NULL,
    entity_id uuid REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE SET NULL,
    title text NOT NULL,
    path bytea,
    monitored boolean NOT NULL DEFAULT false,
    digest bytea NOT NULL,
    error text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (source, arr_id),
    CONSTRAINT arr_title_source CHECK (source IN ('radarr', 'sonarr'))
);

CREATE INDEX arr_title_entity ON /* TEMPLATE: schema */arr_title (entity_id);

COMMENT ON COLUMN /* TEMPLATE: schema */arr_title.digest IS 'of what was said of it: what did not change is not written again';
COMMENT ON COLUMN /* TEMPLATE: schema */arr_title.removed_at IS 'the program has it no more; then it is no title of ours either';

CREATE TABLE /* TEMPLATE: schema */arr_file (
    source text NOT NULL,
    arr_file_id bigint NOT NULL,
    arr_id bigint NOT NULL,
    library_file_id uuid REFERENCES /* TEMPLATE: schema */library_file (id) ON DELETE SET NULL,
    path bytea NOT NULL,
    name text NOT NULL,
    size_bytes bigint,
    quality text,
    resolution text,
    release_group text,
    edition text,
    languages text[] NOT NULL DEFAULT '{}',
    subtitles text[] NOT NULL DEFAULT '{}',
    video_codec text,
    audio_codec text,
    dynamic_range text,
    duration_s double precision,
    added_at timestamptz,
    scan_asked_at timestamptz,
    PRIMARY KEY (source, arr_file_id),
    CONSTRAINT arr_file_title FOREIGN KEY (source, arr_id)
        REFERENCES /* TEMPLATE: schema */arr_title (source, arr_id) ON DELETE CASCADE
);

CREATE INDEX arr_file_title ON /* TEMPLATE: schema */arr_file (source, arr_id);
CREATE INDEX arr_file_path ON /* TEMPLATE: schema */arr_file (sha256(path));
CREATE INDEX arr_file_library_file ON /* TEMPLATE: schema */arr_file (library_file_id);

COMMENT ON COLUMN /* TEMPLATE: schema */arr_file.path IS 'where this server sees it, after path mapping';
COMMENT ON COLUMN /* TEMPLATE: schema */arr_file.scan_asked_at IS 'when a scan was last asked to look for it';

CREATE TABLE /* TEMPLATE: schema */webhook_event (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    event_type text NOT NULL,
    subject text NOT NULL,
    dedupe_key bytea NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    seen integer NOT NULL DEFAULT 1,
    job_id bigint,
    handled_at timestamptz,
    outcome text,
    CONSTRAINT webhook_event_source CHECK (source IN ('radarr', 'sonarr'))
);

CREATE INDEX webhook_event_key ON /* TEMPLATE: schema */webhook_event (source, dedupe_key, received_at);
CREATE INDEX webhook_event_open ON /* TEMPLATE: schema */webhook_event (source, subject, id) WHERE handled_at IS NULL;
CREATE INDEX webhook_event_list ON /* TEMPLATE: schema */webhook_event (source, id);
CREATE INDEX webhook_event_time ON /* TEMPLATE: schema */webhook_event (received_at, id);

COMMENT ON COLUMN /* TEMPLATE: schema */webhook_event.subject IS 'what it is about: a title by its id of theirs, or the event itself; one job works all that wait of one subject';
COMMENT ON COLUMN /* TEMPLATE: schema */webhook_event.seen IS 'how often it came while it was the same';
