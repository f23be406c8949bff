-- The history of a feed. Nodes of the version before advance the head alone: the last event is known only while its position
-- is the head.
ALTER TABLE feeds ADD COLUMN generation BLOB;
ALTER TABLE feeds ADD COLUMN last_position INTEGER;
ALTER TABLE feeds ADD COLUMN last_event BLOB;
