-- The nodes that run, each with the feature level it knows. A node counts its beat up while it runs; a beat that stands
-- still is a node that is gone. No time is compared between nodes. A node of a version before this has no row.
CREATE TABLE nodes (
    node  BLOB    NOT NULL PRIMARY KEY CHECK (length(node) = 16),
    level INTEGER NOT NULL,
    beat  INTEGER NOT NULL
) STRICT;
