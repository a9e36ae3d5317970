DROP TABLE /* TEMPLATE: schema */search_build;
DROP TABLE /* TEMPLATE: schema */search_change;
DROP TABLE /* TEMPLATE: schema */search_word;
DROP TABLE /* TEMPLATE: schema */search_document;
