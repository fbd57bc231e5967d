-- change: books_price
-- requires: fill_books_price_cents
-- migrate:up
ALTER TABLE books DROP COLUMN price;
-- migrate:down
ALTER TABLE books ADD COLUMN price REAL;
UPDATE books SET price = price_cents / 100.0;
