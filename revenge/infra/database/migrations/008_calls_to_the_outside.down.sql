DROP TABLE /* TEMPLATE: schema */provider_answer;
DROP TABLE /* TEMPLATE: schema */call_circuit;
DROP TABLE /* TEMPLATE: schema */call_rate;
