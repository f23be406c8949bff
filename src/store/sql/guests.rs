//! Statements of guests' sessions and of the limits they reach.

/// Sessions that go on: `$1` restaurant, `$2` now, `$3` limit, `$4` the id that they come after or NULL, then what the filter
/// takes.
macro_rules! sessions {
    ($filter:literal) => {
        concat!(
            "SELECT s.id, s.table_label, s.created_at, s.refreshed_at, (SELECT count(*) FROM orders o ",
            "WHERE o.restaurant = s.restaurant AND o.table_label = coalesce(s.table_label, '') AND o.diner = s.sub ",
            "AND o.is_open) AS open_orders FROM sessions s ",
            "WHERE s.restaurant = $1 AND s.role = 'diner' AND s.expires_at > $2 AND (CAST($4 AS TEXT) IS NULL OR s.id < $4) ",
            $filter,
            " ORDER BY s.id DESC LIMIT $3"
        )
    };
}

statements! {
    /// Counts one index: of the guest, of the table, of all guests.
    OPEN_ORDERS = "SELECT \
        (SELECT count(*) FROM orders WHERE restaurant = $1 AND table_label = $2 AND diner = $3 AND is_open) AS by_diner, \
        (SELECT count(*) FROM orders WHERE restaurant = $1 AND table_label = $2 AND diner IS NOT NULL AND is_open) AS by_table, \
        (SELECT count(*) FROM orders WHERE restaurant = $1 AND diner IS NOT NULL AND is_open) AS by_restaurant";

    GUEST_SESSIONS = sessions!("");
    GUEST_SESSIONS_OF_TABLE = sessions!("AND s.table_label = $5");
    GUEST_SESSION = "SELECT id FROM sessions WHERE restaurant = $1 AND id = $2 AND role = 'diner'";
    SESSIONS_OF_TABLE = "SELECT id FROM sessions WHERE restaurant = $1 AND table_label = $2 AND role = 'diner' ORDER BY id";
    /// Holds a session against a renewal, which would put another refresh token in its place.
    HOLD_SESSION = "UPDATE sessions SET refreshed_at = refreshed_at WHERE id = $1";
    /// The token that is unspent, and the one that was spent last, which a phone still has that did not get the answer.
    LAST_REFRESHES = "SELECT hash FROM session_refreshes WHERE session = $1 AND (spent_at IS NULL \
        OR spent_at = (SELECT max(spent_at) FROM session_refreshes WHERE session = $1))";
    KEEP_ENDED_REFRESH = "INSERT INTO ended_refreshes (hash, session) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";

    ADD_REFUSALS = "INSERT INTO limit_refusals (restaurant, limit_name, table_label, refusals, first_at, last_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (restaurant, limit_name, table_label) DO UPDATE SET \
        refusals = limit_refusals.refusals + excluded.refusals, last_at = excluded.last_at";
    REFUSALS = "SELECT restaurant, limit_name, table_label, refusals, first_at, last_at FROM limit_refusals \
        WHERE restaurant = $1 ORDER BY last_at DESC LIMIT $2";
    FORGET_REFUSALS = "DELETE FROM limit_refusals WHERE last_at < $1";
}
