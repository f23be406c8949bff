-- Kitchen screens: pairing (RFC 8628), the paired ones, and what each has drawn.

CREATE TABLE devices (
    id         UUID   NOT NULL PRIMARY KEY,
    restaurant UUID   NOT NULL REFERENCES restaurants (id),
    name       TEXT   NOT NULL,
    station    TEXT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX devices_of_restaurant ON devices (restaurant, id);

-- A row lives until the screen has been handed out; its device is set when somebody approves it.
CREATE TABLE pairings (
    device_code_hash BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(device_code_hash) = 32),
    user_code        TEXT   NOT NULL UNIQUE,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    polled_at        BIGINT,
    device           UUID   REFERENCES devices (id)
);

CREATE INDEX pairings_by_age ON pairings (expires_at);
CREATE INDEX pairings_of_device ON pairings (device) WHERE device IS NOT NULL;

CREATE TABLE displays (
    restaurant UUID             NOT NULL REFERENCES restaurants (id),
    display    TEXT COLLATE "C" NOT NULL,
    name       TEXT             NOT NULL,
    station    TEXT,
    position   BIGINT           NOT NULL,
    seen_at    BIGINT           NOT NULL,
    PRIMARY KEY (restaurant, display)
);
