-- The audit holds whatever sqlite3 touches the file. `unixepoch('subsec')` is NULL before 3.42, and a NULL condition lets rows
-- go; `strftime('%s')` is as old as triggers. A time that cannot be read keeps the row.

DROP TRIGGER audit_is_kept;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN NOT COALESCE(OLD.at <= CAST(strftime('%s', 'now') AS INTEGER) * 1000000 - 2592000000000, 0)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are kept for thirty days at least');
END;

-- `INSERT OR REPLACE` deletes the old row without a delete trigger.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE restaurant = NEW.restaurant AND id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are not changed');
END;
