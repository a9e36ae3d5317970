DROP TABLE /* TEMPLATE: schema */match_choice;
DROP TABLE /* TEMPLATE: schema */match_candidate;
DROP TABLE /* TEMPLATE: schema */item_episode;
ALTER TABLE /* TEMPLATE: schema */library_item
    DROP COLUMN series_key, DROP COLUMN match_state, DROP COLUMN match_confidence, DROP COLUMN match_evidence, DROP COLUMN match_error,
    DROP COLUMN matched_at, DROP COLUMN movie_id, DROP COLUMN series_id;
DROP TABLE /* TEMPLATE: schema */series_network;
DROP TABLE /* TEMPLATE: schema */network;
DROP TABLE /* TEMPLATE: schema */episode;
DROP TABLE /* TEMPLATE: schema */season;
DROP TABLE /* TEMPLATE: schema */series;
DROP TABLE /* TEMPLATE: schema */movie;
DROP TABLE /* TEMPLATE: schema */collection;
DROP TABLE /* TEMPLATE: schema */credit;
DROP TABLE /* TEMPLATE: schema */person;
DROP TABLE /* TEMPLATE: schema */image;
DROP TABLE /* TEMPLATE: schema */image_blob;
DROP TABLE /* TEMPLATE: schema */certification;
DROP TABLE /* TEMPLATE: schema */rating;
DROP TABLE /* TEMPLATE: schema */entity_genre;
DROP TABLE /* TEMPLATE: schema */genre;
DROP TABLE /* TEMPLATE: schema */translation;
DROP TABLE /* TEMPLATE: schema */external_id;
DROP TABLE /* TEMPLATE: schema */entity;
