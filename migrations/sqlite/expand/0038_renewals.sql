-- How often a session was renewed. A signed refresh token has the number of its renewal, so that an old one that the database
-- has lost is told from a new one. Sessions of older versions begin to count at their next renewal.
ALTER TABLE sessions ADD COLUMN renewals INTEGER NOT NULL DEFAULT 0;
