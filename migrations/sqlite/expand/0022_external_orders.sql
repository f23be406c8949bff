-- Orders that a POS or an aggregator knows by a number of its own: the number is one order's, for each API key.

CREATE TABLE external_orders (
    restaurant  BLOB NOT NULL REFERENCES restaurants (id),
    source      TEXT NOT NULL,
    external_id TEXT NOT NULL,
    order_id    BLOB NOT NULL,
    -- SHA-256 of what was ordered.
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (restaurant, source, external_id)
) STRICT;
