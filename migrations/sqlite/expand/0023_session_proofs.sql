-- When the owner of a session last proved their password. NULL: when it began. Renewals leave it as it is.
ALTER TABLE sessions ADD COLUMN proved_at INTEGER;
