-- Pictures that lie beside videos, as the last scan saw them, and the pictures of films, series and episodes that come of them.
CREATE TABLE /* TEMPLATE: schema */library_picture (
    id uuid PRIMARY KEY,
    library_id uuid NOT NULL,
    root_id uuid NOT NULL,
    path bytea NOT NULL,
    folder text NOT NULL,
    covers bytea NOT NULL,
    type text NOT NULL,
    rank integer NOT NULL,
    season integer,
    size_bytes bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    CONSTRAINT library_picture_root FOREIGN KEY (library_id, root_id)
        REFERENCES /* TEMPLATE: schema */library_root (library_id, id) ON DELETE CASCADE,
    CONSTRAINT library_picture_type CHECK (type IN ('poster', 'backdrop', 'still', 'logo'))
);

-- Paths and folders may be longer than an index row: see library_file.
CREATE UNIQUE INDEX library_picture_path_key ON /* TEMPLATE: schema */library_picture (root_id, sha256(path));
CREATE INDEX library_picture_path_order ON /* TEMPLATE: schema */library_picture (root_id, substring(path FROM 1 FOR 1024));
CREATE INDEX library_picture_folder ON /* TEMPLATE: schema */library_picture USING hash (folder);
CREATE INDEX library_picture_library ON /* TEMPLATE: schema */library_picture (library_id, root_id);

COMMENT ON COLUMN /* TEMPLATE: schema */library_picture.folder IS 'where it lies, to show and to look for; bytes that are no text are U+FFFD';
COMMENT ON COLUMN /* TEMPLATE: schema */library_picture.covers IS 'how the paths of the videos begin that it shows; its last byte is a slash or a dot';
COMMENT ON COLUMN /* TEMPLATE: schema */library_picture.rank IS 'which of several of one type is shown: the least';
COMMENT ON COLUMN /* TEMPLATE: schema */library_picture.season IS 'it shows this season of the series';

ALTER TABLE /* TEMPLATE: schema */image
    ADD COLUMN picture_id uuid REFERENCES /* TEMPLATE: schema */library_picture (id) ON DELETE CASCADE;

CREATE INDEX image_picture ON /* TEMPLATE: schema */image (picture_id) WHERE picture_id IS NOT NULL;

COMMENT ON COLUMN /* TEMPLATE: schema */image.position IS 'the least is shown: 0 is the first of a provider''s, below it are those that lie beside the videos';
COMMENT ON COLUMN /* TEMPLATE: schema */image.picture_id IS 'the file beside the videos that it is; null: a provider has it';
