DROP TABLE /* TEMPLATE: schema */discarded_job;
DROP TABLE /* TEMPLATE: schema */notification_agent;
DROP TABLE /* TEMPLATE: schema */notification_delivery;
DROP TABLE /* TEMPLATE: schema */notification_event;
