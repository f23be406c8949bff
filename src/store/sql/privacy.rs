//! Statements of retention and erasure.

statements! {
    KEPT_FROM = "SELECT kept_from FROM feeds WHERE restaurant = $1";
    KEEP_FROM = "UPDATE feeds SET kept_from = $2 WHERE restaurant = $1 AND kept_from < $2";
    /// Placed before `$2`, which is what an order that closed before `$3` was; whether it did, its document says.
    TO_PURGE = "SELECT id, document FROM orders WHERE restaurant = $1 AND NOT is_open AND purged_at IS NULL \
        AND id < $2 AND (closed_at IS NULL OR closed_at < $3) AND id > $4 ORDER BY id LIMIT $5";
    NOTE_CLOSED = "UPDATE orders SET closed_at = $3 WHERE restaurant = $1 AND id = $2";
    OF_DINER = "SELECT id, document FROM orders WHERE restaurant = $1 AND diner = $2 AND NOT is_open ORDER BY id LIMIT $3";
    PURGE_ORDER = "UPDATE orders SET document = $3, diner = NULL, purged_at = $4 WHERE restaurant = $1 AND id = $2";
    PATCHES_OF_ORDER = "SELECT position, patch FROM events WHERE restaurant = $1 AND order_id = $2 ORDER BY position";
    SET_PATCH = "UPDATE events SET patch = $3 WHERE restaurant = $1 AND position = $2";
    DINER_OF_ORDER = "SELECT diner FROM orders WHERE restaurant = $1 AND number = $2";
    OPEN_ORDERS_OF = "SELECT count(*) FROM orders WHERE restaurant = $1 AND diner = $2 AND is_open";
    SESSIONS_OF_DINER = "SELECT id FROM sessions WHERE restaurant = $1 AND sub = $2 AND role = 'diner' ORDER BY id";
    REMOVE_PUSHES_OF_DINER = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND diner = $2";
    FORGET_ANSWERS_OF = "DELETE FROM commands WHERE restaurant = $1 AND sub = $2";
    ANSWERS = "SELECT sub, id, answer FROM commands WHERE restaurant = $1 AND (sub, id) > ($2, $3) ORDER BY sub, id LIMIT $4";
    FORGET_ANSWER = "DELETE FROM commands WHERE restaurant = $1 AND sub = $2 AND id = $3";
    /// The time is looked at again, since a renewal may come between. A printed token is not renewed, and lives as long as its
    /// session.
    FORGET_IDLE = "DELETE FROM sessions WHERE refreshed_at < $1 AND id IN (SELECT s.id FROM sessions s \
        WHERE s.role = 'diner' AND s.refreshed_at < $1 AND s.token_name IS NULL \
        AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.restaurant = s.restaurant AND o.diner = s.sub) \
        ORDER BY s.refreshed_at, s.id LIMIT $2)";
    /// The first node that comes after `$2` has it; the others find its time.
    CLAIM = "INSERT INTO meta (name, value) VALUES ($1, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
        WHERE CAST(meta.value AS BIGINT) < $2";
}
