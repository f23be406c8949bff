-- What riders need: personal data, which no document, event or remembered answer has.

CREATE TABLE deliveries (
    restaurant  BLOB NOT NULL REFERENCES restaurants (id),
    order_id    BLOB NOT NULL CHECK (length(order_id) = 16),
    at          INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (restaurant, order_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_age ON deliveries (restaurant, at);
