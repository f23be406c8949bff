//! Statements of kitchen screens.

statements! {
    /// Frees the user code `$1` if its pairing is past its time (`$2`), and drops what is long past it (`$3`).
    DROP_STALE_PAIRINGS = "DELETE FROM pairings WHERE (user_code = $1 AND expires_at <= $2) OR expires_at <= $3";
    ADD_PAIRING = "INSERT INTO pairings (device_code_hash, user_code, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    APPROVE_PAIRING = "UPDATE pairings SET device = $2, approved_by = $4 \
        WHERE user_code = $1 AND device IS NULL AND expires_at > $3";
    /// One poll at a time gets through, and none within the interval of the one before (`$3`: the latest that may be), but
    /// for the first after the approval.
    POLL_PAIRING = "UPDATE pairings SET polled_at = $2 \
        WHERE device_code_hash = $1 AND (polled_at IS NULL OR polled_at <= $3 \
        OR (device IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sessions WHERE origin = $1))) RETURNING expires_at, device";
    PAIRING_EXPIRY = "SELECT expires_at FROM pairings WHERE device_code_hash = $1";
    /// Screens that a person approved and that have begun no session yet.
    WAITING_FOR_APPROVER = "SELECT p.device FROM pairings p WHERE p.approved_by = $1 AND p.device IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.origin = p.device_code_hash)";
    VOID_PAIRINGS = "DELETE FROM pairings WHERE device = $1";

    ADD_DEVICE = "INSERT INTO devices (id, restaurant, name, station, created_at) VALUES ($1, $2, $3, $4, $5)";
    DEVICE_OF_PAIRING = "SELECT id, restaurant, name, station FROM devices WHERE id = $1 AND revoked_at IS NULL";
    DEVICE = "SELECT id, restaurant, name, station FROM devices \
        WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
    DEVICES = "SELECT id, restaurant, name, station FROM devices \
        WHERE restaurant = $1 AND revoked_at IS NULL ORDER BY id";
    SET_DEVICE = "UPDATE devices SET name = $3, station = $4 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
    REVOKE_DEVICE = "UPDATE devices SET revoked_at = $3 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
}
