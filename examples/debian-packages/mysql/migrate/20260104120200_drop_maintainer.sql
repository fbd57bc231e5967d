-- change: maintainer_parts
-- requires: split_maintainer
-- description: drops the old text; down rebuilds it from the parts, but not its commas at the end, its extra blanks, its place in the table
-- allow: drop-column (this is the contract step, and it waits until no reader of the column is left)
-- migrate:up
ALTER TABLE packages DROP COLUMN maintainer;
-- migrate:down
-- Not recovered: blanks round the text and commas after it; the number of blanks before the address, which becomes
-- one; the column's place, which becomes the last.
ALTER TABLE packages ADD COLUMN maintainer text;
UPDATE packages
SET maintainer = CASE
      WHEN maintainer_email = '' THEN maintainer_name
      WHEN maintainer_name = '' THEN concat('<', maintainer_email, '>')
      ELSE concat(maintainer_name, ' <', maintainer_email, '>')
    END
WHERE maintainer_name IS NOT NULL AND maintainer_email IS NOT NULL;
ALTER TABLE packages MODIFY maintainer text NOT NULL;
