-- What riders need: personal data, which no document, event or remembered answer has.

CREATE TABLE deliveries (
    restaurant  UUID NOT NULL REFERENCES restaurants (id),
    order_id    UUID NOT NULL,
    at          BIGINT NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (restaurant, order_id)
);

CREATE INDEX deliveries_by_age ON deliveries (restaurant, at);
