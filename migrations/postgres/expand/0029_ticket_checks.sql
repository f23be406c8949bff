-- The kitchens whose tickets are to be checked: one may be a ticket that no screen shows, or the floor's displays may list one
-- that a screen shows by now. Triggers keep the rows, so that changes by nodes of the version before count too.
CREATE TABLE ticket_checks (
    restaurant UUID    NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    -- Rises with each change that a check depends on, and never falls.
    version    BIGINT  NOT NULL,
    is_due     BOOLEAN NOT NULL
);

CREATE INDEX ticket_checks_due ON ticket_checks (restaurant) WHERE is_due;

CREATE FUNCTION ticket_check_is_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_checks (restaurant, version, is_due) VALUES (COALESCE(NEW.restaurant, OLD.restaurant), 1, TRUE)
        ON CONFLICT (restaurant) DO UPDATE SET version = ticket_checks.version + 1, is_due = TRUE;
    RETURN NULL;
END
$$;

CREATE FUNCTION ticket_check_has_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticket_checks SET version = version + 1 WHERE restaurant = NEW.restaurant AND is_due;
    RETURN NULL;
END
$$;

-- What may leave a ticket unseen makes the check due.

CREATE TRIGGER orders_wait_when_added AFTER INSERT ON orders FOR EACH ROW
    WHEN (NEW.waits_at IS NOT NULL) EXECUTE FUNCTION ticket_check_is_due();

CREATE TRIGGER orders_wait AFTER UPDATE OF waits_at, accepted_position ON orders FOR EACH ROW
    WHEN (NEW.waits_at IS NOT NULL AND (NEW.waits_at IS DISTINCT FROM OLD.waits_at
        OR NEW.accepted_position IS DISTINCT FROM OLD.accepted_position))
    EXECUTE FUNCTION ticket_check_is_due();

-- A transaction changes several screens. The triggers on screens run at its end, so that it holds all screens before any row
-- here, as every other transaction does, and two cannot deadlock.

CREATE CONSTRAINT TRIGGER displays_show_another_station AFTER UPDATE OF station, shows ON displays
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.station IS DISTINCT FROM OLD.station OR NEW.shows IS DISTINCT FROM OLD.shows)
    EXECUTE FUNCTION ticket_check_is_due();

CREATE CONSTRAINT TRIGGER displays_go AFTER DELETE ON displays DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION ticket_check_is_due();

-- What can only settle tickets matters while the check is due.

CREATE TRIGGER orders_wait_no_longer AFTER UPDATE OF waits_at ON orders FOR EACH ROW
    WHEN (NEW.waits_at IS NULL AND OLD.waits_at IS NOT NULL) EXECUTE FUNCTION ticket_check_has_changed();

CREATE CONSTRAINT TRIGGER displays_draw AFTER UPDATE OF position ON displays DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.position > OLD.position) EXECUTE FUNCTION ticket_check_has_changed();

-- After the triggers, which hold off writers until this migration ends, so that no order comes in between.
INSERT INTO ticket_checks (restaurant, version, is_due)
    SELECT restaurant, 1, TRUE FROM orders WHERE waits_at IS NOT NULL UNION SELECT restaurant, 1, TRUE FROM undrawn;
