-- Until when the end of a session matters: past it no token of the session is valid. NULL: for as long as any token may live.
ALTER TABLE ended_sessions ADD COLUMN until BIGINT;

CREATE INDEX ended_sessions_by_until ON ended_sessions (until) WHERE until IS NOT NULL;

-- The name of a token that an operator issued (`orderbell token`). Its session has no refresh token.
ALTER TABLE sessions ADD COLUMN token_name TEXT;

CREATE INDEX sessions_of_tokens ON sessions (restaurant, id) WHERE token_name IS NOT NULL;

-- A row for each node, which the node writes to learn whether the database takes writes.
CREATE TABLE write_probes (
    node   UUID NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    filler BYTEA NOT NULL
);

CREATE INDEX write_probes_by_age ON write_probes (at);
