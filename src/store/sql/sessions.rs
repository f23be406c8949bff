//! Statements of sessions and refresh tokens.

statements! {
    ADD_SESSION = "INSERT INTO sessions \
        (id, restaurant, sub, role, station, table_label, device, created_at, refreshed_at, expires_at, origin) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)";
    /// As long as none of its refresh tokens was spent there is one.
    BEGUN_SESSION = "SELECT s.id, s.restaurant, s.sub, s.role, s.station, s.table_label, s.device, s.expires_at, r.hash \
        FROM sessions s JOIN session_refreshes r ON r.session = s.id \
        WHERE s.origin = $1 AND s.created_at > $2 AND NOT EXISTS \
        (SELECT 1 FROM session_refreshes spent WHERE spent.session = s.id AND spent.spent_at IS NOT NULL)";
    ADD_ISSUED = "INSERT INTO sessions \
        (id, restaurant, sub, role, station, table_label, created_at, refreshed_at, expires_at, token_name) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)";
    ISSUED = "SELECT id, token_name, role, created_at, expires_at FROM sessions \
        WHERE restaurant = $1 AND token_name IS NOT NULL AND expires_at > $2 ORDER BY id";
    ADD_REFRESH = "INSERT INTO session_refreshes (hash, session) VALUES ($1, $2)";
    /// Takes the session's row before its token's, as the end of a session does, so that the two cannot deadlock.
    TOUCH_SESSION = "UPDATE sessions SET refreshed_at = $2 \
        WHERE id = (SELECT session FROM session_refreshes WHERE hash = $1) \
        RETURNING id, restaurant, sub, role, station, table_label, device, expires_at";
    SESSION_OF_REFRESH = "SELECT session FROM session_refreshes WHERE hash = $1";
    /// Only one presenter spends a token.
    SPEND_REFRESH = "UPDATE session_refreshes SET spent_at = $2 WHERE hash = $1 AND spent_at IS NULL";
    LAST_SPENDING = "SELECT max(spent_at) FROM session_refreshes WHERE session = $1";
    SPENT_AT = "SELECT spent_at FROM session_refreshes WHERE hash = $1";
    UNSPENT_REFRESH = "SELECT hash FROM session_refreshes WHERE session = $1 AND spent_at IS NULL";
    /// Spent before every other, so that it is never the last: whoever shows it ends the session.
    DISPLACE_REFRESH = "UPDATE session_refreshes SET spent_at = 0 WHERE session = $1 AND spent_at IS NULL";
    /// It may have been displaced itself, by a node with another keyring.
    PLACE_REFRESH = "INSERT INTO session_refreshes (hash, session) VALUES ($1, $2) \
        ON CONFLICT (hash) DO UPDATE SET spent_at = NULL";
    SESSION_END = "SELECT expires_at FROM sessions WHERE restaurant = $1 AND id = $2";
    /// Takes the session's refresh tokens with it.
    REMOVE_SESSION = "DELETE FROM sessions WHERE id = $1 RETURNING expires_at, token_name, origin";
    ENDED_SINCE = "SELECT session, ended_at, until FROM ended_sessions \
        WHERE (ended_at, session) > ($1, $2) AND (until IS NULL OR until > $3) ORDER BY ended_at, session LIMIT $4";
    SESSIONS_OF_API_KEY = "SELECT id FROM sessions WHERE restaurant = $1 AND sub = $2 AND role = 'service' ORDER BY id";
    SESSIONS_OF_DEVICE = "SELECT id FROM sessions WHERE restaurant = $1 AND device = $2 ORDER BY id";
    SESSIONS_OF_USER = "SELECT id FROM sessions \
        WHERE restaurant = $1 AND sub = $2 AND role IN ('staff', 'manager') ORDER BY id";
    /// What their next token says.
    SET_STATION = "UPDATE sessions SET station = $3 WHERE restaurant = $1 AND device = $2";
    FORGET_SESSIONS = "DELETE FROM sessions WHERE id IN (\
        SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    FORGET_ENDS = "DELETE FROM ended_sessions WHERE session IN (\
        SELECT session FROM ended_sessions WHERE ended_at < $1 OR until < $2 LIMIT $3)";
}
