-- SQLite alone had triggers that older versions of it passed by. PostgreSQL's clock is its own, and it has no REPLACE.
SELECT 1;
