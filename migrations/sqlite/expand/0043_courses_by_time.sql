-- Courses that fire some time after the one before.

-- When the next course of an order fires, while it waits for that; NULL for all others, and for orders of older nodes.
ALTER TABLE orders ADD COLUMN fires_at INTEGER;

CREATE INDEX orders_by_fire ON orders (fires_at) WHERE fires_at IS NOT NULL;
