-- Webhooks: servers of integrators that get a restaurant's feed, each from a position of its own.

CREATE TABLE webhooks (
    restaurant  BLOB NOT NULL REFERENCES restaurants (id),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    -- Counts changes of the row. A change is written only if nobody else has made one meanwhile.
    version     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    -- When a node may send next: after the current node's lease, and after the wait between two attempts.
    due_at      INTEGER NOT NULL,
    -- The position up to which the receiver has accepted everything.
    position    INTEGER NOT NULL,
    -- In clear, since the server signs with them.
    keys        BLOB NOT NULL,
    former_keys BLOB,
    -- The fields that no query reads.
    document    TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_by_due ON webhooks (state, due_at);
