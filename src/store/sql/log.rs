//! Statements of the log and the documents folded from it.

/// A page of events: `$1` restaurant, `$2` after, `$3` through, `$4` limit, then what the filter takes.
macro_rules! page {
    ($filter:literal) => {
        concat!(
            "SELECT position, id, kind, order_id, at, by_role, command, patch FROM events ",
            "WHERE restaurant = $1 AND position > $2 AND position <= $3 ",
            $filter,
            " ORDER BY position LIMIT $4"
        )
    };
}

/// The last position: `$1` restaurant, `$2` through, then what the filter takes.
macro_rules! last {
    ($filter:literal) => {
        concat!(
            "SELECT position FROM events WHERE restaurant = $1 AND position <= $2 ",
            $filter,
            " ORDER BY position DESC LIMIT 1"
        )
    };
}

/// Orders by id: `$1` restaurant, `$2` after, `$3` limit, then what the filter takes.
macro_rules! orders {
    ($filter:literal) => {
        concat!("SELECT document FROM orders WHERE restaurant = $1 AND id > $2 ", $filter, " ORDER BY id LIMIT $3")
    };
}

statements! {
    REMEMBERED = "SELECT fingerprint, answer FROM commands WHERE restaurant = $1 AND sub = $2 AND id = $3";
    REMEMBER = "INSERT INTO commands (restaurant, sub, id, fingerprint, answer, at) VALUES ($1, $2, $3, $4, $5, $6)";
    FORGET_ANSWERS = "DELETE FROM commands WHERE (restaurant, sub, id) IN (\
        SELECT restaurant, sub, id FROM commands WHERE at < $1 ORDER BY at LIMIT $2)";

    APPEND = "INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    EVENTS = page!("");
    EVENTS_OF_ORDER = page!("AND order_id = $5");
    EVENTS_OF_TOPIC = page!("AND topic = $5");
    /// Three topics are nearly all of a feed. The plus keeps the planners off the index by topic, whose rows they would
    /// have to sort.
    EVENTS_OF_TOPICS = page!("AND +topic IN ($5, $6, $7)");
    LAST = last!("");
    LAST_OF_ORDER = last!("AND order_id = $3");
    LAST_OF_TOPIC = last!("AND topic = $3");
    LAST_OF_TOPICS = last!("AND +topic IN ($3, $4, $5)");

    ORDER = "SELECT document FROM orders WHERE restaurant = $1 AND id = $2";
    ADD_ORDER = "INSERT INTO orders (restaurant, id, status, is_open, document, number, diner, table_label, visit) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// The position at which it was accepted is that of the first write that has one. What was purged may have words again.
    SET_ORDER = "UPDATE orders SET status = $3, is_open = $4, document = $5, waits_at = $6, purged_at = NULL, \
        accepted_position = COALESCE(accepted_position, $7) WHERE restaurant = $1 AND id = $2";
    OPEN_DOCUMENTS = "SELECT document FROM orders WHERE restaurant = $1 AND is_open ORDER BY id";
    ORDERS = orders!("");
    ORDERS_OPEN = orders!("AND is_open");
    ORDERS_CLOSED = orders!("AND NOT is_open");
    ORDERS_OF_STATUS = orders!("AND status = $4");
    ORDERS_OF_DINER = "SELECT document FROM orders WHERE restaurant = $1 AND diner = $2 AND id < $3 ORDER BY id DESC LIMIT $4";

    MENU = "SELECT document FROM menus WHERE restaurant = $1";
    SET_MENU = "UPDATE menus SET document = $2, next_lapse = $3 WHERE restaurant = $1";
    LAPSED_MENUS = "SELECT restaurant FROM menus WHERE next_lapse <= $1";

    CALLS = "SELECT id, document FROM calls WHERE restaurant = $1 ORDER BY id";
    /// Runs before the head moves, so the call's event has the position after it.
    ADD_CALL = "INSERT INTO calls (restaurant, id, document, position) \
        VALUES ($1, $2, $3, (SELECT head + 1 FROM feeds WHERE restaurant = $1))";
    REMOVE_CALL = "DELETE FROM calls WHERE restaurant = $1 AND id = $2";
    PROBE_WRITE = "INSERT INTO write_probes (node, at, filler) VALUES ($1, $2, $3) \
        ON CONFLICT (node) DO UPDATE SET at = excluded.at, filler = excluded.filler";
    FORGET_PROBES = "DELETE FROM write_probes WHERE at < $1";
}
