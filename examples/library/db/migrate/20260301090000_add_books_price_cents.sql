-- change: books_price
-- migrate:up
ALTER TABLE books ADD COLUMN price_cents INTEGER;
-- migrate:down
ALTER TABLE books DROP COLUMN price_cents;
