-- change: books_isbn13
-- migrate:up
ALTER TABLE books ADD COLUMN isbn13 TEXT;
-- migrate:down
ALTER TABLE books DROP COLUMN isbn13;
