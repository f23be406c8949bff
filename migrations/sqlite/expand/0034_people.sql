-- People by name.

-- Who on the staff caused an event, and on which paired screen; NULL where nobody is known, and for events of older nodes.
ALTER TABLE events ADD COLUMN by_person BLOB;
ALTER TABLE events ADD COLUMN by_name TEXT;
ALTER TABLE events ADD COLUMN by_screen BLOB;
