--liquibase formatted sql
--changeset a:1 endDelimiter:/
SELECT ${a}
/
--rollback DROP TABLE t;
