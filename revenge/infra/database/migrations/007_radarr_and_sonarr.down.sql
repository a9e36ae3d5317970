DROP TABLE /* TEMPLATE: schema */webhook_event;
DROP TABLE /* TEMPLATE: schema */arr_file;
DROP TABLE /* TEMPLATE: schema */arr_title;
DROP TABLE /* TEMPLATE: schema */arr_sync;
