-- Sessions that can be refreshed, and those that were ended. Only hashes of refresh tokens are kept.

CREATE TABLE sessions (
    id           TEXT   NOT NULL PRIMARY KEY,
    restaurant   UUID   NOT NULL REFERENCES restaurants (id),
    sub          TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    station      TEXT,
    table_label  TEXT,
    device       UUID,
    created_at   BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE INDEX sessions_of_sub ON sessions (restaurant, sub, id);
CREATE INDEX sessions_of_device ON sessions (restaurant, device, id) WHERE device IS NOT NULL;
CREATE INDEX sessions_by_age ON sessions (expires_at);

CREATE TABLE session_refreshes (
    hash     BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    session  TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    spent_at BIGINT
);

CREATE INDEX session_refreshes_of_session ON session_refreshes (session);

CREATE TABLE ended_sessions (
    session  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ended_at BIGINT           NOT NULL
);

CREATE INDEX ended_sessions_by_age ON ended_sessions (ended_at, session);
