-- Which kitchen screens are connected, and the nodes that hold them.

ALTER TABLE displays ADD COLUMN connected INTEGER NOT NULL DEFAULT 0 CHECK (connected IN (0, 1));

CREATE INDEX displays_connected ON displays (connected, restaurant, display);

-- One row for each node that a screen is connected to. The node counts the beat up while it is; a beat that stands still is
-- a node that is gone. No time is compared between nodes.
CREATE TABLE display_leases (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    display    TEXT    NOT NULL,
    node       BLOB    NOT NULL CHECK (length(node) = 16),
    beat       INTEGER NOT NULL,
    PRIMARY KEY (restaurant, display, node)
) STRICT;
