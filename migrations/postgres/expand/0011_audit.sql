-- Who did what, written in the transaction that did it. Rows are only ever added; retention removes old ones.

CREATE TABLE audit (
    restaurant UUID   NOT NULL REFERENCES restaurants (id),
    -- A UUID of version 7: its order is the order of time.
    id         UUID   NOT NULL,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    role       TEXT,
    sub        TEXT,
    name       TEXT,
    address    TEXT,
    subject    TEXT,
    part       TEXT,
    label      TEXT,
    value      TEXT,
    reason     TEXT,
    outcome    TEXT   NOT NULL,
    PRIMARY KEY (restaurant, id)
);

-- Nearly all rows are of orders, and those need no other index than the primary key.
CREATE INDEX audit_of_kind ON audit (restaurant, kind, id) WHERE kind <> 'orders';

CREATE FUNCTION audit_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are not changed';
END
$$;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_not_changed();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_not_changed();

-- Thirty days, whatever a node is told.
CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 2592000000000 THEN
        RAISE EXCEPTION 'audit rows are kept for thirty days at least';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_kept();
