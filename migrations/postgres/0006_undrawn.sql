-- Tickets that no screen shows: what there is to look for, and what the floor has been told.

-- The stations at which something of an accepted order waits, as a JSON array; NULL when nothing does. An order that was
-- accepted under an older version is looked at from its next change on.
ALTER TABLE orders ADD COLUMN waits_at TEXT;
-- The feed position at which it was accepted: a screen that has drawn beyond it shows it.
ALTER TABLE orders ADD COLUMN accepted_position BIGINT;

CREATE INDEX orders_waiting ON orders (restaurant, id) WHERE waits_at IS NOT NULL;

-- The one station that a screen shows which is bound to none and may show all; NULL for all.
ALTER TABLE displays ADD COLUMN shows TEXT;

-- Tickets of which the floor has been told that no screen shows them. A row comes and goes with an event of the feed.
CREATE TABLE undrawn (
    restaurant UUID             NOT NULL REFERENCES restaurants (id),
    station    TEXT COLLATE "C" NOT NULL,
    order_id   UUID             NOT NULL,
    number     BIGINT           NOT NULL,
    PRIMARY KEY (restaurant, station, order_id)
);
