//! Statements of the audit.

macro_rules! entries {
    ($filter:literal) => {
        concat!(
            "SELECT id, at, kind, action, outcome, role, sub, name, address, subject, part, label, value, reason FROM audit ",
            "WHERE restaurant = $1 AND id < $2 ",
            $filter,
            " ORDER BY id DESC LIMIT $3"
        )
    };
}

/// The name of a subject: `$1` restaurant, then the subject as a UUID and as text.
macro_rules! name_of {
    ($uuid:literal, $text:literal) => {
        concat!(
            "(SELECT username FROM users WHERE restaurant = $1 AND id = ",
            $uuid,
            "), (SELECT name FROM devices WHERE restaurant = $1 AND id = ",
            $uuid,
            "), (SELECT name FROM api_keys WHERE restaurant = $1 AND id = ",
            $text,
            ")"
        )
    };
}

statements! {
    /// The name is that of the actor now, or `$15`, which was read before the transaction may have removed them.
    ADD_ENTRY = concat!(
        "INSERT INTO audit (restaurant, id, at, kind, action, role, sub, address, subject, part, label, value, reason, \
         outcome, name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, COALESCE(",
        name_of!("$16", "$7"), ", $15))"
    );
    ACTOR_NAME = concat!("SELECT COALESCE(", name_of!("$2", "$3"), ") FROM restaurants WHERE id = $1");
    ENTRIES = entries!("");
    ENTRIES_OF_ORDERS = entries!("AND kind = 'orders'");
    /// Says of the kind what the index says of its rows.
    ENTRIES_OF_KIND = entries!("AND kind = $4 AND kind <> 'orders'");
    FORGET_ENTRIES = "DELETE FROM audit WHERE restaurant = $1 AND id IN (\
        SELECT id FROM audit WHERE restaurant = $1 AND id < $2 ORDER BY id LIMIT $3)";
}
