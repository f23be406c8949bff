-- What the database is, who the tenants are, and who works for them.
-- Times are microseconds since the Unix epoch.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE restaurants (
    id              UUID   NOT NULL PRIMARY KEY,
    slug            TEXT   NOT NULL UNIQUE,
    name            TEXT   NOT NULL,
    currency        TEXT   NOT NULL,
    default_minutes BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE tables (
    id         UUID NOT NULL PRIMARY KEY,
    restaurant UUID NOT NULL REFERENCES restaurants (id),
    label      TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    UNIQUE (restaurant, label)
);

CREATE INDEX tables_of_restaurant ON tables (restaurant, id);

CREATE TABLE users (
    id            UUID             NOT NULL PRIMARY KEY,
    restaurant    UUID             NOT NULL REFERENCES restaurants (id),
    username      TEXT COLLATE "C" NOT NULL,
    role          TEXT             NOT NULL,
    password_hash TEXT             NOT NULL,
    created_at    BIGINT           NOT NULL,
    UNIQUE (restaurant, username)
);

-- Only the SHA-256 of a key is kept.
CREATE TABLE api_keys (
    restaurant UUID             NOT NULL REFERENCES restaurants (id),
    id         TEXT COLLATE "C" NOT NULL,
    name       TEXT             NOT NULL,
    hash       BYTEA            NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    created_at BIGINT           NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (restaurant, id)
);
