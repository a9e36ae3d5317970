DROP TABLE /* TEMPLATE: schema */server_stat;
DROP TABLE /* TEMPLATE: schema */activity;
