-- Libraries, their folders, the files in them, and the scans that keep all of it true. Ids are UUIDv7 made by the
-- application. A path is bytes, since file systems know no encoding; path_text is the same to show. Paths may be longer
-- than an index row (2,704 bytes), so their uniqueness is that of their hash and their order is indexed by a prefix.
CREATE TABLE /* TEMPLATE: schema */library (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    type text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    preferred_language text NOT NULL DEFAULT 'en',
    metadata_provider text,
    scan_on_startup boolean NOT NULL DEFAULT false,
    realtime_monitoring boolean NOT NULL DEFAULT true,
    ignore_patterns text[] NOT NULL DEFAULT '{}',
    scanner_config jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT library_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT library_type CHECK (
        type IN ('movie', 'tvshow', 'music', 'photo', 'book', 'audiobook', 'comic', 'podcast', 'adult')
    ),
    CONSTRAINT library_scanner_config CHECK (jsonb_typeof(scanner_config) = 'object')
);

-- A deleted library does not keep its name from a new one.
CREATE UNIQUE INDEX library_name_key ON /* TEMPLATE: schema */library (lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE /* TEMPLATE: schema */library_root (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library (id) ON DELETE CASCADE,
    position integer NOT NULL,
    path bytea NOT NULL,
    path_text text NOT NULL,
    device bigint,
    file_count integer NOT NULL DEFAULT 0,
    scanned_at timestamptz,
    removed_at timestamptz,
    CONSTRAINT library_root_library_key UNIQUE (library_id, id),
    CONSTRAINT library_root_path_absolute CHECK (substring(path FROM 1 FOR 1) = '\x2f')
);

CREATE UNIQUE INDEX library_root_path_key ON /* TEMPLATE: schema */library_root (library_id, sha256(path));

COMMENT ON COLUMN /* TEMPLATE: schema */library_root.device IS 'where it was at the last complete scan; another one without any known file is an unmounted disk';
COMMENT ON COLUMN /* TEMPLATE: schema */library_root.removed_at IS 'taken out of the library; the next scan marks its files missing unless they turn up elsewhere';

-- A film, or an episode, as names and NFO files tell it: what groups its versions and the parts of a stack.
CREATE TABLE /* TEMPLATE: schema */library_item (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library (id) ON DELETE CASCADE,
    kind text NOT NULL,
    key text NOT NULL,
    title text NOT NULL,
    year integer,
    season integer,
    episodes integer[] NOT NULL DEFAULT '{}',
    absolute integer[] NOT NULL DEFAULT '{}',
    air_date date,
    tmdb_id bigint,
    imdb_id text,
    tvdb_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT library_item_library_key UNIQUE (library_id, id),
    CONSTRAINT library_item_key UNIQUE (library_id, key),
    CONSTRAINT library_item_kind CHECK (kind IN ('movie', 'episode'))
);

COMMENT ON COLUMN /* TEMPLATE: schema */library_item.key IS 'what files of one film have in common: an id, or title and year';

CREATE TABLE /* TEMPLATE: schema */library_file (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL,
    root_id uuid NOT NULL,
    item_id uuid,
    path bytea NOT NULL,
    path_text text NOT NULL,
    disc text,
    size_bytes bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    inode bigint NOT NULL,
    nfo_mtime_ns bigint,
    state text NOT NULL DEFAULT 'present',
    missing_since timestamptz,
    media text NOT NULL DEFAULT 'unknown',
    title text,
    year integer,
    season integer,
    episodes integer[] NOT NULL DEFAULT '{}',
    absolute integer[] NOT NULL DEFAULT '{}',
    air_date date,
    edition text,
    part integer,
    tmdb_id bigint,
    imdb_id text,
    tvdb_id bigint,
    resolution text,
    source text,
    name_codec text,
    release_group text,
    episode_title text,
    nfo jsonb,
    needs_probe boolean NOT NULL DEFAULT true,
    probed_at timestamptz,
    probe_error text,
    duration_s double precision,
    container text,
    video_codec text,
    width integer,
    height integer,
    hdr text,
    probe jsonb,
    added_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT library_file_root FOREIGN KEY (library_id, root_id)
        REFERENCES /* TEMPLATE: schema */library_root (library_id, id) ON DELETE CASCADE,
    CONSTRAINT library_file_item FOREIGN KEY (library_id, item_id)
        REFERENCES /* TEMPLATE: schema */library_item (library_id, id),
    CONSTRAINT library_file_disc CHECK (disc IN ('bluray', 'dvd')),
    CONSTRAINT library_file_size CHECK (size_bytes >= 0),
    CONSTRAINT library_file_state CHECK (state IN ('present', 'missing', 'broken')),
    CONSTRAINT library_file_missing_since CHECK ((state = 'missing') = (missing_since IS NOT NULL)),
    CONSTRAINT library_file_broken_reason CHECK (state <> 'broken' OR probe_error IS NOT NULL),
    CONSTRAINT library_file_media CHECK (media IN ('movie', 'episode', 'unknown'))
);

CREATE UNIQUE INDEX library_file_path_key ON /* TEMPLATE: schema */library_file (library_id, sha256(path));
CREATE INDEX library_file_path_order ON /* TEMPLATE: schema */library_file (root_id, substring(path FROM 1 FOR 1024));
CREATE INDEX library_file_path_hash ON /* TEMPLATE: schema */library_file (sha256(path));
CREATE INDEX library_file_inode ON /* TEMPLATE: schema */library_file (library_id, inode);
CREATE INDEX library_file_item ON /* TEMPLATE: schema */library_file (item_id);
CREATE INDEX library_file_to_probe ON /* TEMPLATE: schema */library_file (library_id, id) WHERE needs_probe;
CREATE INDEX library_file_missing ON /* TEMPLATE: schema */library_file (library_id, missing_since) WHERE state = 'missing';
CREATE INDEX library_file_unmatched ON /* TEMPLATE: schema */library_file (library_id) WHERE item_id IS NULL;

COMMENT ON COLUMN /* TEMPLATE: schema */library_file.inode IS 'as a signed number';
COMMENT ON COLUMN /* TEMPLATE: schema */library_file.name_codec IS 'the codec that the name states; video_codec is what was read';
COMMENT ON COLUMN /* TEMPLATE: schema */library_file.nfo_mtime_ns IS 'of the NFO file that was read; null without one';
COMMENT ON COLUMN /* TEMPLATE: schema */library_file.needs_probe IS 'new or changed since it was last read';

CREATE TABLE /* TEMPLATE: schema */library_scan (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library (id) ON DELETE CASCADE,
    scan_type text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    paths bytea[] NOT NULL DEFAULT '{}',
    job_id bigint,
    claim uuid,
    heartbeat_at timestamptz,
    checkpoint jsonb NOT NULL DEFAULT '{}',
    files_seen integer NOT NULL DEFAULT 0,
    added integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    moved integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    missing integer NOT NULL DEFAULT 0,
    removed integer NOT NULL DEFAULT 0,
    unmatched integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    probed integer NOT NULL DEFAULT 0,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT library_scan_type CHECK (scan_type IN ('full', 'incremental', 'metadata')),
    CONSTRAINT library_scan_status CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT library_scan_started CHECK (status NOT IN ('running', 'completed') OR started_at IS NOT NULL),
    CONSTRAINT library_scan_ended CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CONSTRAINT library_scan_reason CHECK (status <> 'failed' OR error_message IS NOT NULL)
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX library_scan_active ON /* TEMPLATE: schema */library_scan (library_id) WHERE status IN ('pending', 'running');
CREATE INDEX library_scan_history ON /* TEMPLATE: schema */library_scan (library_id, id);
CREATE INDEX library_scan_job ON /* TEMPLATE: schema */library_scan (job_id);

COMMENT ON COLUMN /* TEMPLATE: schema */library_scan.paths IS 'folders it is about; empty: all of the library';
COMMENT ON COLUMN /* TEMPLATE: schema */library_scan.claim IS 'of the one run that may write; every chunk checks it';

CREATE TABLE /* TEMPLATE: schema */library_scan_error (
    id uuid PRIMARY KEY,
    scan_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library_scan (id) ON DELETE CASCADE,
    path bytea NOT NULL,
    path_text text NOT NULL,
    error text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX library_scan_error_key ON /* TEMPLATE: schema */library_scan_error (scan_id, sha256(path));
CREATE INDEX library_scan_error_order ON /* TEMPLATE: schema */library_scan_error (scan_id, id);
