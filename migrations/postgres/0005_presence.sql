-- Which kitchen screens are connected, and the nodes that hold them.

ALTER TABLE displays ADD COLUMN connected BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX displays_connected ON displays (connected, restaurant, display);

-- One row for each node that a screen is connected to. The node counts the beat up while it is; a beat that stands still is
-- a node that is gone. No time is compared between nodes.
CREATE TABLE display_leases (
    restaurant UUID             NOT NULL REFERENCES restaurants (id),
    display    TEXT COLLATE "C" NOT NULL,
    node       UUID             NOT NULL,
    beat       BIGINT           NOT NULL,
    PRIMARY KEY (restaurant, display, node)
);
