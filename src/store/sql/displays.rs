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
    SEE = "UPDATE displays SET position = CASE WHEN $3 > position THEN $3 ELSE position END, seen_at = $4 \
        WHERE restaurant = $1 AND display = $2";

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
}
