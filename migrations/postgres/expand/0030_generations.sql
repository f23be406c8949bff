-- The history of a feed. Nodes of the version before advance the head alone: the last event is known only while its position
-- is the head.
ALTER TABLE feeds ADD COLUMN generation UUID;
ALTER TABLE feeds ADD COLUMN last_position BIGINT;
ALTER TABLE feeds ADD COLUMN last_event UUID;
