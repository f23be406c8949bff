//! Statements of restaurants, tables and people.

macro_rules! restaurant {
    ($filter:literal) => {
        concat!("SELECT id, slug, name, currency, default_minutes FROM restaurants WHERE ", $filter)
    };
}

macro_rules! tables {
    ($filter:literal) => {
        concat!("SELECT id, restaurant, label, key FROM tables WHERE ", $filter)
    };
}

macro_rules! users {
    ($filter:literal) => {
        concat!("SELECT id, restaurant, username, role, password_hash FROM users WHERE ", $filter)
    };
}

macro_rules! api_keys {
    ($filter:literal) => {
        concat!("SELECT restaurant, id, name FROM api_keys WHERE revoked_at IS NULL AND ", $filter)
    };
}

statements! {

    ADD_RESTAURANT = "INSERT INTO restaurants (id, slug, name, currency, default_minutes, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    ADD_MENU = "INSERT INTO menus (restaurant, document, next_lapse) VALUES ($1, $2, $3)";
    RESTAURANT_BY_SLUG = restaurant!("slug = $1");
    RESTAURANT = restaurant!("id = $1");

    RESTAURANT_IDS = "SELECT id FROM restaurants WHERE id > $1 ORDER BY id LIMIT $2";

    ADD_TABLE = "INSERT INTO tables (id, restaurant, label, key) VALUES ($1, $2, $3, $4)";
    TABLE_BY_KEY = tables!("key = $1");
    TABLES = tables!("restaurant = $1 ORDER BY id");

    TABLE = tables!("restaurant = $1 AND id = $2");
    SET_TABLE_KEY = "UPDATE tables SET key = $3 WHERE restaurant = $1 AND id = $2 RETURNING label";
    REMOVE_TABLE = "DELETE FROM tables WHERE restaurant = $1 AND id = $2 RETURNING label";

    ADD_USER = "INSERT INTO users (id, restaurant, username, role, password_hash, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    USER_BY_NAME = users!("restaurant = $1 AND username = $2");
    USERS = users!("restaurant = $1 ORDER BY username");
    USER = users!("restaurant = $1 AND id = $2");
    OTHER_MANAGERS = "SELECT count(*) FROM users WHERE restaurant = $1 AND id <> $2 AND role = 'manager'";
    SET_USER = "UPDATE users SET role = $3, password_hash = $4 WHERE restaurant = $1 AND id = $2";
    REMOVE_USER = "DELETE FROM users WHERE restaurant = $1 AND id = $2";

    ADD_API_KEY = "INSERT INTO api_keys (restaurant, id, name, hash, created_at) VALUES ($1, $2, $3, $4, $5)";
    API_KEY_BY_HASH = api_keys!("hash = $1");
    API_KEYS = api_keys!("restaurant = $1 ORDER BY id");
    REVOKE_API_KEY = "UPDATE api_keys SET revoked_at = $3 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
}
