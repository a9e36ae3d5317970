-- What is known of films, series and people. Everything that has ids with providers, translations, pictures, genres or
-- credits is an entity; its own table has the same id. Child rows hang on the entity, so that they are read and written
-- by one piece of code whatever it is.
-- Trusted since PostgreSQL 13: whoever may make this schema may have it. Titles are found by parts of them, typos included.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE TABLE /* TEMPLATE: schema */entity (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT entity_kind_key UNIQUE (id, kind),
    CONSTRAINT entity_kind CHECK (kind IN ('movie', 'collection', 'series', 'season', 'episode', 'person'))
);

CREATE TABLE /* TEMPLATE: schema */external_id (
    entity_id uuid NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (entity_id, provider),
    CONSTRAINT external_id_entity FOREIGN KEY (entity_id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT external_id_key UNIQUE (kind, provider, value),
    CONSTRAINT external_id_provider CHECK (provider IN ('tmdb', 'imdb', 'tvdb', 'tvmaze', 'wikidata')),
    CONSTRAINT external_id_value CHECK (char_length(value) BETWEEN 1 AND 100)
);

CREATE TABLE /* TEMPLATE: schema */translation (
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    language text NOT NULL,
    title text,
    overview text,
    tagline text,
    PRIMARY KEY (entity_id, language),
    CONSTRAINT translation_language CHECK (char_length(language) BETWEEN 2 AND 35)
);

CREATE TABLE /* TEMPLATE: schema */genre (
    slug text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE /* TEMPLATE: schema */entity_genre (
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    genre text NOT NULL REFERENCES /* TEMPLATE: schema */genre (slug),
    position integer NOT NULL,
    PRIMARY KEY (entity_id, genre)
);

CREATE INDEX entity_genre_genre ON /* TEMPLATE: schema */entity_genre (genre);

CREATE TABLE /* TEMPLATE: schema */rating (
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    source text NOT NULL,
    value numeric(5, 2) NOT NULL,
    votes integer,
    PRIMARY KEY (entity_id, source),
    CONSTRAINT rating_value CHECK (value BETWEEN 0 AND 100)
);

COMMENT ON COLUMN /* TEMPLATE: schema */rating.value IS 'of ten with tmdb, imdb, tvmaze and nfo; of a hundred with metacritic and rottentomatoes';

CREATE TABLE /* TEMPLATE: schema */certification (
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    country text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (entity_id, country)
);

-- A picture's bytes by their content: two films with one picture have it once.
CREATE TABLE /* TEMPLATE: schema */image_blob (
    hash text PRIMARY KEY,
    mime text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT image_blob_hash CHECK (hash ~ '^[0-9a-f]{64}$')
);

CREATE TABLE /* TEMPLATE: schema */image (
    id uuid PRIMARY KEY,
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    type text NOT NULL,
    provider text NOT NULL,
    source text NOT NULL,
    language text,
    position integer NOT NULL DEFAULT 0,
    hash text REFERENCES /* TEMPLATE: schema */image_blob (hash),
    fetched_at timestamptz,
    error text,
    CONSTRAINT image_key UNIQUE (entity_id, type, provider, source),
    CONSTRAINT image_type CHECK (type IN ('poster', 'backdrop', 'profile', 'still', 'logo'))
);

CREATE INDEX image_hash ON /* TEMPLATE: schema */image (hash);

COMMENT ON COLUMN /* TEMPLATE: schema */image.source IS 'the provider''s own path or address of it, never asked of any other host';
COMMENT ON COLUMN /* TEMPLATE: schema */image.position IS '0 is the one that is shown';

CREATE TABLE /* TEMPLATE: schema */person (
    id uuid PRIMARY KEY,
    kind text NOT NULL DEFAULT 'person',
    name text NOT NULL,
    biography text,
    birth_date date,
    death_date date,
    birthplace text,
    known_for text,
    popularity double precision,
    local_key text,
    metadata_provider text,
    metadata_updated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT person_local_key UNIQUE (local_key),
    CONSTRAINT person_entity FOREIGN KEY (id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT person_kind CHECK (kind = 'person'),
    CONSTRAINT person_name CHECK (char_length(name) BETWEEN 1 AND 500)
);

CREATE INDEX person_stale ON /* TEMPLATE: schema */person (metadata_updated_at NULLS FIRST, id);

COMMENT ON COLUMN /* TEMPLATE: schema */person.local_key IS 'folded name of a person whom no provider has identified; null as soon as one has';

CREATE TABLE /* TEMPLATE: schema */credit (
    id uuid PRIMARY KEY,
    entity_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    person_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */person (id) ON DELETE CASCADE,
    type text NOT NULL,
    character text NOT NULL DEFAULT '',
    job text NOT NULL DEFAULT '',
    department text NOT NULL DEFAULT '',
    position integer NOT NULL,
    CONSTRAINT credit_key UNIQUE (entity_id, person_id, type, character, job),
    CONSTRAINT credit_type CHECK (type IN ('cast', 'crew', 'guest_star'))
);

CREATE INDEX credit_person ON /* TEMPLATE: schema */credit (person_id);

CREATE TABLE /* TEMPLATE: schema */collection (
    id uuid PRIMARY KEY,
    kind text NOT NULL DEFAULT 'collection',
    name text NOT NULL,
    overview text,
    local_key text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT collection_local_key UNIQUE (local_key),
    CONSTRAINT collection_entity FOREIGN KEY (id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT collection_kind CHECK (kind = 'collection')
);

COMMENT ON COLUMN /* TEMPLATE: schema */collection.local_key IS 'folded name of one that no provider has identified; null as soon as one has';

CREATE TABLE /* TEMPLATE: schema */movie (
    id uuid PRIMARY KEY,
    kind text NOT NULL DEFAULT 'movie',
    title text NOT NULL,
    original_title text,
    original_language text,
    year integer,
    release_date date,
    runtime_min integer,
    overview text,
    tagline text,
    status text,
    budget bigint,
    revenue bigint,
    popularity double precision,
    vote_average numeric(4, 2),
    vote_count integer,
    trailer_url text,
    homepage text,
    collection_id uuid REFERENCES /* TEMPLATE: schema */collection (id) ON DELETE SET NULL,
    local_key text,
    metadata_provider text,
    metadata_updated_at timestamptz,
    added_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT movie_entity FOREIGN KEY (id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT movie_kind CHECK (kind = 'movie'),
    CONSTRAINT movie_title CHECK (char_length(title) BETWEEN 1 AND 1000),
    CONSTRAINT movie_local_key UNIQUE (local_key)
);

-- Without a list of pending entries, which every look would go through until the next vacuum.
CREATE INDEX movie_title ON /* TEMPLATE: schema */movie USING gin (title gin_trgm_ops, original_title gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX movie_year ON /* TEMPLATE: schema */movie (year);
CREATE INDEX movie_order ON /* TEMPLATE: schema */movie (added_at, id);
CREATE INDEX movie_title_order ON /* TEMPLATE: schema */movie (lower(title), id);
CREATE INDEX movie_collection ON /* TEMPLATE: schema */movie (collection_id);
CREATE INDEX movie_stale ON /* TEMPLATE: schema */movie (metadata_updated_at NULLS FIRST, id);

COMMENT ON COLUMN /* TEMPLATE: schema */movie.local_key IS 'folded title and year of a film that no provider has identified yet; null as soon as one has';

CREATE TABLE /* TEMPLATE: schema */series (
    id uuid PRIMARY KEY,
    kind text NOT NULL DEFAULT 'series',
    title text NOT NULL,
    original_title text,
    original_language text,
    year integer,
    first_air_date date,
    last_air_date date,
    overview text,
    tagline text,
    status text,
    type text,
    popularity double precision,
    vote_average numeric(4, 2),
    vote_count integer,
    trailer_url text,
    homepage text,
    local_key text,
    metadata_provider text,
    metadata_updated_at timestamptz,
    added_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT series_entity FOREIGN KEY (id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT series_kind CHECK (kind = 'series'),
    CONSTRAINT series_title CHECK (char_length(title) BETWEEN 1 AND 1000),
    CONSTRAINT series_local_key UNIQUE (local_key)
);

CREATE INDEX series_title ON /* TEMPLATE: schema */series USING gin (title gin_trgm_ops, original_title gin_trgm_ops);
CREATE INDEX series_order ON /* TEMPLATE: schema */series (added_at, id);
CREATE INDEX series_stale ON /* TEMPLATE: schema */series (metadata_updated_at NULLS FIRST, id);

CREATE TABLE /* TEMPLATE: schema */season (
    id uuid PRIMARY KEY,
    kind text NOT NULL DEFAULT 'season',
    series_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */series (id) ON DELETE CASCADE,
    number integer NOT NULL,
    name text,
    overview text,
    air_date date,
    vote_average numeric(4, 2),
    metadata_updated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT season_entity FOREIGN KEY (id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT season_kind CHECK (kind = 'season'),
    CONSTRAINT season_key UNIQUE (series_id, number),
    CONSTRAINT season_series_key UNIQUE (series_id, id),
    CONSTRAINT season_number CHECK (number >= 0)
);

COMMENT ON COLUMN /* TEMPLATE: schema */season.number IS '0: specials';

CREATE TABLE /* TEMPLATE: schema */episode (
    id uuid PRIMARY KEY,
    kind text NOT NULL DEFAULT 'episode',
    series_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */series (id) ON DELETE CASCADE,
    season_id uuid NOT NULL,
    season_number integer NOT NULL,
    number integer NOT NULL,
    absolute_number integer,
    title text,
    overview text,
    air_date date,
    runtime_min integer,
    vote_average numeric(4, 2),
    vote_count integer,
    production_code text,
    metadata_updated_at timestamptz,
    added_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT episode_entity FOREIGN KEY (id, kind)
        REFERENCES /* TEMPLATE: schema */entity (id, kind) ON DELETE CASCADE,
    CONSTRAINT episode_kind CHECK (kind = 'episode'),
    CONSTRAINT episode_season FOREIGN KEY (series_id, season_id)
        REFERENCES /* TEMPLATE: schema */season (series_id, id) ON DELETE CASCADE,
    CONSTRAINT episode_key UNIQUE (series_id, season_number, number),
    CONSTRAINT episode_number CHECK (number >= 0)
);

CREATE INDEX episode_season ON /* TEMPLATE: schema */episode (season_id);
CREATE INDEX episode_absolute ON /* TEMPLATE: schema */episode (series_id, absolute_number) WHERE absolute_number IS NOT NULL;
CREATE INDEX episode_air_date ON /* TEMPLATE: schema */episode (series_id, air_date);

CREATE TABLE /* TEMPLATE: schema */network (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    country text
);

CREATE UNIQUE INDEX network_name_key ON /* TEMPLATE: schema */network (lower(name), coalesce(country, ''));

CREATE TABLE /* TEMPLATE: schema */series_network (
    series_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */series (id) ON DELETE CASCADE,
    network_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */network (id) ON DELETE CASCADE,
    PRIMARY KEY (series_id, network_id)
);

-- What a library's film or episode, as its files tell it, was found to be. Its files are the versions and parts of it.
ALTER TABLE /* TEMPLATE: schema */library_item
    ADD COLUMN series_key text GENERATED ALWAYS AS (
        CASE WHEN kind = 'episode' THEN regexp_replace(key, ':[^:]*$', '') END
    ) STORED,
    ADD COLUMN match_state text NOT NULL DEFAULT 'pending',
    ADD COLUMN match_confidence real,
    ADD COLUMN match_evidence jsonb,
    ADD COLUMN match_error text,
    ADD COLUMN matched_at timestamptz,
    ADD COLUMN movie_id uuid REFERENCES /* TEMPLATE: schema */movie (id) ON DELETE SET NULL,
    ADD COLUMN series_id uuid REFERENCES /* TEMPLATE: schema */series (id) ON DELETE SET NULL,
    ADD CONSTRAINT library_item_match_state CHECK (match_state IN ('pending', 'matched', 'unmatched', 'manual', 'ignored')),
    ADD CONSTRAINT library_item_match_confidence CHECK (match_confidence BETWEEN 0 AND 1);

CREATE INDEX library_item_movie ON /* TEMPLATE: schema */library_item (movie_id);
CREATE INDEX library_item_series ON /* TEMPLATE: schema */library_item (series_id);
CREATE INDEX library_item_to_match ON /* TEMPLATE: schema */library_item (library_id, id) WHERE match_state = 'pending';
CREATE INDEX library_item_series_key ON /* TEMPLATE: schema */library_item (library_id, series_key, id) WHERE kind = 'episode';
CREATE INDEX library_item_unmatched ON /* TEMPLATE: schema */library_item (library_id, id) WHERE match_state = 'unmatched';

COMMENT ON COLUMN /* TEMPLATE: schema */library_item.series_key IS 'what all episodes of one series have in common; they are matched together';
COMMENT ON COLUMN /* TEMPLATE: schema */library_item.match_state IS 'manual: a person chose it, and no match changes it; ignored: a person wants no match';

-- One file may hold several episodes, and one episode lie in several files.
CREATE TABLE /* TEMPLATE: schema */item_episode (
    item_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library_item (id) ON DELETE CASCADE,
    episode_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */episode (id) ON DELETE CASCADE,
    PRIMARY KEY (item_id, episode_id)
);

CREATE INDEX item_episode_episode ON /* TEMPLATE: schema */item_episode (episode_id);

-- What an item that could not be matched may be.
CREATE TABLE /* TEMPLATE: schema */match_candidate (
    item_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library_item (id) ON DELETE CASCADE,
    position integer NOT NULL,
    provider text NOT NULL,
    provider_id text NOT NULL,
    title text NOT NULL,
    year integer,
    score real NOT NULL,
    evidence jsonb NOT NULL,
    PRIMARY KEY (item_id, position)
);

-- A choice made by hand. It outlives the item, whose files may vanish and come back.
CREATE TABLE /* TEMPLATE: schema */match_choice (
    library_id uuid NOT NULL REFERENCES /* TEMPLATE: schema */library (id) ON DELETE CASCADE,
    item_key text NOT NULL,
    entity_id uuid REFERENCES /* TEMPLATE: schema */entity (id) ON DELETE CASCADE,
    chosen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (library_id, item_key)
);

COMMENT ON COLUMN /* TEMPLATE: schema */match_choice.item_key IS 'of an item, or the series_key of all episodes of a series';
COMMENT ON COLUMN /* TEMPLATE: schema */match_choice.entity_id IS 'a film, a series or an episode; null: it is to be left alone';
