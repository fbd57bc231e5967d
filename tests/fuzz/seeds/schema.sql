-- change: c
-- requires: a
-- migrate:up lock_timeout:2s
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;
COPY t FROM stdin;
1	2
\.
-- migrate:down transaction:false
DROP FUNCTION f;
