DROP TABLE /* TEMPLATE: schema */library_scan_error;
DROP TABLE /* TEMPLATE: schema */library_scan;
DROP TABLE /* TEMPLATE: schema */library_file;
DROP TABLE /* TEMPLATE: schema */library_item;
DROP TABLE /* TEMPLATE: schema */library_root;
DROP TABLE /* TEMPLATE: schema */library;
