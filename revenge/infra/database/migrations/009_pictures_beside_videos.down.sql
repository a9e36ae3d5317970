DELETE FROM /* TEMPLATE: schema */image WHERE picture_id IS NOT NULL;
ALTER TABLE /* TEMPLATE: schema */image DROP COLUMN picture_id;
COMMENT ON COLUMN /* TEMPLATE: schema */image.position IS '0 is the one that is shown';
DROP TABLE /* TEMPLATE: schema */library_picture;
