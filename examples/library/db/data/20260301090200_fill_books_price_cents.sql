-- change: books_price
-- requires: add_books_price_cents
-- over: books
-- where: price_cents IS NULL
-- batch: 500
-- migrate:batch
UPDATE books SET price_cents = CAST(round(price * 100) AS INTEGER) WHERE :batch;
-- migrate:verify
SELECT count(*) FROM books WHERE abs(price_cents - price * 100) > 0.5;
