-- Who did what, written in the transaction that did it. Rows are only ever added; retention removes old ones.

CREATE TABLE audit (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    -- A UUID of version 7: its order is the order of time.
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    role       TEXT,
    sub        TEXT,
    name       TEXT,
    address    TEXT,
    subject    TEXT,
    part       TEXT,
    label      TEXT,
    value      TEXT,
    reason     TEXT,
    outcome    TEXT    NOT NULL,
    PRIMARY KEY (restaurant, id)
) STRICT, WITHOUT ROWID;

-- Nearly all rows are of orders, and those need no other index than the primary key.
CREATE INDEX audit_of_kind ON audit (restaurant, kind, id) WHERE kind <> 'orders';

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are not changed');
END;

-- Thirty days, whatever a node is told.
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.at > CAST(unixepoch('subsec') * 1000000 AS INTEGER) - 2592000000000
BEGIN
    SELECT RAISE(ABORT, 'audit rows are kept for thirty days at least');
END;
