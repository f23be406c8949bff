-- Answers that were lost on the way: the same secret shown again gets the same tokens.

-- Finds the refresh token of a session that was spent last. One that lost its place to another has spent_at 0.
CREATE INDEX session_refreshes_by_spending ON session_refreshes (session, spent_at);

-- The SHA-256 of what the session was begun with and may be asked for again: a device code, an attempt to sign in.
ALTER TABLE sessions ADD COLUMN origin BYTEA;

CREATE UNIQUE INDEX sessions_by_origin ON sessions (origin) WHERE origin IS NOT NULL;
