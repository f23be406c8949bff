-- The log of each restaurant, and the documents folded from it.

-- The head is the last committed position: reading it for a transaction that appends holds it until the commit.
CREATE TABLE feeds (
    restaurant  BLOB    NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    head        INTEGER NOT NULL CHECK (head >= 0),
    next_number INTEGER NOT NULL CHECK (next_number > 0)
) STRICT;

-- The primary key is the last guard of the feed's order: no position is ever given twice.
-- No foreign key: a row is only written by a transaction that holds the restaurant's feed.
CREATE TABLE events (
    restaurant BLOB    NOT NULL,
    position   INTEGER NOT NULL CHECK (position > 0),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    kind       TEXT    NOT NULL,
    topic      INTEGER NOT NULL,
    order_id   BLOB,
    at         INTEGER NOT NULL,
    by_role    TEXT    NOT NULL,
    command    BLOB,
    patch      TEXT    NOT NULL,
    PRIMARY KEY (restaurant, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_of_order ON events (restaurant, order_id, position);
CREATE INDEX events_of_topic ON events (restaurant, topic, position);

CREATE TABLE orders (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    number     INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    is_open    INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    diner      TEXT,
    document   TEXT    NOT NULL,
    PRIMARY KEY (restaurant, id),
    UNIQUE (restaurant, number)
) STRICT;

CREATE INDEX orders_open ON orders (restaurant, id) WHERE is_open;
CREATE INDEX orders_of_status ON orders (restaurant, status, id);
CREATE INDEX orders_of_diner ON orders (restaurant, diner, id) WHERE diner IS NOT NULL;

CREATE TABLE menus (
    restaurant BLOB NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    document   TEXT NOT NULL,
    next_lapse INTEGER
) STRICT;

CREATE INDEX menus_that_lapse ON menus (next_lapse) WHERE next_lapse IS NOT NULL;

CREATE TABLE calls (
    restaurant BLOB NOT NULL REFERENCES restaurants (id),
    id         BLOB NOT NULL CHECK (length(id) = 16),
    document   TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
) STRICT;

-- Remembered answers, so that a command sent again has no second effect.
CREATE TABLE commands (
    restaurant  BLOB    NOT NULL,
    sub         TEXT    NOT NULL,
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    answer      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (restaurant, sub, id)
) STRICT;

CREATE INDEX commands_by_age ON commands (at);
