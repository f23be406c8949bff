-- Until when a try at a secret has its turn: of many at once under one name, one is made. 0: nobody has it.
-- The tries of a session are counted here now, under the session's id, and not in its row, which ends before they do.
ALTER TABLE secret_tries ADD COLUMN trying_until INTEGER NOT NULL DEFAULT 0;
