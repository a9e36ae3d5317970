-- The search of a server without a search server, and what either still has to be told.
CREATE TABLE /* TEMPLATE: schema */search_document (
    collection text NOT NULL,
    id uuid NOT NULL,
    title text NOT NULL,
    names text NOT NULL,
    words tsvector NOT NULL,
    library_ids uuid[] NOT NULL DEFAULT '{}',
    facts jsonb NOT NULL,
    data jsonb NOT NULL,
    build uuid,
    indexed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection, id),
    CONSTRAINT search_document_collection CHECK (collection IN ('movies', 'tvshows', 'seasons', 'episodes', 'people'))
);

CREATE INDEX search_document_words ON /* TEMPLATE: schema */search_document USING gin (words) WITH (fastupdate = off);
CREATE INDEX search_document_names ON /* TEMPLATE: schema */search_document USING gin (names gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX search_document_series ON /* TEMPLATE: schema */search_document ((facts ->> 'series_id'))
    WHERE (facts ->> 'series_id') IS NOT NULL;

COMMENT ON COLUMN /* TEMPLATE: schema */search_document.title IS 'folded: without case, accents and punctuation';
COMMENT ON COLUMN /* TEMPLATE: schema */search_document.names IS 'folded titles in all languages, one a line, of which any part is found';
COMMENT ON COLUMN /* TEMPLATE: schema */search_document.facts IS 'what is filtered by, counted and sorted by: short, so that a row is read without its document';
COMMENT ON COLUMN /* TEMPLATE: schema */search_document.build IS 'the build that has last met it; what the newest one has not met is gone';

-- Words of titles and names, for those that are mistyped.
CREATE TABLE /* TEMPLATE: schema */search_word (
    word text PRIMARY KEY,
    variants text[] NOT NULL
);

CREATE INDEX search_word_variants ON /* TEMPLATE: schema */search_word USING gin (variants) WITH (fastupdate = off);
CREATE INDEX search_word_alike ON /* TEMPLATE: schema */search_word USING gin (word gin_trgm_ops) WITH (fastupdate = off);

COMMENT ON COLUMN /* TEMPLATE: schema */search_word.variants IS 'the word and what one letter less makes of it: two words that share one are a slip apart';

-- What search must be told. Rows are only added and removed, so that transactions that change the same thing do not wait
-- for one another here; many changes of one thing are told once.
CREATE TABLE /* TEMPLATE: schema */search_change (
    id uuid PRIMARY KEY,
    collection text NOT NULL,
    entity_id uuid NOT NULL,
    job_id bigint,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT search_change_collection CHECK (collection IN ('movies', 'tvshows', 'people'))
);

CREATE INDEX search_change_order ON /* TEMPLATE: schema */search_change (collection, id);
CREATE INDEX search_change_entity ON /* TEMPLATE: schema */search_change (collection, entity_id);

COMMENT ON COLUMN /* TEMPLATE: schema */search_change.job_id IS 'the job that was waiting to tell it when the change was made';
COMMENT ON COLUMN /* TEMPLATE: schema */search_change.attempts IS 'how often the search server refused it';

CREATE TABLE /* TEMPLATE: schema */search_build (
    collection text PRIMARY KEY,
    id uuid NOT NULL,
    engine text NOT NULL,
    fingerprint text NOT NULL,
    job_id bigint,
    cursor uuid,
    indexed integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT search_build_collection CHECK (collection IN ('movies', 'tvshows', 'seasons', 'episodes', 'people'))
);

COMMENT ON COLUMN /* TEMPLATE: schema */search_build.cursor IS 'the last that was indexed, in the order of ids';
COMMENT ON COLUMN /* TEMPLATE: schema */search_build.fingerprint IS 'of the schema and the engine; another one means that the index must be built anew';
