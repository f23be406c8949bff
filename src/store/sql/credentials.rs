//! Statements of second factors, of tries, and of people's own sessions.

statements! {
    /// Only the password that was verified gives way.
    CHANGE_PASSWORD = "UPDATE users SET password_hash = $4 WHERE restaurant = $1 AND id = $2 AND password_hash = $3";
    /// The last that began; ids are in the order of time.
    OWN_SESSIONS = "SELECT id, created_at, refreshed_at, expires_at FROM sessions \
        WHERE restaurant = $1 AND sub = $2 AND role IN ('staff', 'manager') AND expires_at > $3 AND refreshed_at >= $4 \
        ORDER BY id DESC LIMIT $5";
    SESSION_OWNER = "SELECT restaurant, role, token_name FROM sessions WHERE id = $1";
    PASSWORD_PROOF = "SELECT COALESCE(proved_at, created_at), token_name FROM sessions WHERE restaurant = $1 AND id = $2";
    HAS_ENDED = "SELECT count(*) FROM ended_sessions WHERE session = $1";
    PROVE_PASSWORD = "UPDATE sessions SET proved_at = $3 WHERE restaurant = $1 AND id = $2";
    IDLE_SESSION = "SELECT s.id FROM session_refreshes r JOIN sessions s ON s.id = r.session \
        WHERE r.hash = $1 AND s.role IN ('staff', 'manager') AND s.refreshed_at < $2";

    COUNT_TRY = "INSERT INTO secret_tries (person, kind, restaurant, since, tries) VALUES ($2, $3, $1, $4, 1) \
        ON CONFLICT (person, kind) DO UPDATE SET \
        tries = CASE WHEN secret_tries.since < $5 THEN 1 ELSE secret_tries.tries + 1 END, \
        since = CASE WHEN secret_tries.since < $5 THEN excluded.since ELSE secret_tries.since END \
        RETURNING tries, since";
    FORGET_TRIES = "DELETE FROM secret_tries WHERE restaurant = $1 AND person = $2 AND kind = $3";

    SECOND_FACTOR = "SELECT f.secret, f.confirmed_at, \
        (SELECT count(*) FROM recovery_codes c WHERE c.restaurant = $1 AND c.person = $2) AS recovery_codes \
        FROM second_factors f WHERE f.restaurant = $1 AND f.person = $2";
    PEOPLE_WITH_SECOND_FACTOR = "SELECT person FROM second_factors \
        WHERE restaurant = $1 AND confirmed_at IS NOT NULL ORDER BY person";
    /// Of a person of this restaurant; one that is confirmed stays.
    BEGIN_SECOND_FACTOR = "INSERT INTO second_factors (person, restaurant, secret, created_at) \
        SELECT id, restaurant, $3, $4 FROM users WHERE restaurant = $1 AND id = $2 \
        ON CONFLICT (person) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0 \
        WHERE second_factors.confirmed_at IS NULL";
    CONFIRM_SECOND_FACTOR = "UPDATE second_factors SET confirmed_at = $5, last_step = $4 \
        WHERE restaurant = $1 AND person = $2 AND secret = $3 AND confirmed_at IS NULL AND last_step < $4";
    ADD_RECOVERY_CODE = "INSERT INTO recovery_codes (person, hash, restaurant) VALUES ($2, $3, $1)";
    USE_STEP = "UPDATE second_factors SET last_step = $4 \
        WHERE restaurant = $1 AND person = $2 AND secret = $3 AND last_step < $4";
    USE_RECOVERY_CODE = "DELETE FROM recovery_codes WHERE restaurant = $1 AND person = $2 AND hash = $3";
    REMOVE_RECOVERY_CODES = "DELETE FROM recovery_codes WHERE restaurant = $1 AND person = $2";
    REMOVE_SECOND_FACTOR = "DELETE FROM second_factors WHERE restaurant = $1 AND person = $2";
}
