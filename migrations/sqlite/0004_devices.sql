-- Kitchen screens: pairing (RFC 8628), the paired ones, and what each has drawn.

CREATE TABLE devices (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    name       TEXT    NOT NULL,
    station    TEXT,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX devices_of_restaurant ON devices (restaurant, id);

-- A row lives until the screen has been handed out; its device is set when somebody approves it.
CREATE TABLE pairings (
    device_code_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(device_code_hash) = 32),
    user_code        TEXT    NOT NULL UNIQUE,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    polled_at        INTEGER,
    device           BLOB REFERENCES devices (id)
) STRICT;

CREATE INDEX pairings_by_age ON pairings (expires_at);
CREATE INDEX pairings_of_device ON pairings (device) WHERE device IS NOT NULL;

CREATE TABLE displays (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    display    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    station    TEXT,
    position   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    PRIMARY KEY (restaurant, display)
) STRICT;
