//! Statements of push subscriptions.

statements! {
    ADD_PUSH = "INSERT INTO push_subscriptions \
        (restaurant, diner, endpoint, session, p256dh, auth, language, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT (restaurant, diner, endpoint) DO UPDATE SET session = excluded.session, p256dh = excluded.p256dh, \
        auth = excluded.auth, language = excluded.language, created_at = excluded.created_at, \
        expires_at = excluded.expires_at";
    KEEP_NEWEST = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND diner = $2 AND endpoint NOT IN (\
        SELECT endpoint FROM push_subscriptions WHERE restaurant = $1 AND diner = $2 \
        ORDER BY created_at DESC, endpoint LIMIT $3)";
    REMOVE_PUSH = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND diner = $2 AND endpoint = $3";
    REMOVE_ENDPOINT = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND endpoint = $2";
    REMOVE_PUSHES_OF_SESSION = "DELETE FROM push_subscriptions WHERE session = $1";
    /// One that was added while its session ended is not found, though it is there until it expires.
    PUSHES_OF_ORDER = "SELECT p.endpoint, p.p256dh, p.auth, p.language FROM orders o \
        JOIN push_subscriptions p ON p.restaurant = o.restaurant AND p.diner = o.diner \
        WHERE o.restaurant = $1 AND o.id = $2 AND p.expires_at > $3 \
        AND NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.session = p.session) ORDER BY p.endpoint";
    FORGET_PUSHES = "DELETE FROM push_subscriptions WHERE (restaurant, diner, endpoint) IN (\
        SELECT restaurant, diner, endpoint FROM push_subscriptions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
}
