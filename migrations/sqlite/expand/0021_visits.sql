-- What a table has had since it sat down.

CREATE TABLE visits (
    restaurant  BLOB NOT NULL REFERENCES restaurants (id),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    table_label TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    -- When the last order came or came to its end.
    last_at     INTEGER NOT NULL,
    closed_at   INTEGER,
    PRIMARY KEY (restaurant, id)
) STRICT;

-- A table has one visit at a time.
CREATE UNIQUE INDEX visits_open ON visits (restaurant, table_label) WHERE closed_at IS NULL;
CREATE INDEX visits_idle ON visits (last_at) WHERE closed_at IS NULL;

-- The visit that an order belongs to; NULL for one at no table, and of an older node.
ALTER TABLE orders ADD COLUMN visit BLOB;

CREATE INDEX orders_of_visit ON orders (restaurant, visit, id) WHERE visit IS NOT NULL;
