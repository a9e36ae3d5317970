DROP TABLE /* TEMPLATE: schema */playback_session;
DROP TABLE /* TEMPLATE: schema */watched;
DROP TABLE /* TEMPLATE: schema */library_permission;
DROP TABLE /* TEMPLATE: schema */failed_login;
DROP TABLE /* TEMPLATE: schema */account_token;
DROP TABLE /* TEMPLATE: schema */session;
DROP TABLE /* TEMPLATE: schema */account;
