-- change: maintainer_parts
-- requires: add_maintainer_parts
-- description: splits "Name <address>" into maintainer_name and maintainer_email
-- over: packages
-- where: maintainer_email IS NULL
-- batch: 500
-- migrate:batch
-- The rule is that of db/data, in the words of MySQL and MariaDB: of the text, blanks round it and commas after it are
-- dropped first. If it then ends in an address, "<...>" with at least one character and no "<", ">", comma or blank
-- inside, that is the email, and everything before it is the name, less the blanks between the two. Otherwise there is
-- no email and the whole text is the name. Neither part is ever NULL.
UPDATE packages
SET maintainer_name = regexp_replace(ltrim(regexp_replace(maintainer, '[ ,]+$', '')), ' *<[^<>, ]+>$', ''),
    maintainer_email = CASE
      WHEN regexp_replace(maintainer, '[ ,]+$', '') REGEXP '<[^<>, ]+>$'
      THEN substring_index(substring_index(maintainer, '<', -1), '>', 1)
      ELSE ''
    END
WHERE :batch
-- migrate:verify
-- Counts the rows that are not split, or not so that the old text can be told from the parts. It does not repeat
-- the split: it puts the parts side by side with the text.
SELECT count(*)
FROM (
  SELECT maintainer_name AS name, maintainer_email AS email,
         ltrim(regexp_replace(maintainer, '[ ,]+$', '')) AS whole
  FROM packages
) AS row_parts
WHERE name IS NULL
   OR email IS NULL
   OR email REGEXP '[<>, ]'
   OR name <> trim(name)
   OR CASE
        WHEN email = '' THEN
          name <> whole OR whole REGEXP '<[^<>, ]+>$'
        ELSE
          right(whole, char_length(email) + 2) <> concat('<', email, '>')
          OR rtrim(left(whole, char_length(whole) - char_length(email) - 2)) <> name
      END
