-- change: maintainer_parts
-- description: room for the maintainer's name and address beside the one text that holds both
-- migrate:up
ALTER TABLE packages ADD COLUMN maintainer_name text;
ALTER TABLE packages ADD COLUMN maintainer_email text;
-- migrate:down
ALTER TABLE packages DROP COLUMN maintainer_email;
ALTER TABLE packages DROP COLUMN maintainer_name;
