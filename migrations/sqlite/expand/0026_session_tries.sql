-- Wrong passwords and codes that were sent in a session, and the time of the first of them. A new session begins without any.
ALTER TABLE sessions ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN tries_since INTEGER NOT NULL DEFAULT 0;
