-- Webhooks: servers of integrators that get a restaurant's feed, each from a position of its own.

CREATE TABLE webhooks (
    restaurant  UUID NOT NULL REFERENCES restaurants (id),
    id          UUID NOT NULL,
    -- Counts changes of the row. A change is written only if nobody else has made one meanwhile.
    version     BIGINT NOT NULL,
    state       TEXT NOT NULL,
    -- When a node may send next: after the current node's lease, and after the wait between two attempts.
    due_at      BIGINT NOT NULL,
    -- The position up to which the receiver has accepted everything.
    position    BIGINT NOT NULL,
    -- In clear, since the server signs with them.
    keys        BYTEA NOT NULL,
    former_keys BYTEA,
    -- The fields that no query reads.
    document    TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
);

CREATE INDEX webhooks_by_due ON webhooks (state, due_at);
