-- The time until which one call has the turn to try a secret under this name. 0: no call has it.
-- The tries of a session are counted here now, under the session's id, and not in its row, which ends before they do.
ALTER TABLE secret_tries ADD COLUMN trying_until BIGINT NOT NULL DEFAULT 0;
