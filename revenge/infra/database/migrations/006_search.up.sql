-- The search of a server without a search server, and what either still has to be told.
CREATE TABLE /* TEMPLATE: schema */search_document (
    collection text NOT NULL,
    id uuid NOT NULL,
    title text NOT NULL,
    words tsvector NOT NULL,
    library_ids uuid[] NOT NULL DEFAULT '{}',
    data jsonb NOT NULL,
    build uuid,
    indexed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection, id),
    CONSTRAINT search_document_collection CHECK (collection IN ('movies', 'tvshows', 'seasons', 'episodes', 'people'))
);

CREATE INDEX search_document_words ON /* TEMPLATE: schema */search_document USING gin (words);
CREATE INDEX search_document_title ON /* TEMPLATE: schema */search_document USING gin (title gin_trgm_ops);

CREATE TABLE /* TEMPLATE: schema */search_change (
    collection text NOT NULL,
    entity_id uuid NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection, entity_id)
);

CREATE INDEX search_change_time ON /* TEMPLATE: schema */search_change (changed_at);

CREATE TABLE /* TEMPLATE: schema */search_build (
    collection text PRIMARY KEY,
    id uuid NOT NULL,
    cursor uuid,
    indexed integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    error text
);
