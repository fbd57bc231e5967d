-- change: maintainer_parts
-- requires: add_maintainer_parts
-- description: splits "Name <address>" into maintainer_name and maintainer_email
-- over: packages
-- where: maintainer_email IS NULL
-- batch: 500
-- migrate:batch
-- The rule. Of the text, blanks round it and commas after it are dropped first ("whole" below). If it then ends
-- in an address, "<...>" from the last "<" to the end with at least one character and no "<", ">", comma or blank
-- inside, that is the email, and everything before it is the name, less the blanks between the two. Otherwise
-- there is no email and the whole text is the name. Neither part is ever NULL. So:
--
--   Ann Lee <ann@example.org>           Ann Lee | ann@example.org
--   Ann Lee  <ann@example.org>,         Ann Lee | ann@example.org           the blanks and the comma go
--   <ann@example.org>                           | ann@example.org           no name
--   Ann Lee                             Ann Lee |                           no address
--   "Lee, Ann" <ann@example.org>        "Lee, Ann" | ann@example.org        quotes belong to the name
--   "A <B> C" <ann@example.org>         "A <B> C" | ann@example.org         so do "<" and ">" in it
--   Ann <a@x.org>, Bob <b@x.org>        Ann <a@x.org>, Bob | b@x.org        the last address; the rest is kept
--   Ann <a@x.org>, Bob                  Ann <a@x.org>, Bob |                does not end in an address
--   Ann <ann at example.org>            Ann <ann at example.org> |          no address by its form
--
-- rtrim(t, replace(t, '<', '')) takes from the right every character but "<" and so leaves the text up to and
-- including its last "<", or nothing where there is none. PostgreSQL and SQLite both have these functions. LIMIT 1
-- keeps them from merging the subqueries and computing that again at every mention: four times faster on both.
UPDATE packages
SET (maintainer_name, maintainer_email) = (
  SELECT CASE WHEN email = '' THEN whole ELSE trim(substr(whole, 1, length(opening) - 1)) END,
         email
  FROM (
    SELECT whole, opening,
           CASE WHEN opening <> ''
                 AND tail LIKE '%_>'
                 AND length(replace(replace(replace(tail, '>', ''), ',', ''), ' ', '')) = length(tail) - 1
                THEN replace(tail, '>', '')
                ELSE ''
           END AS email
    FROM (
      SELECT whole, opening, substr(whole, length(opening) + 1) AS tail
      FROM (
        SELECT whole, rtrim(whole, replace(whole, '<', '')) AS opening
        FROM (SELECT ltrim(rtrim(packages.maintainer, ', ')) AS whole) AS trimmed
        LIMIT 1
      ) AS opened
    ) AS cut
  ) AS split
)
WHERE :batch
-- migrate:verify
-- Counts the rows that are not split, or not so that the old text can be told from the parts. It does not repeat
-- the split: it puts the parts side by side with the text. A row is right when its text, without blanks round it
-- and commas after it, is
--   the name, any blanks, then the email in "<" and ">", with none of "<", ">", comma and blank in the email; or
--   the name alone, if there is no email and the text does not end in something of that form either.
SELECT count(*)
FROM (
  SELECT maintainer_name AS name, maintainer_email AS email, ltrim(rtrim(maintainer, ', ')) AS whole
  FROM packages
) AS row_parts
WHERE name IS NULL
   OR email IS NULL
   OR email LIKE '%<%' OR email LIKE '%>%' OR email LIKE '%,%' OR email LIKE '% %'
   OR name <> trim(name)
   OR CASE
        WHEN email = '' THEN
          name <> whole
          -- Or an address was overlooked: one ">" at the end, not right after "<", and before it, up to a "<", nothing
          -- but characters other than the four. The inner replace() lists those the text has.
          OR (whole LIKE '%>' AND whole NOT LIKE '%>>' AND whole NOT LIKE '%<>'
              AND rtrim(rtrim(whole, '>'),
                        replace(replace(replace(replace(whole, '<', ''), '>', ''), ',', ''), ' ', '')) LIKE '%<')
        WHEN length(whole) < length(email) + 2 THEN
          TRUE
        ELSE
          substr(whole, length(whole) - length(email) - 1) <> '<' || email || '>'
          OR rtrim(substr(whole, 1, length(whole) - length(email) - 2)) <> name
      END
