-- What the database is, who the tenants are, and who works for them.
-- Times are microseconds since the Unix epoch. Ids are the 16 bytes of a UUID.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE restaurants (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    currency        TEXT    NOT NULL,
    default_minutes INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE tables (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    restaurant BLOB NOT NULL REFERENCES restaurants (id),
    label      TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    UNIQUE (restaurant, label)
) STRICT;

CREATE INDEX tables_of_restaurant ON tables (restaurant, id);

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    restaurant    BLOB    NOT NULL REFERENCES restaurants (id),
    username      TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    UNIQUE (restaurant, username)
) STRICT;

-- Only the SHA-256 of a key is kept.
CREATE TABLE api_keys (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (restaurant, id)
) STRICT;
