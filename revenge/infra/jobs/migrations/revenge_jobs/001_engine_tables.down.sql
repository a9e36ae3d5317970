DROP TABLE /* TEMPLATE: schema */revenge_job_schedule;
DROP TABLE /* TEMPLATE: schema */revenge_job_progress;
DROP TABLE /* TEMPLATE: schema */revenge_job_lease;
DROP TABLE /* TEMPLATE: schema */revenge_job_node;
