-- Orders for later.

-- When the work of an order begins, while it waits for that; NULL for all others, and for orders of older nodes.
ALTER TABLE orders ADD COLUMN starts_at BIGINT;

CREATE INDEX orders_by_start ON orders (starts_at) WHERE starts_at IS NOT NULL;
CREATE INDEX orders_upcoming ON orders (restaurant, id) WHERE starts_at IS NOT NULL;
