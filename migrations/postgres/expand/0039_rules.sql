-- Rules of the restaurant.

-- The rules that a restaurant sets for its own people, as JSON; NULL for none. Older nodes do not know them.
ALTER TABLE restaurants ADD COLUMN rules TEXT;
