-- What guests leave goes after a while; the feed keeps its positions.

-- When the guest's words and name were taken out of the order and its events; NULL while they are there.
ALTER TABLE orders ADD COLUMN purged_at INTEGER;
-- When it closed, noted by a purge that found it too young, so that the next batch passes over it. The document is the truth.
ALTER TABLE orders ADD COLUMN closed_at INTEGER;
CREATE INDEX orders_to_purge ON orders (restaurant, id) WHERE NOT is_open AND purged_at IS NULL;

-- Events up to here may have lost words: a cursor before it is answered with a snapshot.
ALTER TABLE feeds ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0;

CREATE INDEX guest_sessions_by_renewal ON sessions (refreshed_at, id) WHERE role = 'diner';
