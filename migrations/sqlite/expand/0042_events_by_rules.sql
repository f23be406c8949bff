-- Rules as originators of events.

-- The rule of the restaurant by which the server acted; NULL where somebody did, and for events of older nodes.
ALTER TABLE events ADD COLUMN by_rule TEXT;
