-- The log of each restaurant, and the documents folded from it.

-- The head is the last committed position: reading it for a transaction that appends holds it until the commit.
CREATE TABLE feeds (
    restaurant  UUID   NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    head        BIGINT NOT NULL CHECK (head >= 0),
    next_number BIGINT NOT NULL CHECK (next_number > 0)
);

-- The primary key is the last guard of the feed's order: no position is ever given twice.
-- No foreign key: a row is only written by a transaction that holds the restaurant's feed.
CREATE TABLE events (
    restaurant UUID     NOT NULL,
    position   BIGINT   NOT NULL CHECK (position > 0),
    id         UUID     NOT NULL,
    kind       TEXT     NOT NULL,
    topic      SMALLINT NOT NULL,
    order_id   UUID,
    at         BIGINT   NOT NULL,
    by_role    TEXT     NOT NULL,
    command    UUID,
    patch      TEXT     NOT NULL,
    PRIMARY KEY (restaurant, position)
);

CREATE INDEX events_of_order ON events (restaurant, order_id, position);
CREATE INDEX events_of_topic ON events (restaurant, topic, position);

CREATE TABLE orders (
    restaurant UUID    NOT NULL REFERENCES restaurants (id),
    id         UUID    NOT NULL,
    number     BIGINT  NOT NULL,
    status     TEXT    NOT NULL,
    is_open    BOOLEAN NOT NULL,
    diner      TEXT,
    document   TEXT    NOT NULL,
    PRIMARY KEY (restaurant, id),
    UNIQUE (restaurant, number)
);

CREATE INDEX orders_open ON orders (restaurant, id) WHERE is_open;
CREATE INDEX orders_of_status ON orders (restaurant, status, id);
CREATE INDEX orders_of_diner ON orders (restaurant, diner, id) WHERE diner IS NOT NULL;

CREATE TABLE menus (
    restaurant UUID   NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    document   TEXT   NOT NULL,
    next_lapse BIGINT
);

CREATE INDEX menus_that_lapse ON menus (next_lapse) WHERE next_lapse IS NOT NULL;

CREATE TABLE calls (
    restaurant UUID NOT NULL REFERENCES restaurants (id),
    id         UUID NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
);

-- Remembered answers, so that a command sent again has no second effect.
CREATE TABLE commands (
    restaurant  UUID   NOT NULL,
    sub         TEXT   NOT NULL,
    id          UUID   NOT NULL,
    fingerprint BYTEA  NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (restaurant, sub, id)
);

CREATE INDEX commands_by_age ON commands (at);
