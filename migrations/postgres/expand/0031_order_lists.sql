-- Lists of orders by table, and an order's number in a POS or at an aggregator for the whole restaurant.

-- The table of an order, whoever placed it; NULL without one, and for an order of an older node.
ALTER TABLE orders ADD COLUMN at_table TEXT;

UPDATE orders SET at_table = document::json ->> 'table' WHERE document::json ->> 'table' IS NOT NULL;

CREATE INDEX orders_at_table ON orders (restaurant, at_table, id) WHERE at_table IS NOT NULL;

-- Nodes of the version before let each API key use a number once, so several orders may have it.
CREATE INDEX external_orders_of_restaurant ON external_orders (restaurant, external_id, order_id);
