//! Statements of visits, and of orders that a POS knows by a number of its own.

statements! {
    /// Opens the visit of a table, or goes on with the one that is open.
    OPEN = "INSERT INTO visits (restaurant, id, table_label, opened_at, last_at) VALUES ($1, $2, $3, $4, $4) \
        ON CONFLICT (restaurant, table_label) WHERE closed_at IS NULL DO UPDATE SET last_at = excluded.last_at RETURNING id";
    HEAR = "UPDATE visits SET last_at = $3 \
        WHERE restaurant = $1 AND id = (SELECT visit FROM orders WHERE restaurant = $1 AND id = $2)";
    /// The cross join keeps SQLite from walking all orders of visits: few visits go on.
    OPEN_WITH_ORDERS = "SELECT v.id, v.table_label, v.opened_at, o.document FROM visits v CROSS JOIN orders o \
        WHERE v.restaurant = $1 AND v.closed_at IS NULL AND o.restaurant = v.restaurant AND o.visit = v.id ORDER BY v.table_label, o.id LIMIT $2";
    OF_TABLE = "SELECT id, table_label, opened_at FROM visits \
        WHERE restaurant = $1 AND table_label = $2 AND closed_at IS NULL";
    VISIT = "SELECT id, table_label, opened_at FROM visits WHERE restaurant = $1 AND id = $2 AND closed_at IS NULL";
    OPEN_ORDERS = "SELECT count(*) FROM orders WHERE restaurant = $1 AND visit = $2 AND is_open";
    CLOSE = "UPDATE visits SET closed_at = $3 WHERE restaurant = $1 AND id = $2 AND closed_at IS NULL";
    CLOSE_IDLE = "UPDATE visits SET closed_at = $2 WHERE closed_at IS NULL AND last_at < $1 AND NOT EXISTS (\
        SELECT 1 FROM orders o WHERE o.restaurant = visits.restaurant AND o.visit = visits.id AND o.is_open)";

    EXTERNAL = "SELECT o.document, e.fingerprint FROM external_orders e \
        JOIN orders o ON o.restaurant = e.restaurant AND o.id = e.order_id \
        WHERE e.restaurant = $1 AND e.source = $2 AND e.external_id = $3";
    ADD_EXTERNAL = "INSERT INTO external_orders (restaurant, source, external_id, order_id, fingerprint) \
        VALUES ($1, $2, $3, $4, $5)";
}
