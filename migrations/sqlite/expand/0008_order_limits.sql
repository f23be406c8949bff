-- What the limits on guests' orders count, and who has reached one.

-- Where the guest who placed it sits; '' for an order of the house, of a guest at no table, and of an older node.
ALTER TABLE orders ADD COLUMN table_label TEXT NOT NULL DEFAULT '';

UPDATE orders SET table_label = coalesce(json_extract(document, '$.table'), '') WHERE is_open AND diner IS NOT NULL;

-- Counts a guest's, a table's and all guests' open orders.
CREATE INDEX orders_open_of_guests ON orders (restaurant, table_label, diner) WHERE is_open AND diner IS NOT NULL;

-- One row for each limit that guests of a table have reached lately; table_label is '' where there is no table.
CREATE TABLE limit_refusals (
    restaurant  BLOB    NOT NULL REFERENCES restaurants (id),
    limit_name  TEXT    NOT NULL,
    table_label TEXT    NOT NULL,
    refusals    INTEGER NOT NULL CHECK (refusals > 0),
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    PRIMARY KEY (restaurant, limit_name, table_label)
) STRICT;

CREATE INDEX limit_refusals_of_restaurant ON limit_refusals (restaurant, last_at);
CREATE INDEX limit_refusals_by_age ON limit_refusals (last_at);
