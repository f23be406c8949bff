//! Statements of kitchen screens that are connected.

statements! {
    DISPLAYS = "SELECT display, name, station, connected, position, seen_at FROM displays \
        WHERE restaurant = $1 ORDER BY display";
    DISPLAY = "SELECT display, name, station, connected, position, seen_at FROM displays \
        WHERE restaurant = $1 AND display = $2";
    /// The position is the receipts' to move.
    SET_DISPLAY = "INSERT INTO displays (restaurant, display, name, station, connected, position, seen_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (restaurant, display) DO UPDATE SET name = excluded.name, station = excluded.station, \
        connected = excluded.connected, seen_at = excluded.seen_at";
    REMOVE_DISPLAY = "DELETE FROM displays WHERE restaurant = $1 AND display = $2";
    /// What is not in the feed yet cannot have been drawn.
    SEE = "UPDATE displays SET seen_at = $4, shows = $5, position = CASE \
        WHEN $3 > position AND $3 <= (SELECT head FROM feeds WHERE restaurant = $1) THEN $3 ELSE position END \
        WHERE restaurant = $1 AND display = $2";

    FLOOR = "SELECT position FROM floor_receipts WHERE restaurant = $1";
    /// What is not in the feed yet cannot have been drawn.
    SEE_FLOOR = "INSERT INTO floor_receipts (restaurant, position, seen_at) \
        SELECT restaurant, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM feeds WHERE restaurant = $1 AND head >= $2 \
        ON CONFLICT (restaurant) DO UPDATE SET position = excluded.position, seen_at = excluded.seen_at \
        WHERE excluded.position > floor_receipts.position";

    HOLD = "INSERT INTO display_leases (restaurant, display, node, beat) VALUES ($1, $2, $3, 1) \
        ON CONFLICT (restaurant, display, node) DO UPDATE SET beat = display_leases.beat + 1";
    RENEW = "UPDATE display_leases SET beat = beat + 1 WHERE restaurant = $1 AND display = $2 AND node = $3";
    RELEASE = "DELETE FROM display_leases WHERE restaurant = $1 AND display = $2 AND node = $3";
    RELEASE_ALL = "DELETE FROM display_leases WHERE restaurant = $1 AND display = $2";
    LAPSE = "DELETE FROM display_leases WHERE restaurant = $1 AND display = $2 AND node = $3 AND beat = $4";
    HELD = "SELECT beat FROM display_leases WHERE restaurant = $1 AND display = $2 LIMIT 1";
    LEASES = "SELECT restaurant, display, node, beat FROM display_leases \
        WHERE (restaurant, display, node) > ($1, $2, $3) ORDER BY restaurant, display, node LIMIT $4";
    UNHELD = "SELECT d.restaurant, d.display FROM displays d WHERE d.connected = TRUE AND NOT EXISTS \
        (SELECT 1 FROM display_leases l WHERE l.restaurant = d.restaurant AND l.display = d.display)";

    /// Restaurants after `$1` that have been told of undrawn tickets, or have an order that waits and that no screen of all
    /// stations has drawn. Whether those of its station have is for the restaurant's own queries.
    KITCHENS = "SELECT r.id FROM restaurants r WHERE r.id > $1 AND (\
        EXISTS (SELECT 1 FROM undrawn u WHERE u.restaurant = r.id) OR \
        EXISTS (SELECT 1 FROM orders o WHERE o.restaurant = r.id AND o.waits_at IS NOT NULL AND NOT EXISTS (\
            SELECT 1 FROM displays d WHERE d.restaurant = r.id AND COALESCE(d.station, d.shows) IS NULL \
            AND d.position >= o.accepted_position))) ORDER BY r.id LIMIT $2";
    DRAWN = "SELECT COALESCE(station, shows), position FROM displays WHERE restaurant = $1";
    /// The oldest orders that wait and were accepted after position `$2`.
    WAITING = "SELECT id, number, accepted_position, waits_at FROM orders \
        WHERE restaurant = $1 AND waits_at IS NOT NULL AND accepted_position > $2 ORDER BY id LIMIT $3";
    RAISED = "SELECT station, order_id, number FROM undrawn WHERE restaurant = $1 ORDER BY station, order_id";
    RAISE = "INSERT INTO undrawn (restaurant, station, order_id, number) VALUES ($1, $2, $3, $4)";
    SETTLE = "DELETE FROM undrawn WHERE restaurant = $1 AND station = $2 AND order_id = $3";
}
