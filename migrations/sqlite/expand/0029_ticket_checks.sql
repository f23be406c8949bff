-- The kitchens whose tickets are to be checked: one may be a ticket that no screen shows, or the floor's displays may list one
-- that a screen shows by now. Triggers keep the rows, so that changes by nodes of the version before count too.
CREATE TABLE ticket_checks (
    restaurant BLOB    NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    -- Rises with each change that a check depends on, and never falls.
    version    INTEGER NOT NULL,
    is_due     INTEGER NOT NULL CHECK (is_due IN (0, 1))
) STRICT;

CREATE INDEX ticket_checks_due ON ticket_checks (restaurant) WHERE is_due;

INSERT INTO ticket_checks (restaurant, version, is_due)
    SELECT restaurant, 1, 1 FROM orders WHERE waits_at IS NOT NULL UNION SELECT restaurant, 1, 1 FROM undrawn;

-- What may leave a ticket unseen makes the check due.

CREATE TRIGGER orders_wait_when_added AFTER INSERT ON orders WHEN NEW.waits_at IS NOT NULL
BEGIN
    INSERT INTO ticket_checks (restaurant, version, is_due) VALUES (NEW.restaurant, 1, 1)
        ON CONFLICT (restaurant) DO UPDATE SET version = version + 1, is_due = 1;
END;

CREATE TRIGGER orders_wait AFTER UPDATE OF waits_at, accepted_position ON orders
WHEN NEW.waits_at IS NOT NULL AND (NEW.waits_at IS NOT OLD.waits_at OR NEW.accepted_position IS NOT OLD.accepted_position)
BEGIN
    INSERT INTO ticket_checks (restaurant, version, is_due) VALUES (NEW.restaurant, 1, 1)
        ON CONFLICT (restaurant) DO UPDATE SET version = version + 1, is_due = 1;
END;

CREATE TRIGGER displays_show_another_station AFTER UPDATE OF station, shows ON displays
WHEN NEW.station IS NOT OLD.station OR NEW.shows IS NOT OLD.shows
BEGIN
    INSERT INTO ticket_checks (restaurant, version, is_due) VALUES (NEW.restaurant, 1, 1)
        ON CONFLICT (restaurant) DO UPDATE SET version = version + 1, is_due = 1;
END;

CREATE TRIGGER displays_go AFTER DELETE ON displays
BEGIN
    INSERT INTO ticket_checks (restaurant, version, is_due) VALUES (OLD.restaurant, 1, 1)
        ON CONFLICT (restaurant) DO UPDATE SET version = version + 1, is_due = 1;
END;

-- What can only settle tickets matters while the check is due.

CREATE TRIGGER orders_wait_no_longer AFTER UPDATE OF waits_at ON orders WHEN NEW.waits_at IS NULL AND OLD.waits_at IS NOT NULL
BEGIN
    UPDATE ticket_checks SET version = version + 1 WHERE restaurant = NEW.restaurant AND is_due;
END;

CREATE TRIGGER displays_draw AFTER UPDATE OF position ON displays WHEN NEW.position > OLD.position
BEGIN
    UPDATE ticket_checks SET version = version + 1 WHERE restaurant = NEW.restaurant AND is_due;
END;
