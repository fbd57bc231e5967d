-- over: t
-- where: a IS NULL AND b = :v
-- key: id
-- batch: 10
-- param: v integer 7
-- migrate:batch
UPDATE t SET a = $x$ ; $x$, c = E'\\'
 WHERE :batch;
-- migrate:verify
SELECT count(*) FROM t WHERE a IS NULL
